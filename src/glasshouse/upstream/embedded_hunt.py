"""The two ways of a search through the embedded server: along a list, and across the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import apsw

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import Place
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream.embedded_likely import likely
from glasshouse.upstream.embedded_lists import Key, Scope
from glasshouse.wire.matching import matches

FIRST, _MOST = 200, 20_000
_SHORT, _LONG = 0.02, 0.05


class Hunt:
    """One search on its way down a list, piece by piece."""

    def __init__(
        self,
        db: apsw.Connection,
        scope: Scope,
        wanted: JobQuery,
        most: int,
        clock: Callable[[], float],
    ) -> None:
        self.db = db
        self.scope = scope
        self.wanted = wanted
        self.most = most
        self.clock = clock
        self.likely = likely(wanted)
        self.found: list[StoredJob] = []
        self.looked_at = 0

    def walk(self, start: Place | None, seconds: float) -> Place | None:
        """Look from ``start`` on; return where to go on, or ``None`` at the end of the list."""
        until = self.clock() + seconds
        size = FIRST
        while True:
            begun = self.clock()
            keys = self._piece(start, size)
            ended = len(keys) <= size
            stop = self._look(keys if ended else keys[:-1])
            if stop is not None:
                return stop
            if ended:
                return None
            start = Place(*keys[-1])
            now = self.clock()
            if now >= until:
                return start
            size = next_size(size, now - begun)

    def _piece(self, start: Place | None, size: int) -> list[Key]:
        """Return the keys of the next entries, and one more that begins the piece after."""
        if start is None:
            return lists.head(self.db, self.scope, size + 1)
        return lists.keys_beside(self.db, self.scope, start, size + 1)

    def _look(self, keys: list[Key]) -> Place | None:
        """Look at these entries; return the next match's place when the page is full."""
        if not keys:
            return None
        condition, values = self.likely
        first, last = sorted((keys[0], keys[-1]))
        # The plain bounds are what SQLite walks its index by.
        bounds = "score BETWEEN ? AND ? AND (score, id) >= (?, ?) AND (score, id) <= (?, ?)"
        found = self.db.execute(
            f"SELECT {lists.COLUMNS} FROM job"
            f" WHERE {self.scope.where} AND {bounds} AND {condition}"
            f" ORDER BY {self.scope.ordered}",
            (*self.scope.values, first[0], last[0], *first, *last, *values),
        )
        for number, *row in found:
            job = lists.stored(*row)
            if not matches(self.wanted, job):
                continue
            if len(self.found) == self.most:
                self.looked_at += keys.index((row[1], number))
                return Place(row[1], number)
            self.found.append(job)
        self.looked_at += len(keys)
        return None


class Swept(NamedTuple):
    """A sweep that came to its end; ``next`` is the match after those on the page."""

    next: Place | None


def sweep(hunt: Hunt, start: Place, seconds: float) -> Swept | None:
    """Look through the whole file for the matches from ``start`` on; add the first to the hunt's.

    ``None`` means that the time ran out: nothing was added.
    """
    room = hunt.most - len(hunt.found) + 1
    until = hunt.clock() + seconds
    low, high = _numbers(hunt.db)
    best: list[tuple[Key, StoredJob]] = []
    size = FIRST
    while low <= high:
        begun = hunt.clock()
        if begun >= until:
            return None
        best += _swept_piece(hunt, start, low, low + size - 1)
        if len(best) > room:
            best.sort(key=lambda hit: hit[0], reverse=hunt.scope.descending)
            del best[room:]
        low += size
        size = next_size(size, hunt.clock() - begun)
    best.sort(key=lambda hit: hit[0], reverse=hunt.scope.descending)
    hunt.found += [job for _, job in best[: room - 1]]
    return Swept(Place(*best[room - 1][0]) if len(best) == room else None)


def _swept_piece(hunt: Hunt, start: Place, low: int, high: int) -> list[tuple[Key, StoredJob]]:
    """Return the matches among the entries of the list with these numbers."""
    side, bound = lists.side(hunt.scope, start, before=False)
    condition, values = hunt.likely
    found = hunt.db.execute(
        f"SELECT {lists.COLUMNS} FROM job NOT INDEXED WHERE id BETWEEN ? AND ?"
        f" AND {hunt.scope.where} AND {side} AND {condition}",
        (low, high, *hunt.scope.values, *bound, *values),
    )
    hits = [((row[2], row[0]), lists.stored(*row[1:])) for row in found]
    return [(key, job) for key, job in hits if matches(hunt.wanted, job)]


def _numbers(db: apsw.Connection) -> tuple[int, int]:
    # Asked for apart, each is one step of the index; together they are a scan.
    low = db.execute("SELECT coalesce(min(id), 1) FROM job").get
    high = db.execute("SELECT coalesce(max(id), 0) FROM job").get
    return int(low), int(high)


def next_size(size: int, took: float) -> int:
    """Return how many entries the next piece has, so that it takes about 20 to 50 ms."""
    if took < _SHORT:
        return min(_MOST, size * 2)
    return max(1, size // 2) if took > _LONG else size
