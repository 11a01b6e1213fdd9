"""How often something may be tried, kept across restarts; and from where people signed in.

An attempt counts before it is looked at, so that many at once are no more than many in a
row. What succeeded is given back.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from glasshouse.storage.tables import ATTEMPT, KNOWN

KNOWN_FOR = 90 * 86400.0


class Limit(NamedTuple):
    """So many attempts, in so many seconds."""

    most: int
    seconds: float


def take(db: sa.Connection, key: str, limit: Limit, now: float) -> float:
    """Count an attempt; return 0, or in how many seconds there may be another."""
    db.execute(sa.delete(ATTEMPT).where(ATTEMPT.c.ends_at <= now))
    row = db.execute(
        sa.select(ATTEMPT.c.count, ATTEMPT.c.ends_at).where(ATTEMPT.c.key == key)
    ).first()
    if row is None:
        values = {"key": key, "count": 1, "ends_at": now + limit.seconds}
        db.execute(sa.insert(ATTEMPT).values(values))
        return 0.0
    if row[0] >= limit.most:
        return max(1.0, float(row[1]) - now)
    db.execute(sa.update(ATTEMPT).where(ATTEMPT.c.key == key).values(count=ATTEMPT.c.count + 1))
    return 0.0


def give_back(db: sa.Connection, key: str) -> None:
    """Take an attempt back that succeeded."""
    db.execute(
        sa.update(ATTEMPT)
        .where(ATTEMPT.c.key == key, ATTEMPT.c.count > 0)
        .values(count=ATTEMPT.c.count - 1)
    )


def know(db: sa.Connection, actor: str, address: str, now: float) -> None:
    """Remember that a person signed in from an address."""
    db.execute(sa.delete(KNOWN).where(KNOWN.c.at < now - KNOWN_FOR))
    db.execute(sa.delete(KNOWN).where(KNOWN.c.actor == actor, KNOWN.c.address == address))
    db.execute(sa.insert(KNOWN).values(actor=actor, address=address, at=now))


def knows(db: sa.Connection, actor: str, address: str, now: float) -> bool:
    """Return whether a person signed in from an address not long ago."""
    row = db.execute(
        sa.select(KNOWN.c.at).where(KNOWN.c.actor == actor, KNOWN.c.address == address)
    ).first()
    return row is not None and now - float(row.at) < KNOWN_FOR
