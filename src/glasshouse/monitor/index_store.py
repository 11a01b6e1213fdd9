"""The index's tables: which entries are known, where, and who may find what in them.

They are in a file that SQLite creates, unlinks at once, and that is gone when it is closed: no
one else can open it, and nothing is left behind. An entry's number grows with the time by which
a search judges it, so that the newest are found first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import apsw
import msgspec

from glasshouse.model.audience import EVERYTHING, Audience
from glasshouse.model.job import JobState, StoredJob
from glasshouse.monitor.index_texts import TextIndex, moment_and_text
from glasshouse.upstream.scan import ScanChunk, ScanCursor
from glasshouse.wire.lenient import storable

_BITS = 20
LATEST = 8_000_000_000
"""Unix seconds, in the year 2223, up to which entries are distinguished by their times."""
BEYOND = (1 << 63) - 1
"""More than the number of any entry."""
_CACHE_KIB = 32 << 10
_SCHEMA = """
CREATE TABLE entry(id INTEGER PRIMARY KEY, list INTEGER NOT NULL, score REAL NOT NULL,
    token INTEGER NOT NULL, round INTEGER NOT NULL, kind INTEGER NOT NULL,
    jid TEXT, facts TEXT, payload BLOB);
CREATE INDEX entry_place ON entry(list, score, token);
CREATE INDEX entry_jid ON entry(jid) WHERE jid IS NOT NULL;
"""


class IndexedEntry(NamedTuple):
    """An entry of the index: its number, list, place there, and the entry itself if it is held."""

    id: int
    list: int
    spot: ScanCursor


class IndexStore:
    """The index of one server. Not for use from two threads at a time."""

    def __init__(self, audiences: Sequence[Audience] = (EVERYTHING,)) -> None:
        """Create an empty index for these audiences."""
        self._db = apsw.Connection("")
        self._db.pragma("journal_mode", "off")
        self._db.pragma("synchronous", "off")
        self._db.pragma("cache_size", -_CACHE_KIB)
        for statement in _SCHEMA.split(";\n"):
            self._db.execute(statement)
        self._texts = TextIndex(self._db, audiences)
        self._count = int.from_bytes(os.urandom(2))
        self.sizes: dict[int, int] = {}
        """How many entries of each list are known."""

    def close(self) -> None:
        """Remove it."""
        self._db.close()

    def highest(self, number: int) -> float | None:
        """Return the latest time of a list's entries."""
        found = self._db.execute("SELECT max(score) FROM entry WHERE list = ?", (number,)).get
        return None if found is None else float(found)

    def compare(
        self, number: int, stretch: ScanChunk, before: float | None, round_number: int
    ) -> list[ScanCursor]:
        """Drop what is no longer in a chunk, and return the cursors that are new.

        Where a chunk is not exact, entries missing at its edges, or between ``before`` and it, are
        dropped only if they were not seen in the previous round either.
        """
        wanted = {(spot.score, spot.token): spot for spot in stretch.spots}
        low = stretch.low
        if not stretch.exact and low is not None and before is not None:
            low = min(before, low)
        known = self._between(number, low, stretch.high, up_to=not stretch.exact)
        gone: list[int] = []
        seen: list[tuple[int, int]] = []
        for entry, score, token, last_seen in known:
            if wanted.pop((score, token), None) is not None:
                seen.append((round_number, entry))
            elif stretch.exact or _within(score, stretch) or last_seen < round_number - 1:
                gone.append(entry)
        with self._db:
            self._forget(number, gone)
            if not stretch.exact:
                self._db.executemany("UPDATE entry SET round = ? WHERE id = ?", seen)
        return list(wanted.values())

    def replace(self, number: int, jobs: Sequence[StoredJob], spots: Sequence[ScanCursor]) -> None:
        """Replace a list with these jobs, at these places."""
        every = ScanChunk(spots=tuple(spots), low=None, high=None, following=None)
        new = self.compare(number, every, None, 0)
        by_token = dict(zip((spot.token for spot in spots), jobs, strict=True))
        self.add(number, [(spot, by_token[spot.token]) for spot in new], 0, hold=True)

    def add(
        self,
        number: int,
        pairs: Iterable[tuple[ScanCursor, StoredJob]],
        round_number: int,
        *,
        hold: bool,
    ) -> None:
        """Add entries; with ``hold`` they are stored whole."""
        taken: set[int] = set()
        rows: list[tuple[int, ScanCursor, StoredJob, str]] = []
        for spot, job in pairs:
            at, text = moment_and_text(job)
            rows.append((self._number(at, taken), spot, job, text))
        rows.sort(key=lambda row: row[0])
        self.sizes[number] = self.sizes.get(number, 0) + len(rows)
        # Tables are created before the transaction, where they are needed.
        texts = [(entry, self._texts.of(job, text)) for entry, _, job, text in rows]
        with self._db:
            self._db.executemany(
                "INSERT INTO entry VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (entry, number, spot.score, spot.token, round_number, texts_of.kind,
                     *(_columns(job) if hold else (None, None, None)))
                    for (entry, spot, job, _), (_, texts_of) in zip(rows, texts, strict=True)
                ],
            )  # fmt: skip
            self._texts.add(texts)

    def drop(self, number: int) -> None:
        """Drop a whole list."""
        rows = self._db.execute("SELECT id FROM entry WHERE list = ?", (number,))
        entries = [row[0] for row in rows]
        with self._db:
            self._forget(number, entries)

    def candidates(
        self,
        match: str | None,
        *,
        low: int,
        high: int,
        most: int,
        exactly: str | None = None,
        audience: Audience = EVERYTHING,
    ) -> list[IndexedEntry]:
        """Return entries that may match, highest number first, from ``low`` to below ``high``.

        They are matched on what ``audience`` may see of them. For an audience that the index is not
        kept for, all entries may match. ``exactly`` is an id, usable where entries are held: then
        only entries with that id are returned.
        """
        kinds, values = self._texts.kinds_of(audience)
        span = (low, high)
        if exactly is not None:
            return self._selected(
                f"FROM entry WHERE jid = ? AND id >= ? AND id < ? AND {kinds}",
                (storable(exactly), *span, *values, most),
            )
        tables = self._texts.tables_of(audience)
        if match is None or tables is None:
            return self._selected(
                f"FROM entry WHERE id >= ? AND id < ? AND {kinds}", (*span, *values, most)
            )
        rows = [
            known
            for table in tables
            for known in self._selected(
                f"FROM {table} CROSS JOIN entry ON entry.id = {table}.rowid"
                f" WHERE {table} MATCH ? AND {table}.rowid >= ? AND {table}.rowid < ?",
                (match, *span, most),
                order=f"{table}.rowid",
            )
        ]
        if len(tables) > 1:
            rows.sort(key=lambda known: known.id, reverse=True)
        return rows[:most]

    def _selected(
        self, source: str, values: tuple[int | str, ...], *, order: str = "id"
    ) -> list[IndexedEntry]:
        columns = "entry.id, entry.list, entry.score, entry.token, entry.facts, entry.payload"
        rows = self._db.execute(f"SELECT {columns} {source} ORDER BY {order} DESC LIMIT ?", values)
        return [
            IndexedEntry(entry, number, ScanCursor(score, token, _held(facts, payload)))
            for entry, number, score, token, facts, payload in rows
        ]

    def _between(
        self, number: int, low: float | None, high: float | None, *, up_to: bool
    ) -> list[tuple[int, float, int, int]]:
        conditions, values = ["list = ?"], [float(number)]
        if low is not None:
            conditions.append("score >= ?")
            values.append(low)
        if high is not None:
            conditions.append("score <= ?" if up_to else "score < ?")
            values.append(high)
        selected = self._db.execute(
            f"SELECT id, score, token, round FROM entry WHERE {' AND '.join(conditions)}", values
        )
        rows: list[tuple[int, float, int, int]] = list(selected)
        return rows

    def _forget(self, number: int, entries: Sequence[int]) -> None:
        self.sizes[number] = self.sizes.get(number, 0) - len(entries)
        rows = [(entry,) for entry in sorted(entries)]
        kinds = self._db.executemany("SELECT id, kind FROM entry WHERE id = ?", rows)
        self._texts.forget(list(kinds))
        self._db.executemany("DELETE FROM entry WHERE id = ?", rows)

    def _number(self, at: float | None, taken: set[int]) -> int:
        self._count = (self._count + 1) % (1 << _BITS)
        number = number_at(at or 0.0) + self._count
        while number in taken or self._has(number):
            number += 1
        taken.add(number)
        return number

    def _has(self, number: int) -> bool:
        return self._db.execute("SELECT 1 FROM entry WHERE id = ?", (number,)).get is not None


def number_at(seconds: float) -> int:
    """Return the lowest number for entries of this time (Unix seconds, to the millisecond)."""
    inside = min(max(seconds, 0.0), LATEST)
    return int(inside * 1000) << _BITS


def _within(score: float, stretch: ScanChunk) -> bool:
    low, high = stretch.low, stretch.high
    return (low is None or score > low) and (high is None or score < high)


def _columns(job: StoredJob) -> tuple[str, str, bytes]:
    facts = msgspec.structs.asdict(job)
    payload = facts.pop("payload")
    # Names may contain lone surrogates, which this encoder writes as escapes.
    return storable(job.jid), json.dumps(facts), payload


def _held(facts: str | None, payload: bytes | None) -> StoredJob | None:
    if facts is None or payload is None:
        return None
    fields = json.loads(facts)
    return StoredJob(**{**fields, "state": JobState(fields["state"])}, payload=payload)
