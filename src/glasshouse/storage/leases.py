"""Leases: which of several consoles that share one database carries out an operation.

Invariants: an operation belongs to the console that its row names, until the lease expires and
another console takes it. Each take raises ``fence``. Whatever is written for an operation is
written under the fence that it was taken with, in a transaction that holds its row: a console
that lost an operation writes nothing more of it. Time is the database's own (on PostgreSQL,
its server's): the clocks of consoles are not compared.
"""

from __future__ import annotations

import time
from collections.abc import Collection

import sqlalchemy as sa

from glasshouse.model.errors import StoreError
from glasshouse.storage.operations import RunningOperation
from glasshouse.storage.tables import OPERATION


class LeaseLostError(StoreError):
    """The operation has ended, or another console carries it out: nothing was written."""


# Not now(): that is when the transaction began, which may have waited since then.
_SERVER_CLOCK = sa.select(sa.extract("epoch", sa.func.clock_timestamp()))
# In a fixed order, so that two that hold several do not wait for each other.
_UNENDED = (
    sa.select(OPERATION.c.id, OPERATION.c.fence)
    .where(OPERATION.c.id.in_(sa.bindparam("ids", expanding=True)), OPERATION.c.ended_at.is_(None))
    .order_by(OPERATION.c.id)
)
_UNENDED_LOCKED = _UNENDED.with_for_update()


def moment(db: sa.Connection) -> float:
    """Return the database's clock in Unix seconds, as of this statement."""
    if db.dialect.name == "postgresql":
        return float(db.execute(_SERVER_CLOCK).scalar_one())
    # SQLite has no server: its clock is that of this machine, where all of its consoles run.
    return time.time()


def hold(db: sa.Connection, *held: tuple[str, int], lock: bool = True) -> None:
    """Keep operations, by id and fence, from being taken or ended until the transaction ends.

    Without ``lock`` it only checks whether they are ours, which is enough for reading.

    Raises:
        LeaseLostError: one of them is no longer ours.
    """
    ids = [operation for operation, _ in held]
    rows = db.execute(_UNENDED_LOCKED if lock else _UNENDED, {"ids": ids})
    if {(row.id, row.fence) for row in rows} != set(held):
        raise LeaseLostError("Another console is running it, or it has ended.")


def held(db: sa.Connection, operation: str, fence: int) -> RunningOperation:
    """Return an operation that is ours, with its progress; raises ``LeaseLostError``."""
    hold(db, (operation, fence), lock=False)
    row = db.execute(sa.select(OPERATION).where(OPERATION.c.id == operation)).mappings().one()
    return RunningOperation(**row)


def claim(
    db: sa.Connection, owner: str, servers: Collection[str], own: Collection[str], seconds: float
) -> list[RunningOperation]:
    """Take operations that have no outcome and no longer belong to anyone, oldest first.

    Only operations of ``servers``, and none of ``own``, which are already under way.
    """
    now = moment(db)
    free = (
        sa.select(OPERATION.c.id)
        .where(
            OPERATION.c.ended_at.is_(None),
            OPERATION.c.lease_expires_at <= now,
            OPERATION.c.server.in_(servers),
            OPERATION.c.id.not_in(own),
        )
        .order_by(OPERATION.c.record)
        # Another console may be taking it.
        .with_for_update(skip_locked=True)
    )
    ids = list(db.execute(free).scalars())
    if not ids:
        return []
    ours = OPERATION.c.id.in_(ids)
    taken = {
        "lease_owner": owner,
        "lease_expires_at": now + seconds,
        "fence": OPERATION.c.fence + 1,
    }
    db.execute(sa.update(OPERATION).where(ours).values(taken))
    rows = db.execute(sa.select(OPERATION).where(ours).order_by(OPERATION.c.record))
    return [RunningOperation(**row) for row in rows.mappings()]


def renew(db: sa.Connection, owner: str, own: Collection[str], seconds: float) -> None:
    """Extend by some seconds the leases of those of ``own`` that are still ours."""
    ours = (
        OPERATION.c.id.in_(own),
        OPERATION.c.lease_owner == owner,
        OPERATION.c.ended_at.is_(None),
    )
    expires = moment(db) + seconds
    db.execute(sa.update(OPERATION).where(*ours).values(lease_expires_at=expires))


def release(db: sa.Connection, owner: str) -> None:
    """Make everything that is ours available to be taken at once."""
    ours = (OPERATION.c.lease_owner == owner, OPERATION.c.ended_at.is_(None))
    db.execute(sa.update(OPERATION).where(*ours).values(lease_expires_at=0.0))
