"""A batch: the final state of every job that changed since the last one, as plain data.

The journal holds batches as they are; this module writes one to the database in
one transaction or not at all, and writing it again changes nothing.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import apsw
import msgspec

from glasshouse.engine.schema import damaged
from glasshouse.model.job import WRAPPER
from glasshouse.wire.jobnames import name_of

COLUMNS = "id, state, score, queue, jid, jobtype, retry, reserve_for, enqueued_at, wid, reserved_at"
_INSERT = f"INSERT OR REPLACE INTO job ({COLUMNS}, payload) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
_MOVE = (
    "UPDATE job SET state = ?, score = ?, enqueued_at = ?, wid = ?, reserved_at = ? WHERE id = ?"
)
_REWRITE = (
    "UPDATE job SET state = ?, score = ?, enqueued_at = ?, wid = ?, reserved_at = ?, payload = ?"
    " WHERE id = ?"
)
_FINISH = "INSERT OR REPLACE INTO finished VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_FINISHED_COLUMNS = 11
_JOBTYPE = 5
_QUEUE = (
    "INSERT INTO queue VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET size = excluded.size, paused = excluded.paused"
)
# What the database or the journal has of a job.
ABSENT, STALE, THERE = range(3)


class Row(msgspec.Struct, gc=False):
    """A job in memory.

    ``stored`` and ``logged`` state what the database and the journal have: not
    the job, or not its present payload, or everything except what changes when it moves.
    ``connection`` is the number of the connection that received it, if it is reserved.
    """

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
    stored: int = THERE
    logged: int = THERE
    connection: int = 0


class Batch(msgspec.Struct, array_like=True):
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
    acts: list[tuple[int, str, int, float, bytes]] = []
    forget_acts: int = 0


def add_row(batch: Batch, row: Row, known: int) -> None:
    """Add the present state of ``row`` to ``batch``; ``known`` is what is already known of it."""
    if known == ABSENT:
        batch.inserts.append(
            (row.id, row.state, row.score, row.queue, row.jid, row.jobtype, row.retry,
             row.reserve_for, row.enqueued_at, row.wid, row.reserved_at, row.payload)
        )  # fmt: skip
    elif known == STALE:
        batch.rewrites.append(
            (row.state, row.score, row.enqueued_at, row.wid, row.reserved_at, row.payload, row.id)
        )
    else:
        batch.moves.append(
            (row.state, row.score, row.enqueued_at, row.wid, row.reserved_at, row.id)
        )


def named(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return a row to insert with the job's name; versions before 6 kept its own type."""
    jobtype, payload = row[_JOBTYPE], row[-1]
    if jobtype != WRAPPER or not isinstance(payload, bytes):
        return row
    return (*row[:_JOBTYPE], name_of(WRAPPER, payload), *row[_JOBTYPE + 1 :])


class Position(NamedTuple):
    """The position of a database: its lineage, the last record that it contains, and ``since``.

    ``since`` is the record with which the journal in use began; 0 when none is needed.
    """

    lineage: bytes
    applied: int
    since: int


def position(db: apsw.Connection) -> Position:
    """Return the position of the database.

    Raises:
        StoreError: the database does not state it.
    """
    match db.execute("SELECT * FROM journal").fetchone():
        case (bytes(lineage), int(applied), int(since)):
            return Position(lineage, applied, since)
        case (bytes(lineage), int(applied)):  # before version 4
            return Position(lineage, applied, 0)
        case _:
            raise damaged(Path(db.filename), "it does not say which journal is its own")


def write(db: apsw.Connection, batch: Batch, applied: int) -> None:
    """Write ``batch`` in one transaction; it brings the database to record ``applied``.

    Raises:
        apsw.Error: nothing of it was written.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        _fill(db, batch)
        db.execute("UPDATE journal SET applied = ?", (applied,))
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(apsw.Error):  # SQLite may have rolled back by itself
            db.execute("ROLLBACK")
        raise


def recount(db: apsw.Connection) -> None:
    """Set the sizes that readers see; records of the journal do not carry them.

    Raises:
        apsw.Error: the disk refuses.
    """
    db.execute(
        "UPDATE queue SET size ="
        " (SELECT count(*) FROM job WHERE state = 1 AND job.queue = queue.name)"
    )
    for state in (2, 3, 4, 5):
        db.execute(
            "INSERT OR REPLACE INTO tally"
            " VALUES (?, (SELECT count(*) FROM job WHERE state = ? AND state > 1))",
            (f"size:{state}", state),
        )


def _fill(db: apsw.Connection, batch: Batch) -> None:
    if batch.flush:
        db.execute("DELETE FROM job; DELETE FROM queue; DELETE FROM tally; DELETE FROM finished")
    for statement, rows in (
        ("DELETE FROM job WHERE id = ?", batch.deletes),
        (_INSERT, batch.inserts),
        (_MOVE, batch.moves),
        (_REWRITE, batch.rewrites),
        (_FINISH, [_whole(row) for row in batch.finished]),
        (_QUEUE, batch.queues),
        ("DELETE FROM queue WHERE name = ?", batch.dropped_queues),
        ("INSERT OR REPLACE INTO tally VALUES (?, ?)", batch.tallies),
        ("INSERT OR REPLACE INTO parameter VALUES (?, ?)", batch.parameters),
        ("INSERT OR REPLACE INTO act VALUES (?, ?, ?, ?, ?)", batch.acts),
    ):
        if rows:
            db.executemany(statement, rows)
    if batch.forget_finished:
        db.execute("DELETE FROM finished WHERE id <= ?", (batch.forget_finished,))
    if batch.forget_acts:
        db.execute("DELETE FROM act WHERE n <= ?", (batch.forget_acts,))


def _whole(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return an entry of the log with every column; records of older journals lack the last one."""
    return (*row, *[None] * (_FINISHED_COLUMNS - len(row)))
