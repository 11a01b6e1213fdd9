"""The embedded server's jobs for an index: keys in large steps, payloads only of new entries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import apsw

from glasshouse.engine import schema
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream.embedded_db import ReadThread
from glasshouse.upstream.reader import no_queue
from glasshouse.upstream.scan import ScanChunk, ScanCursor

_STEP = 4000


class EmbeddedScanner:
    """A ``Scanner`` of the engine that runs on a data folder of this machine."""

    keeps = True
    unhurried = 5.0
    heads = 2.0
    queues = 50
    head = 1000

    def __init__(self, data: Path) -> None:
        """Read below ``data``; nothing is opened before the first read."""
        self._thread = ReadThread(data, "read-index")

    async def stretch(self, name: JobSet, start: float | None) -> ScanChunk:
        """Return the keys of one chunk."""
        number = schema.STATE_NUMBERS[JobState(name.value)]
        return await self._thread.run(lambda db: _stretch(db, number, start))

    def end(self, total: int, highest: float | None) -> float | None:
        """Return the latest time: anything appended comes after it."""
        return highest

    async def load(self, spots: Sequence[ScanCursor]) -> dict[int, StoredJob]:
        """Return the jobs with these numbers."""
        keys = [(spot.score, spot.token) for spot in spots]
        return await self._thread.run(lambda db: lists.numbered_rows(db, keys))

    def note(self, jobs: Sequence[StoredJob]) -> None:
        """Do nothing: the reader finds every id on its own."""

    async def queue_head(self, queue: str) -> tuple[StoredJob, ...]:
        """Return the next jobs of a queue."""
        return await self._thread.run(lambda db: _head(db, lists.queue_scope(db, queue), queue))

    async def running(self) -> tuple[StoredJob, ...]:
        """Return the running jobs."""
        return await self._thread.run(
            lambda db: _head(db, lists.set_scope(db, JobState.WORKING), "")
        )

    async def close(self) -> None:
        """Close the database."""
        await self._thread.close()


def _stretch(db: apsw.Connection, state: int, start: float | None) -> ScanChunk:
    # Entries with the same time stay together: the step ends where the time changes, or at the end.
    selected = db.execute(
        "SELECT score, id FROM job WHERE state = ? AND state > 1 AND score >= ?"
        " ORDER BY score, id LIMIT ?",
        (state, -math.inf if start is None else start, _STEP),
    )
    rows = list(selected)
    high: float | None = None
    if len(rows) == _STEP:
        high = rows[-1][0]
        if rows[0][0] == high:
            same = db.execute(
                "SELECT score, id FROM job WHERE state = ? AND state > 1 AND score = ?",
                (state, high),
            )
            rows = list(same)
            later = db.execute(
                "SELECT min(score) FROM job WHERE state = ? AND state > 1 AND score > ?",
                (state, high),
            )
            high = later.get
        else:
            rows = [row for row in rows if row[0] < high]
    spots = tuple(ScanCursor(score, number) for score, number in rows)
    return ScanChunk(spots=spots, low=start, high=high, following=high)


def _head(db: apsw.Connection, scope: lists.ListScope | None, queue: str) -> tuple[StoredJob, ...]:
    if scope is None:
        raise no_queue(queue)
    return tuple(lists.rows_of(db, lists.head(db, scope, EmbeddedScanner.head)))
