"""The trash: jobs deleted by operations, kept whole until they are put back or too old.

A job is stored here before it is deleted anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from glasshouse.model.retention import Bounds
from glasshouse.storage.tables import OPERATION, TRASH

_PART = 400


class TrashedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted job; ``body`` is the whole job, as the server's adapter reads it."""

    number: int
    queue: str
    state: int
    score: float
    jid: str
    jobtype: str
    body: bytes


class TrashBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one operation deleted: how many jobs are kept, and how many were put back.

    ``queues`` are those that the operation was about, as the ledger writes them.
    """

    record: int
    operation: str
    kind: str
    queue: str
    queues: str
    actor: str
    reason: str
    at: float
    kept: int
    restored: int


_HEAP = [
    OPERATION.c.record,
    OPERATION.c.id.label("operation"),
    OPERATION.c.operation.label("kind"),
    OPERATION.c.queue,
    OPERATION.c.queues,
    OPERATION.c.actor,
    OPERATION.c.reason,
    OPERATION.c.started_at.label("at"),
]
_JOB = [TRASH.c[name] for name in TrashedJob.__struct_fields__]


def throw(
    db: sa.Connection,
    operation: str,
    server: str,
    jobs: Sequence[TrashedJob],
    now: float,
    to: Bounds,
) -> None:
    """Store jobs; storing the same ones again changes nothing. What is beyond the bounds goes."""
    there = _there(db, operation, [job.number for job in jobs])
    last = db.execute(sa.select(sa.func.coalesce(sa.func.max(TRASH.c.n), 0))).scalar_one()
    fresh = [job for job in jobs if job.number not in there]
    rows = [
        {**msgspec.structs.asdict(job), "operation": operation, "server": server, "n": n, "at": now}
        for n, job in enumerate(fresh, int(last) + 1)
    ]
    if rows:
        db.execute(sa.insert(TRASH), rows)
    tidy(db, now, to)


def tidy(db: sa.Connection, now: float, to: Bounds) -> None:
    """Delete what is too old, and the oldest when there are too many."""
    db.execute(sa.delete(TRASH).where(TRASH.c.at < now - to.seconds))
    beyond = sa.select(TRASH.c.n).order_by(TRASH.c.n.desc()).offset(to.most).limit(1)
    first = db.execute(beyond).scalar()
    if first is not None:
        db.execute(sa.delete(TRASH).where(TRASH.c.n <= first))


def unthrow(db: sa.Connection, operation: str, numbers: Sequence[int]) -> None:
    """Drop jobs that were not deleted after all."""
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        db.execute(sa.delete(TRASH).where(TRASH.c.operation == operation, TRASH.c.number.in_(part)))


def restored(db: sa.Connection, operation: str, numbers: Sequence[int], now: float) -> None:
    """Record that jobs were put back."""
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        ours = (TRASH.c.operation == operation, TRASH.c.number.in_(part))
        db.execute(sa.update(TRASH).where(*ours).values(restored_at=now))


def jobs(
    db: sa.Connection, operation: str, *, after: int = 0, most: int = 500, waiting: bool = True
) -> list[tuple[int, TrashedJob]]:
    """Return (n, job) of an operation in the order of deletion, those after ``after``."""
    query = sa.select(TRASH.c.n, *_JOB).where(TRASH.c.operation == operation, TRASH.c.n > after)
    if waiting:
        query = query.where(TRASH.c.restored_at.is_(None))
    rows = db.execute(query.order_by(TRASH.c.n).limit(most)).mappings()
    return [(row["n"], _trashed(row)) for row in rows]


def some(db: sa.Connection, operation: str, numbers: Sequence[int]) -> list[TrashedJob]:
    """Return jobs of an operation by number; those that are gone are left out."""
    found_jobs: dict[int, TrashedJob] = {}
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        query = sa.select(*_JOB).where(TRASH.c.operation == operation, TRASH.c.number.in_(part))
        for row in db.execute(query).mappings():
            found_jobs[row["number"]] = _trashed(row)
    return [found_jobs[number] for number in numbers if number in found_jobs]


def batches(
    db: sa.Connection, server: str, most: int, shows: Callable[[str], bool]
) -> list[TrashBatch]:
    """Return what operations deleted on a server, newest first.

    Only jobs of queues that ``shows`` accepts count, and only batches that have any.
    """
    counted = (
        sa.select(
            TRASH.c.operation,
            TRASH.c.queue,
            sa.func.count().label("kept"),
            sa.func.count(TRASH.c.restored_at).label("restored"),
        )
        .where(TRASH.c.server == server)
        .group_by(TRASH.c.operation, TRASH.c.queue)
    )
    sizes: dict[str, tuple[int, int]] = {}
    for row in db.execute(counted):
        if shows(row.queue):
            kept, restored = sizes.get(row.operation, (0, 0))
            sizes[row.operation] = (kept + row.kept, restored + row.restored)
    query = sa.select(*_HEAP).where(OPERATION.c.id.in_(_thrown_by(server)))
    result: list[TrashBatch] = []
    for columns in db.execute(query.order_by(OPERATION.c.record.desc())).mappings():
        if columns["operation"] in sizes and len(result) < most:
            kept, restored = sizes[columns["operation"]]
            result.append(TrashBatch(**columns, kept=kept, restored=restored))
    return result


def _thrown_by(server: str) -> sa.Select[tuple[str]]:
    return sa.select(TRASH.c.operation).where(TRASH.c.server == server)


def _there(db: sa.Connection, operation: str, numbers: Sequence[int]) -> set[int]:
    there: set[int] = set()
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        ours = (TRASH.c.operation == operation, TRASH.c.number.in_(part))
        there.update(db.execute(sa.select(TRASH.c.number).where(*ours)).scalars())
    return there


def _trashed(row: sa.RowMapping) -> TrashedJob:
    return TrashedJob(**{name: row[name] for name in TrashedJob.__struct_fields__})
