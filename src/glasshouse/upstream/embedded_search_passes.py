"""The two ways to search the embedded server: along a list, and across the file.

Both proceed in pieces; between two pieces others have their turn. A piece ends on time: SQLite
is interrupted in the middle of it, and so is the examination of a payload. What was examined
until then is not examined again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import apsw

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import ListPosition
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream.deadline import Deadline, DeadlineError
from glasshouse.upstream.embedded_lists import Key, ListScope
from glasshouse.upstream.embedded_prefilter import likely

FIRST, _MOST, _MOST_OF_FILE = 200, 20_000, 60_000
_SHORT, _LONG = 0.02, 0.05
_STOPPED = 0.1
"""Seconds after which a piece is stopped wherever it is."""
_STEPS = 400
"""Steps of SQLite, some dozens of entries, between two checks of the clock."""
_QUICK, _QUICK_STEPS = 5_000, 2_000
"""Entries of a piece that were quick so far, and steps between two checks of the clock then.

Each check waits for the interpreter's lock, which others hold for milliseconds.
"""
_LESS = 8
_MOSTLY = 0.1

Hit = tuple[Key, StoredJob]


class ListPass:
    """One search on its way down a list; ``deadline`` is when all of it ends."""

    def __init__(
        self,
        scope: ListScope,
        wanted: JobQuery,
        most: int,
        start: ListPosition | None,
        deadline: Deadline,
    ) -> None:
        """Look for up to ``most`` entries that match, from ``start`` on."""
        self.scope = scope
        self.most = most
        self.deadline = deadline
        self.found: list[tuple[int, StoredJob]] = []
        self.looked_at = 0
        self.skipped = 0
        """Entries that each take more than all the available time."""
        self.at = start
        """Where to continue; ``None`` before the first entry, and when ``ended``."""
        self.ended = False
        self.full = False
        """Whether there is one more match, at ``at``, than there is room for."""
        self._wanted = wanted
        self._likely = likely(wanted)
        self._opened = 0
        self._size = FIRST

    @property
    def mostly_opened(self) -> bool:
        """Whether SQLite could exclude only few: then reading is the least of the work."""
        return self._opened > self.looked_at * _MOSTLY

    def walk(self, db: apsw.Connection) -> None:
        """Search one piece of the list."""
        piece = self.deadline.part(_STOPPED)
        begun = piece.now()
        keys = self._keys(db)
        last = len(keys) <= self._size
        here = keys if last else keys[:-1]
        known = {key: position for position, key in enumerate(here)}
        done = 0
        try:
            with stopping(db, piece, len(here)):
                for key, job in self._likely_ones(db, here):
                    done = known[key]
                    self._opened += 1
                    if self._matches(job, first=not self.looked_at + done) and self._full(key, job):
                        self.looked_at += done
                        return
                    done += 1
                    piece.check()
        except DeadlineError:
            self._stopped(keys, done)
            return
        self.looked_at += len(here)
        self.ended, self.at = last, None if last else ListPosition(*keys[-1])
        self._size = next_size(self._size, piece.now() - begun)

    def _full(self, key: Key, job: StoredJob) -> bool:
        """Add a match; return whether there was no room for it."""
        if len(self.found) == self.most:
            self.at, self.full = ListPosition(*key), True
            return True
        self.found.append((key[1], job))
        return False

    def _stopped(self, keys: list[Key], done: int) -> None:
        """Keep the part of a piece that was examined; if there was none, a smaller piece is next.

        What SQLite excluded after the last entry that it returned is examined again.
        """
        self.looked_at += done
        self._size = max(1, min(self._size, len(keys)) // _LESS)
        if done == len(keys):
            self.ended, self.at = True, None
        elif done:
            self.at = ListPosition(*keys[done])

    def _matches(self, job: StoredJob, *, first: bool) -> bool:
        """Return whether an entry matches.

        Raises:
            DeadlineError: the time ran out within it. The first of a search is then passed over,
                so that the next search does not end there too.
        """
        try:
            return self.deadline.matches(self._wanted, job)
        except DeadlineError:
            if not first:
                raise
            self.skipped += 1
            return False

    def _keys(self, db: apsw.Connection) -> list[Key]:
        """Return the keys of the next entries, and one more that begins the following piece."""
        if self.at is None:
            return lists.head(db, self.scope, self._size + 1)
        return lists.keys_beside(db, self.scope, self.at, self._size + 1)

    def _likely_ones(self, db: apsw.Connection, keys: list[Key]) -> Iterator[Hit]:
        """Yield those of the entries with these keys that may match, in the list's order."""
        if not keys:
            return
        condition, values = self._likely
        first, last = sorted((keys[0], keys[-1]))
        # The plain bounds are what SQLite uses to walk its index.
        bounds = "score BETWEEN ? AND ? AND (score, id) >= (?, ?) AND (score, id) <= (?, ?)"
        rows = db.execute(
            f"SELECT {lists.COLUMNS} FROM job"
            f" WHERE {self.scope.where} AND {bounds} AND {condition}"
            f" ORDER BY {self.scope.ordered}",
            (*self.scope.values, first[0], last[0], *first, *last, *values),
        )
        for number, *row in rows:
            yield (row[1], number), lists.stored(*row)

    def sweep(self) -> FilePass:
        """Return a sweep for the matches that have not been walked past."""
        assert self.at is not None
        return FilePass(self, self.at, self._wanted, self._likely)


