"""Counts of failed attempts, kept across restarts; and where people signed in from.

Invariant: nothing is counted for longer than its limit says, even when the clock was set back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from glasshouse.storage.tables import ATTEMPT, KNOWN

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

KNOWN_FOR = 90 * 86400.0


class Limit(NamedTuple):
    """A number of attempts within a number of seconds."""

    most: int
    seconds: float


def take(db: sa.Connection, key: str, limit: Limit, now: float) -> float:
    """Count one more and return 0; if the limit is reached, return for how many seconds.

    One statement counts and compares: concurrent attempts get no further than sequential ones.
    """
    over = _over(limit, now)
    counted = (
        _insert(db, ATTEMPT)
        .values(key=key, count=1, ends_at=now + limit.seconds)
        .on_conflict_do_update(
            index_elements=[ATTEMPT.c.key],
            set_={
                "count": sa.case((over, 1), else_=ATTEMPT.c.count + 1),
                "ends_at": sa.case((over, now + limit.seconds), else_=ATTEMPT.c.ends_at),
            },
            where=sa.or_(over, ATTEMPT.c.count < limit.most),
        )
        .returning(ATTEMPT.c.key)
    )
    if db.execute(counted).first() is not None:
        return 0.0
    return max(1.0, full(db, key, limit, now))


def full(db: sa.Connection, key: str, limit: Limit, now: float) -> float:
    """Return for how many more seconds the limit is reached; 0 if it is not."""
    query = sa.select(ATTEMPT.c.ends_at).where(
        ATTEMPT.c.key == key, ATTEMPT.c.count >= limit.most, sa.not_(_over(limit, now))
    )
    ends_at = db.execute(query).scalar()
    return 0.0 if ends_at is None else ends_at - now


def set_back(db: sa.Connection, seconds: float) -> None:
    """Make everything end when it would have ended if the clock had not been set back."""
    db.execute(sa.update(ATTEMPT).values(ends_at=ATTEMPT.c.ends_at - seconds))


def know(db: sa.Connection, actor: str, address: str, now: float) -> None:
    """Record that a person signed in from an address; drop what expired long ago."""
    db.execute(sa.delete(KNOWN).where(KNOWN.c.at < now - KNOWN_FOR))
    db.execute(sa.delete(ATTEMPT).where(ATTEMPT.c.ends_at <= now))
    known = _insert(db, KNOWN).values(actor=actor, address=address, at=now)
    db.execute(
        known.on_conflict_do_update(
            index_elements=[KNOWN.c.actor, KNOWN.c.address], set_={"at": now}
        )
    )


def knows(db: sa.Connection, actor: str, address: str, now: float) -> bool:
    """Return whether a person signed in from an address recently."""
    row = db.execute(
        sa.select(KNOWN.c.at).where(KNOWN.c.actor == actor, KNOWN.c.address == address)
    ).first()
    return row is not None and now - float(row.at) < KNOWN_FOR


def _over(limit: Limit, now: float) -> sa.ColumnElement[bool]:
    # What ends later than it could was begun before the clock was set back.
    return sa.or_(ATTEMPT.c.ends_at <= now, ATTEMPT.c.ends_at > now + limit.seconds)


def _insert(db: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can become an update: each kind of database has its own."""
    # Only the one in use is loaded: the other takes a twentieth of the start.
    if db.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite.insert(table)
