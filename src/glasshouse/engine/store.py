"""Rows in and out of SQLite; one object for the writing thread, one for reading.

A ``Batch`` is plain data: the final state of every job that changed since the
last one. It is written in one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec

from glasshouse.engine import schema

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


class Row(msgspec.Struct):
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
    queues: list[tuple[str, int, bool]] = []
    dropped_queues: list[tuple[str]] = []
    tallies: list[tuple[str, int]] = []
    flush: bool = False


def add_row(batch: Batch, row: Row) -> None:
    """Put the present state of ``row`` into ``batch``."""
    facts = (row.state, row.score)
    if not row.stored:
        batch.inserts.append(
            (row.id, *facts, row.queue, row.jid, row.jobtype, row.retry, row.reserve_for,
             row.enqueued_at, row.wid, row.reserved_at, row.payload)
        )  # fmt: skip
    elif row.rewritten:
        batch.rewrites.append(
            (*facts, row.enqueued_at, row.wid, row.reserved_at, row.payload, row.id)
        )
    else:
        batch.moves.append((*facts, row.enqueued_at, row.wid, row.reserved_at, row.id))


class Writer:
    """Writes batches; used by one thread at a time."""

    def __init__(self, db: apsw.Connection) -> None:
        """Write through ``db``."""
        self._db = db

    def write(self, batch: Batch) -> None:
        """Write ``batch`` in one transaction and return when it is durable.

        Raises:
            apsw.Error: nothing of it was written.
        """
        db = self._db
        with db:
            if batch.flush:
                db.execute("DELETE FROM job; DELETE FROM queue; DELETE FROM tally")
            db.executemany("DELETE FROM job WHERE id = ?", batch.deletes)
            db.executemany(_INSERT, batch.inserts)
            db.executemany(_MOVE, batch.moves)
            db.executemany(_REWRITE, batch.rewrites)
            db.executemany(
                "INSERT INTO queue VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET size = excluded.size, paused = excluded.paused",
                batch.queues,
            )
            db.executemany("DELETE FROM queue WHERE name = ?", batch.dropped_queues)
            db.executemany("INSERT OR REPLACE INTO tally VALUES (?, ?)", batch.tallies)

    def close(self) -> None:
        """Close the database, folding the log into it."""
        self._db.close()


class Loader:
    """Reads rows for the engine itself: committed state only."""

    def __init__(self, folder: Path) -> None:
        """Read the database below ``folder``."""
        self._db = schema.open_reader(folder)

    def row(self, job_id: int) -> Row | None:
        """Return one job, or ``None`` if it is not there."""
        found = self._db.execute(
            f"SELECT {_COLUMNS}, payload FROM job WHERE id = ?",
            (job_id,),
        ).fetchone()
        return None if found is None else Row(*found)

    def due(self, state: int, until: float, limit: int) -> list[int]:
        """Return ids of a set whose time has come, soonest first."""
        rows = self._db.execute(
            "SELECT id FROM job WHERE state = ? AND state > 1 AND score <= ?"
            " ORDER BY score, id LIMIT ?",
            (state, until, limit),
        )
        return [job_id for (job_id,) in rows]

    def ids(self, state: int) -> list[int]:
        """Return the ids of a whole set."""
        rows = self._db.execute("SELECT id FROM job WHERE state = ? AND state > 1", (state,))
        return [job_id for (job_id,) in rows]

    def enqueued(self) -> Iterator[tuple[str, int]]:
        """Yield (queue, id) of every waiting job, in order within each queue."""
        yield from self._db.execute(
            "SELECT queue, id FROM job WHERE state = 1 ORDER BY queue, score"
        )

    def working(self) -> list[Row]:
        """Return every reserved job."""
        found = self._db.execute(f"SELECT {_COLUMNS}, payload FROM job WHERE state = 5")
        return [Row(*row) for row in found]

    def queues(self) -> list[tuple[str, bool]]:
        """Return (name, paused) of every known queue."""
        return [(name, bool(p)) for name, p in self._db.execute("SELECT name, paused FROM queue")]

    def tallies(self) -> dict[str, int]:
        """Return the persistent counters."""
        rows = self._db.execute("SELECT name, value FROM tally")
        return {str(name): int(str(value)) for name, value in rows}

    def count(self, state: int) -> int:
        """Return how many jobs a set holds."""
        return int(
            self._db.execute("SELECT count(*) FROM job WHERE state = ? AND state > 1", (state,)).get
        )

    def last_ids(self) -> tuple[int, int]:
        """Return the highest job id and the highest enqueue sequence."""
        job_id = self._db.execute("SELECT coalesce(max(id), 0) FROM job").get
        order = self._db.execute("SELECT coalesce(max(score), 0) FROM job WHERE state = 1").get
        return int(job_id), int(order)

    def close(self) -> None:
        """Close the database."""
        self._db.close()
