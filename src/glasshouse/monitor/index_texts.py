"""Who can find which text of an entry: a trigram index for each group of audiences.

Invariant: a search for an audience reads only tables of texts that this audience may see.
Neither hidden values nor jobs of queues that may not be seen are in them, so the duration of
a search reveals nothing about these. A text that several audiences see is stored once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import apsw

from glasshouse.model import name_patterns
from glasshouse.model.audience import Audience
from glasshouse.model.job import StoredJob
from glasshouse.model.redaction import Redaction
from glasshouse.wire import matching, trigrams
from glasshouse.wire.masking import masked

_MOST = 64
"""Groups of audiences that have a table; beyond that, each audience has its own."""
_QUEUES, _SHORT = 4096, 100
"""Queues for which the audiences are cached, and the maximum length of their names."""
_SCHEMA = """
CREATE VIRTUAL TABLE {} USING fts5(text, content='', contentless_delete=1, detail=none,
    tokenize='trigram case_sensitive 1')
"""

Group = frozenset[int]
"""Audiences, by their numbers, that see the same text."""


class _Seeing(NamedTuple):
    """The audiences that see a queue: by what is hidden from them, and all together."""

    by_rules: tuple[tuple[tuple[Redaction, ...], Group], ...]
    everybody: Group


class EntryTexts(NamedTuple):
    """The texts of one entry; ``kind`` says which tables they are in."""

    kind: int
    texts: tuple[tuple[str, str], ...]
    """Table and text of each."""


class TextIndex:
    """The tables of one index. Not for use from two threads at a time."""

    def __init__(self, db: apsw.Connection, audiences: Sequence[Audience]) -> None:
        """Keep them in ``db`` for ``audiences``."""
        self._db = db
        self._numbers = {audience: number for number, audience in enumerate(audiences)}
        self._by_rules: dict[tuple[Redaction, ...], list[tuple[int, Audience]]] = {}
        for audience, number in self._numbers.items():
            self._by_rules.setdefault(audience.hidden, []).append((number, audience))
        self._seeing: dict[str, _Seeing] = {}
        self._whole: dict[Group, tuple[int, tuple[str, ...]]] = {}
        self._tables: dict[Group, str] = {}
        self._kinds: dict[tuple[Group, ...], int] = {}

    def of(self, job: StoredJob, whole: str) -> EntryTexts:
        """Return the texts of an entry, each for those who see it in that form.

        ``whole`` is the text of the job itself, for those from whom nothing is hidden.
        """
        seeing, everybody = self._audiences_of(job.queue)
        shown = [masked(job, rules) if rules else job for rules, _ in seeing]
        if all(one is job for one in shown):
            # Most jobs have nothing to hide: then everyone sees exactly the same.
            kind, tables = self._whole_for(everybody)
            return EntryTexts(kind, tuple((table, whole) for table in tables))
        seen: dict[str, set[int]] = {}
        for one, (_, who) in zip(shown, seeing, strict=True):
            seen.setdefault(whole if one is job else moment_and_text(one)[1], set()).update(who)
        texts = {self._group(frozenset(who)): text for text, who in seen.items()}
        groups = {part: text for group, text in texts.items() for part in group}
        return EntryTexts(
            self._kind(groups),
            tuple((self._tables[group], text) for group, text in groups.items()),
        )

    def add(self, entries: Iterable[tuple[int, EntryTexts]]) -> None:
        """Add the texts of entries, in ascending order of their numbers."""
        rows: dict[str, list[tuple[int, str]]] = {}
        for entry, one in entries:
            for table, text in one.texts:
                rows.setdefault(table, []).append((entry, text))
        for table, some in rows.items():
            self._db.executemany(f"INSERT INTO {table}(rowid, text) VALUES(?, ?)", some)

    def forget(self, entries: Sequence[tuple[int, int]]) -> None:
        """Delete the texts of entries, each given with its kind."""
        groups = list(self._kinds)
        rows: dict[str, list[tuple[int]]] = {}
        for entry, kind in entries:
            for group in groups[kind]:
                rows.setdefault(self._tables[group], []).append((entry,))
        for table, some in rows.items():
            self._db.executemany(f"DELETE FROM {table} WHERE rowid = ?", some)

    def tables_of(self, audience: Audience) -> list[str] | None:
        """Return the tables of everything an audience sees; ``None`` when it has none."""
        number = self._numbers.get(audience)
        if number is None:
            return None
        return [table for group, table in self._tables.items() if number in group]

    def kinds_of(self, audience: Audience) -> tuple[str, tuple[int, ...]]:
        """Return the condition for the entries of which an audience sees anything."""
        number = self._numbers.get(audience)
        if number is None or audience.shown is None:
            return "1", ()
        kinds = [
            kind for groups, kind in self._kinds.items() if any(number in group for group in groups)
        ]
        return f"kind IN ({', '.join('?' * len(kinds))})", tuple(kinds)

    def _audiences_of(self, queue: str) -> _Seeing:
        """Return the audiences that see a queue."""
        seeing = self._seeing.get(queue)
        if seeing is None:
            groups = (
                (rules, frozenset(number for number, one in members if _shows(one, queue)))
                for rules, members in self._by_rules.items()
            )
            by_rules = tuple((rules, who) for rules, who in groups if who)
            seeing = _Seeing(by_rules, frozenset().union(*(who for _, who in by_rules)))
            if len(self._seeing) >= _QUEUES:
                self._seeing.clear()
            if len(queue) <= _SHORT:
                self._seeing[queue] = seeing
        return seeing

    def _whole_for(self, who: Group) -> tuple[int, tuple[str, ...]]:
        """Return the kind and the tables of entries that these audiences see whole."""
        if who not in self._whole:
            groups = self._group(who) if who else ()
            self._whole[who] = self._kind(groups), tuple(self._tables[part] for part in groups)
        return self._whole[who]

    def _kind(self, groups: Iterable[Group]) -> int:
        return self._kinds.setdefault(tuple(sorted(groups, key=sorted)), len(self._kinds))

    def _group(self, who: Group) -> tuple[Group, ...]:
        """Return the groups that have tables and together make up ``who``."""
        parts: tuple[Group, ...] = (who,)
        if who not in self._tables and len(self._tables) >= _MOST:
            parts = tuple(frozenset({number}) for number in sorted(who))
        for part in parts:
            if part not in self._tables:
                self._tables[part] = f"piece_{len(self._tables)}"
                self._db.execute(_SCHEMA.format(self._tables[part]))
        return parts


def moment_and_text(job: StoredJob) -> tuple[float | None, str]:
    """Return the time by which a search judges an entry, and the text that it is found by."""
    at, text = matching.moment_and_searchable(job, trigrams.MOST)
    return at, trigrams.marked(text)


def _shows(audience: Audience, queue: str) -> bool:
    return audience.shown is None or name_patterns.within(audience.shown, queue)
