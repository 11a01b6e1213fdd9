"""Rows in and out of SQLite, on the event loop's thread.

A ``Batch`` is plain data: the final state of every job that changed since the
last one. It is written in one transaction or not at all; it is durable after
the next sync (``sync.py``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec

from glasshouse.engine import schema
from glasshouse.engine.sync import Disk

_COLUMNS = (
    "id, state, score, queue, jid, jobtype, retry, reserve_for, enqueued_at, wid, reserved_at"
)
_INSERT = f"INSERT INTO job ({_COLUMNS}, payload) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
_MOVE = (
    "UPDATE job SET state = ?, score = ?, enqueued_at = ?, wid = ?, reserved_at = ? WHERE id = ?"
)
_REWRITE = (
    "UPDATE job SET state = ?, score = ?, enqueued_at = ?, wid = ?, reserved_at = ?, payload = ?"
    " WHERE id = ?"
)
_FINISH = "INSERT INTO finished VALUES (?,?,?,?,?,?,?,?,?,?)"
_QUEUE = (
    "INSERT INTO queue VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET size = excluded.size, paused = excluded.paused"
)
_AHEAD = 64


class Row(msgspec.Struct, gc=False):
    """A job in memory; ``stored`` once a batch holds it, ``rewritten`` if its payload changed."""

    id: int
    state: int
    score: float
    queue: str
    jid: str
    jobtype: str
    retry: int
    reserve_for: int
    enqueued_at: float | None
    wid: str | None
    reserved_at: float | None
    payload: bytes
    stored: bool = True
    rewritten: bool = False


class Batch(msgspec.Struct):
    """Everything that one transaction writes."""

    inserts: list[tuple[object, ...]] = []
    moves: list[tuple[object, ...]] = []
    rewrites: list[tuple[object, ...]] = []
    deletes: list[tuple[int]] = []
    finished: list[tuple[object, ...]] = []
    forget_finished: int = 0
    queues: list[tuple[str, int, bool]] = []
    dropped_queues: list[tuple[str]] = []
    tallies: list[tuple[str, int]] = []
    parameters: list[tuple[str, float]] = []
    flush: bool = False


def add_row(batch: Batch, row: Row) -> None:
    """Put the present state of ``row`` into ``batch``."""
    if not row.stored:
        batch.inserts.append(
            (row.id, row.state, row.score, row.queue, row.jid, row.jobtype, row.retry,
             row.reserve_for, row.enqueued_at, row.wid, row.reserved_at, row.payload)
        )  # fmt: skip
    elif row.rewritten:
        batch.rewrites.append(
            (row.state, row.score, row.enqueued_at, row.wid, row.reserved_at, row.payload, row.id)
        )
    else:
        batch.moves.append(
            (row.state, row.score, row.enqueued_at, row.wid, row.reserved_at, row.id)
        )


class Store:
    """The engine's own connection; ``log_pages`` is the length of the write-ahead log."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        """Open the database below ``folder``, making it if it is not there.

        Raises:
            StoreError: it cannot be used.
        """
        self.folder = folder
        self.disk = disk or Disk()
        self.log_pages = 0
        self._db = schema.open_writer(folder, vfs=self.disk.vfs, synchronous=self.disk.synchronous)
        self._db.set_wal_hook(self._committed)
        self._many = self._db.executemany
        self._one = self._db.execute

    def _committed(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self.log_pages = pages
        return 0

    # -- writing -------------------------------------------------------------

    def write(self, batch: Batch) -> None:
        """Write ``batch`` in one transaction.

        Raises:
            apsw.Error: nothing of it was written.
        """
        self._one("BEGIN IMMEDIATE")
        try:
            self._fill(batch)
            self._one("COMMIT")
        except BaseException:
            with contextlib.suppress(apsw.Error):  # SQLite may have rolled back by itself
                self._one("ROLLBACK")
            raise

    def _fill(self, batch: Batch) -> None:
        if batch.flush:
            self._one("DELETE FROM job; DELETE FROM queue; DELETE FROM tally; DELETE FROM finished")
        for statement, rows in (
            ("DELETE FROM job WHERE id = ?", batch.deletes),
            (_INSERT, batch.inserts),
            (_MOVE, batch.moves),
            (_REWRITE, batch.rewrites),
            (_FINISH, batch.finished),
            (_QUEUE, batch.queues),
            ("DELETE FROM queue WHERE name = ?", batch.dropped_queues),
            ("INSERT OR REPLACE INTO tally VALUES (?, ?)", batch.tallies),
            ("INSERT OR REPLACE INTO parameter VALUES (?, ?)", batch.parameters),
        ):
            if rows:
                self._many(statement, rows)
        if batch.forget_finished:
            self._one("DELETE FROM finished WHERE id <= ?", (batch.forget_finished,))

    def probe(self) -> None:
        """Write and commit something small, to see whether the disk takes it.

        Raises:
            apsw.Error: it does not.
        """
        self._one("INSERT OR REPLACE INTO tally VALUES ('probe:', 1)")

    def no_room(self, error: apsw.Error) -> bool:
        """Tell whether ``error``, just raised, means that the disk is full, not that it failed."""
        return schema.no_room(error, self._db)

    def fold(self) -> None:
        """Fold the rest of the log into the database, so that the log starts anew."""
        with contextlib.suppress(apsw.Error):  # a reader may hold it; the next time will do
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        """Close the database, folding the log into it."""
        self._db.close()

    # -- reading -------------------------------------------------------------

    def row(self, job_id: int) -> Row | None:
        """Return one job, or ``None`` if it is not there."""
        found = self._one(
            f"SELECT {_COLUMNS}, payload FROM job WHERE id = ?",
            (job_id,),
        ).fetchone()
        return None if found is None else Row(*found)

    def ahead(self, queue: str, job_id: int) -> list[Row]:
        """Return a job of a queue and those that follow it there, a few dozen."""
        found = self._one(
            f"SELECT {_COLUMNS}, payload FROM job WHERE state = 1 AND queue = ?"
            " AND score >= (SELECT score FROM job WHERE id = ?) ORDER BY score LIMIT ?",
            (queue, job_id, _AHEAD),
        )
        return [Row(*values) for values in found]

    def due(self, state: int, until: float, limit: int) -> list[int]:
        """Return ids of a set whose time has come, soonest first."""
        rows = self._one(
            "SELECT id FROM job WHERE state = ? AND state > 1 AND score <= ?"
            " ORDER BY score, id LIMIT ?",
            (state, until, limit),
        )
        return [job_id for (job_id,) in rows]

    def ids(self, state: int, after: tuple[float, int], limit: int) -> list[tuple[float, int]]:
        """Return (score, id) of a set in its order, those that follow ``after``."""
        rows = self._one(
            "SELECT score, id FROM job WHERE state = ? AND state > 1 AND (score, id) > (?, ?)"
            " ORDER BY score, id LIMIT ?",
            (state, *after, limit),
        )
        return [(float(score), int(job_id)) for score, job_id in rows]

    def enqueued(self) -> Iterator[tuple[str, int]]:
        """Yield (queue, id) of every waiting job, in order within each queue."""
        yield from self._one("SELECT queue, id FROM job WHERE state = 1 ORDER BY queue, score")

    def working(self) -> list[Row]:
        """Return every reserved job, in the order of reservation."""
        found = self._one(
            f"SELECT {_COLUMNS}, payload FROM job WHERE state = 5 ORDER BY reserved_at, id"
        )
        return [Row(*row) for row in found]

    def queues(self) -> list[tuple[str, bool]]:
        """Return (name, paused) of every known queue."""
        return [(name, bool(p)) for name, p in self._one("SELECT name, paused FROM queue")]

    def tallies(self) -> dict[str, int]:
        """Return the persistent counters."""
        return {str(name): int(str(n)) for name, n in self._one("SELECT name, value FROM tally")}

    def parameters(self) -> dict[str, float]:
        """Return the run-time parameters that have been set."""
        return {str(name): float(v) for name, v in self._one("SELECT name, value FROM parameter")}

    def count(self, state: int) -> int:
        """Return how many jobs a set holds."""
        return int(
            self._one("SELECT count(*) FROM job WHERE state = ? AND state > 1", (state,)).get
        )

    def last_ids(self) -> tuple[int, int]:
        """Return the highest job id and the highest enqueue sequence."""
        job_id = self._one("SELECT coalesce(max(id), 0) FROM job").get
        order = self._one("SELECT coalesce(max(score), 0) FROM job WHERE state = 1").get
        return int(job_id), int(order)

    def finished_ids(self) -> tuple[int, int]:
        """Return the lowest and the highest id of the finished log; (1, 0) when it is empty."""
        low, high = self._one("SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM finished").get
        return int(low), int(high)

    def finished_before(self, time: float, *, most: int) -> int:
        """Return the highest id of the ``most`` oldest that ended before ``time``, or 0."""
        found = self._one(
            "SELECT coalesce(max(id), 0) FROM (SELECT id, finished_at FROM finished"
            " ORDER BY id LIMIT ?) WHERE finished_at < ?",
            (most, time),
        )
        return int(found.get)
