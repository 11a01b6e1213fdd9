"""The engine's database on the event loop's thread: its queries, and how it follows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from glasshouse.engine import schema
from glasshouse.engine.batch import COLUMNS, Batch, Position, Row, position, write
from glasshouse.engine.disk import Disk
from glasshouse.engine.migrations import VERSION

_AHEAD, _AHEAD_BYTES = 64, 1 << 20


class Store:
    """The engine's own connection; ``log_pages`` is the length of the write-ahead log."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        """Open the database below ``folder``, creating it if it does not exist.

        Raises:
            StoreError: it cannot be used.
        """
        self.folder = folder
        self.disk = disk or Disk()
        self.log_pages = 0
        self.db = schema.open_writer(folder, vfs=self.disk.vfs, synchronous=self.disk.synchronous)
        self.db.set_wal_hook(self._committed)
        self._many = self.db.executemany
        self._one = self.db.execute

    def _committed(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self.log_pages = pages
        return 0

    # -- writing -------------------------------------------------------------

    def write(self, batch: Batch, applied: int) -> None:
        """Write ``batch`` in one transaction; it brings the database to record ``applied``.

        Raises:
            apsw.Error: nothing of it was written.
        """
        write(self.db, batch, applied)

    def prove(self) -> None:
        """Write something although nothing is new.

        When a log starts over, SQLite syncs its header with the first commit:
        after that, the next commit does not wait for the disk.

        Raises:
            apsw.Error: it cannot be written.
        """
        # If this were a row, SQLite would not write an unchanged value again.
        self.db.pragma("user_version", VERSION)

    def needs_journal(self, since: int) -> None:
        """Note that the journal which began with record ``since`` may hold more than the database.

        0: it does not; the next start requires none.

        Raises:
            apsw.Error: it cannot be written.
        """
        self.db.execute("UPDATE journal SET since = ?", (since,))

    def no_room(self, error: Exception) -> bool:
        """Return whether ``error``, just raised, means that the disk is full, not failing."""
        return schema.no_room(error, self.db)

    def fold(self) -> None:
        """Fold the rest of the log into the database, so that the log starts over."""
        with contextlib.suppress(apsw.Error):  # a reader may hold it; the next time will do
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        """Close the database, folding the log into it."""
        self.db.close()

    # -- reading -------------------------------------------------------------

    def position(self) -> Position:
        """Return the position of the database."""
        return position(self.db)

    def row(self, job_id: int) -> Row | None:
        """Return one job, or ``None`` if it is not there."""
        row = self._one(
            f"SELECT {COLUMNS}, payload FROM job WHERE id = ?",
            (job_id,),
        ).fetchone()
        return None if row is None else Row(*row)

    def ahead(self, queue: str, job_id: int) -> list[Row]:
        """Return a job of a queue and those after it, up to a few dozen or a megabyte."""
        row = self._one(
            f"SELECT {COLUMNS}, payload FROM job WHERE state = 1 AND queue = ?"
            " AND score >= (SELECT score FROM job WHERE id = ?) ORDER BY score LIMIT ?",
            (queue, job_id, _AHEAD),
        )
        rows, size = [], 0
        for values in row:
            rows.append(Row(*values))
            size += len(rows[-1].payload)
            if size > _AHEAD_BYTES:
                break
        return rows

    def due(self, state: int, until: float, limit: int) -> list[int]:
        """Return ids of due jobs in a set, soonest first."""
        rows = self._one(
            "SELECT id FROM job WHERE state = ? AND state > 1 AND score <= ?"
            " ORDER BY score, id LIMIT ?",
            (state, until, limit),
        )
        return [job_id for (job_id,) in rows]

    def ids(self, state: int, after: tuple[float, int], limit: int) -> list[tuple[float, int]]:
        """Return (score, id) of the jobs in a set that follow ``after``, in its order."""
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
        selected = self._one(
            f"SELECT {COLUMNS}, payload FROM job WHERE state = 5 AND state > 1"
            " ORDER BY reserved_at, id"
        )
        return [Row(*row) for row in selected]

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

    def last_act(self) -> int:
        """Return the number of the newest act; 0 when there is none."""
        return int(self._one("SELECT coalesce(max(n), 0) FROM act").get)

    def act(self, act_id: str, step: int) -> bytes | None:
        """Return the result of an act, or ``None`` when it was not done."""
        selected = self._one("SELECT result FROM act WHERE id = ? AND step = ?", (act_id, step))
        row = selected.fetchone()
        return None if row is None else bytes(row[0])

    def finished_ids(self) -> tuple[int, int]:
        """Return the lowest and the highest id of the finished log; (1, 0) when it is empty."""
        # Queried separately, each is one index step; together they are a scan of the log.
        low = self._one("SELECT coalesce(min(id), 1) FROM finished").get
        high = self._one("SELECT coalesce(max(id), 0) FROM finished").get
        return int(low), int(high)

    def finished_before(self, time: float, *, most: int) -> int:
        """Return the highest id of the ``most`` oldest that ended before ``time``, or 0."""
        row = self._one(
            "SELECT coalesce(max(id), 0) FROM (SELECT id, finished_at FROM finished"
            " ORDER BY id LIMIT ?) WHERE finished_at < ?",
            (most, time),
        )
        return int(row.get)
