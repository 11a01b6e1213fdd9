"""Sessions of people who signed in with a browser."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from glasshouse.storage.tables import SESSION

IDLE = 12 * 3600.0
"""Seconds without a request after which a session ends."""
LONGEST = 7 * 86400.0
"""Seconds after which every session ends."""
_MOST = 20
"""Sessions per person; when there are more, the one unused for longest ends."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One session. ``digest`` is of its id, which no one stores; ``public_id`` names it on screens.

    ``proven_at`` is when a second factor was shown in it, ``password_at`` when a password was.
    """

    digest: bytes
    public_id: str
    actor: str
    groups: tuple[str, ...]
    created_at: float
    seen_at: float
    proven_at: float | None
    password_at: float | None
    address: str
    agent: str
    stamp: bytes | None = None


def start(db: sa.Connection, session: Session) -> None:
    """Begin a session; everyone's expired ones end."""
    now = session.created_at
    db.execute(sa.delete(SESSION).where(_over(now)))
    values = msgspec.structs.asdict(session) | {"groups": _written(session.groups)}
    db.execute(sa.insert(SESSION).values(values))
    newest = (
        sa.select(SESSION.c.digest)
        .where(SESSION.c.actor == session.actor)
        .order_by(SESSION.c.seen_at.desc())
        .limit(_MOST)
    )
    kept = [row.digest for row in db.execute(newest)]
    db.execute(
        sa.delete(SESSION).where(SESSION.c.actor == session.actor, SESSION.c.digest.not_in(kept))
    )


def find(db: sa.Connection, digest: bytes, now: float) -> Session | None:
    """Return the session, if it has not ended."""
    row = db.execute(sa.select(SESSION).where(SESSION.c.digest == digest)).mappings().first()
    if row is None:
        return None
    session = _session(row)
    over = now - session.seen_at > IDLE or now - session.created_at > LONGEST
    return None if over else session


def touch(db: sa.Connection, digest: bytes, now: float) -> None:
    """Record that a session is in use."""
    db.execute(sa.update(SESSION).where(SESSION.c.digest == digest).values(seen_at=now))


def rotate(
    db: sa.Connection, old: bytes, new: bytes, *, proven_at: float | None, password_at: float | None
) -> bool:
    """Give a session another id and set when it was proven; return whether it still existed."""
    changed = db.execute(
        sa.update(SESSION)
        .where(SESSION.c.digest == old)
        .values(digest=new, proven_at=proven_at, password_at=password_at)
    )
    return bool(changed.rowcount)


def end(db: sa.Connection, digest: bytes) -> None:
    """End a session."""
    db.execute(sa.delete(SESSION).where(SESSION.c.digest == digest))


def end_one(db: sa.Connection, actor: str, public_id: str) -> bool:
    """End the session with that name; return whether it existed."""
    gone = db.execute(
        sa.delete(SESSION).where(SESSION.c.actor == actor, SESSION.c.public_id == public_id)
    )
    return bool(gone.rowcount)


def end_all(db: sa.Connection, actor: str, but: bytes | None = None) -> int:
    """End all sessions of a person, optionally all but one; return how many."""
    others = SESSION.c.actor == actor
    if but is not None:
        others = sa.and_(others, SESSION.c.digest != but)
    return int(db.execute(sa.delete(SESSION).where(others)).rowcount)


def unprove(db: sa.Connection, actor: str, but: bytes | None = None) -> None:
    """Void the second factor in all sessions of a person, optionally all but one."""
    others = SESSION.c.actor == actor
    if but is not None:
        others = sa.and_(others, SESSION.c.digest != but)
    db.execute(sa.update(SESSION).where(others).values(proven_at=None))


def of(db: sa.Connection, actor: str, now: float) -> tuple[Session, ...]:
    """Return the sessions of a person that have not ended, most recently used first."""
    rows = db.execute(
        sa.select(SESSION)
        .where(SESSION.c.actor == actor, sa.not_(_over(now)))
        .order_by(SESSION.c.seen_at.desc())
    ).mappings()
    return tuple(_session(row) for row in rows)


def _over(now: float) -> sa.ColumnElement[bool]:
    return sa.or_(SESSION.c.seen_at < now - IDLE, SESSION.c.created_at < now - LONGEST)


def _session(row: sa.RowMapping) -> Session:
    return Session(**{**row, "groups": tuple(filter(None, row["groups"].split("\n")))})


def _written(groups: tuple[str, ...]) -> str:
    return "\n".join(groups)
