"""Tokens for scripts: made by a person for a purpose, or short-lived to prove a second factor."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from glasshouse.storage.tables import TOKEN

API, STEP_UP = "api", "step-up"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token; ``digest`` is of its text, which no one stores.

    ``scope`` holds globs of the operations that it may be used for; it shows what its owner may
    see. ``proven_at`` is when a second factor was shown for it.
    """

    digest: bytes
    public_id: str
    actor: str
    kind: str
    label: str
    scope: tuple[str, ...]
    groups: tuple[str, ...]
    created_at: float
    expires_at: float
    proven_at: float | None = None
    used_at: float | None = None
    stamp: bytes | None = None


def add(db: sa.Connection, token: Token) -> None:
    """Add a token; drop those that expired."""
    db.execute(sa.delete(TOKEN).where(TOKEN.c.expires_at <= token.created_at))
    lists = {"scope": "\n".join(token.scope), "groups": "\n".join(token.groups)}
    db.execute(sa.insert(TOKEN).values(msgspec.structs.asdict(token) | lists))


def find(db: sa.Connection, digest: bytes, now: float) -> Token | None:
    """Return the token if it has not expired."""
    row = db.execute(
        sa.select(TOKEN).where(TOKEN.c.digest == digest, TOKEN.c.expires_at > now)
    ).mappings()
    record = row.first()
    return None if record is None else _token(record)


def use(db: sa.Connection, digest: bytes, now: float) -> None:
    """Record that a token is in use."""
    db.execute(sa.update(TOKEN).where(TOKEN.c.digest == digest).values(used_at=now))


def of(db: sa.Connection, actor: str, now: float) -> tuple[Token, ...]:
    """Return the unexpired tokens that a person made, newest first."""
    rows = db.execute(
        sa.select(TOKEN)
        .where(TOKEN.c.actor == actor, TOKEN.c.kind == API, TOKEN.c.expires_at > now)
        .order_by(TOKEN.c.created_at.desc())
    ).mappings()
    return tuple(_token(row) for row in rows)


def remove(db: sa.Connection, actor: str, public_id: str) -> bool:
    """Remove a token; return whether it existed."""
    gone = db.execute(
        sa.delete(TOKEN).where(TOKEN.c.actor == actor, TOKEN.c.public_id == public_id)
    )
    return bool(gone.rowcount)


def remove_all(db: sa.Connection, actor: str, kind: str | None = None) -> None:
    """Remove all tokens of a person, or those of one kind."""
    ours = TOKEN.c.actor == actor
    if kind is not None:
        ours = sa.and_(ours, TOKEN.c.kind == kind)
    db.execute(sa.delete(TOKEN).where(ours))


def _token(row: sa.RowMapping) -> Token:
    lists = {name: tuple(filter(None, row[name].split("\n"))) for name in ("scope", "groups")}
    return Token(**{**row, **lists})