class FilePass:
    """A pass through the whole file for the matches from a given place on."""

    def __init__(
        self,
        hunt: ListPass,
        start: ListPosition,
        wanted: JobQuery,
        condition: tuple[str, tuple[str | bytes, ...]],
    ) -> None:
        self._hunt = hunt
        self._start = start
        self._wanted = wanted
        self._likely = condition
        self._room = hunt.most - len(hunt.found) + 1
        self._best: list[Hit] = []
        self._low: int | None = None
        self._size = FIRST
        self.ended = False

    def piece(self, db: apsw.Connection) -> None:
        """Search one piece of the file.

        Raises:
            DeadlineError: the time of the search ran out within a payload.
        """
        piece = self._hunt.deadline.part(_STOPPED)
        begun = piece.now()
        low, high = _numbers(db)
        low = low if self._low is None else self._low
        if low > high:
            self._end()
            return
        beyond = min(low + self._size, high + 1)
        hits: list[Hit] = []
        try:
            with stopping(db, piece, self._size):
                for key, job in self._likely_ones(db, low, beyond - 1):
                    low = key[1]
                    if self._hunt.deadline.matches(self._wanted, job):
                        hits.append((key, job))
                    low += 1
                    piece.check()
        except DeadlineError:
            if self._hunt.deadline.over():
                raise
            self._size = max(1, self._size // _LESS)
        else:
            low = beyond
            self._size = next_size(self._size, piece.now() - begun, _MOST_OF_FILE)
        self._low = low
        self._keep(hits)

    def _likely_ones(self, db: apsw.Connection, low: int, high: int) -> Iterator[Hit]:
        scope = self._hunt.scope
        side, bound = lists.side(scope, self._start, before=False)
        condition, values = self._likely
        rows = db.execute(
            f"SELECT {lists.COLUMNS} FROM job NOT INDEXED WHERE id BETWEEN ? AND ?"
            f" AND {scope.where} AND {side} AND {condition} ORDER BY id",
            (low, high, *scope.values, *bound, *values),
        )
        for number, *row in rows:
            yield (row[1], number), lists.stored(*row)

    def _keep(self, hits: list[Hit]) -> None:
        self._best += hits
        if len(self._best) > self._room:
            self._sort()
            del self._best[self._room :]

    def _sort(self) -> None:
        self._best.sort(key=lambda hit: hit[0], reverse=self._hunt.scope.descending)

    def _end(self) -> None:
        """Add the first of the matches to the hunt."""
        self._sort()
        hunt = self._hunt
        hunt.found += [(key[1], job) for key, job in self._best[: self._room - 1]]
        hunt.full = len(self._best) == self._room
        hunt.at = ListPosition(*self._best[-1][0]) if hunt.full else None
        hunt.ended = not hunt.full
        self.ended = True


@contextlib.contextmanager
def stopping(db: apsw.Connection, piece: Deadline, size: int) -> Iterator[None]:
    """Interrupt SQLite in the block when ``piece`` is over, unless it reads one entry alone.

    ``size`` is the number of entries that it reads.

    Raises:
        DeadlineError: it was interrupted.
    """
    steps = _QUICK_STEPS if size > _QUICK else _STEPS
    db.set_progress_handler(None if size == 1 else piece.over, steps)
    try:
        yield
    except apsw.InterruptError as error:
        raise DeadlineError from error
    finally:
        db.set_progress_handler(None)


def _numbers(db: apsw.Connection) -> tuple[int, int]:
    # Queried separately, each is one step of the index; together they are a scan.
    low = db.execute("SELECT coalesce(min(id), 1) FROM job").get
    high = db.execute("SELECT coalesce(max(id), 0) FROM job").get
    return int(low), int(high)


def next_size(size: int, took: float, most: int = _MOST) -> int:
    """Return the number of entries in the next piece, so that it takes about 20 to 50 ms."""
    if took < _SHORT:
        return min(most, size * 2)
    return max(1, size // 2) if took > _LONG else size
