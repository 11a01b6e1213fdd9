"""What ends together: everything that someone opened, by what it was opened with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from glasshouse.storage import factors, pending, sessions, tokens
from glasshouse.storage.tables import SESSION, TOKEN
from glasshouse.storage.text import begins


def sign_out_everywhere(db: sa.Connection, actor: str, but: bytes | None = None) -> None:
    """End a person's sessions, optionally all but one, and what else a second factor opened.

    Tokens that the person made for programs stay.
    """
    sessions.end_all(db, actor, but)
    tokens.remove_all(db, actor, tokens.STEP_UP)
    pending.remove_all(db, actor)


def unprove(db: sa.Connection, actor: str, but: bytes | None = None) -> None:
    """Void the second factors that a person showed, optionally except in one session."""
    sessions.unprove(db, actor, but)
    tokens.remove_all(db, actor, tokens.STEP_UP)
    pending.remove_all(db, actor)


def reset_factors(db: sa.Connection, actor: str) -> None:
    """Remove all second factors of a person, with everything that was opened with one."""
    factors.reset(db, actor)
    sign_out_everywhere(db, actor)


class PasswordStamp(NamedTuple):
    """Someone with sessions or tokens, and a stamp of the password that some of them rest on."""

    actor: str
    stamp: bytes | None


def stamped(db: sa.Connection, source: str) -> list[PasswordStamp]:
    """Return who has sessions and tokens, among those whom a source vouches for."""
    stamps: set[PasswordStamp] = set()
    for table in (SESSION, TOKEN):
        query = sa.select(table.c.actor, table.c.stamp).where(begins(table.c.actor, source))
        stamps.update(PasswordStamp(actor, stamp) for actor, stamp in db.execute(query.distinct()))
    return sorted(stamps, key=str)


def end_stale(db: sa.Connection, actor: str, stamp: bytes) -> bool:
    """End what rests on another password than the one with this stamp; return if there was any.

    With an empty stamp, which belongs to no one, everything ends. What was begun before stamps
    existed counts as begun with this one.
    """
    gone = 0
    for table in (SESSION, TOKEN):
        ours = table.c.actor == actor
        if stamp:
            new = sa.and_(ours, table.c.stamp.is_(None))
            db.execute(sa.update(table).where(new).values(stamp=stamp))
            ours = sa.and_(ours, table.c.stamp != stamp)
        gone += db.execute(sa.delete(table).where(ours)).rowcount
    if gone:
        pending.remove_all(db, actor)
    return gone > 0


def stale(held: list[PasswordStamp], stamps: Mapping[str, bytes]) -> set[str]:
    """Return who has something that rests on another password than the one currently stamped."""
    return {one.actor for one in held if one.stamp != stamps.get(one.actor, b"")}
