"""Local accounts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from glasshouse.model.errors import InvalidError, NotFoundError
from glasshouse.storage import factors, pending, sessions, tokens
from glasshouse.storage.tables import ACCOUNT

SOURCE = "local:"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A local account; ``password`` is its hash, ``role`` is what ``local:NAME`` is a member of."""

    name: str
    password: str
    role: str
    created_at: float


def add(db: sa.Connection, account: Account) -> None:
    """Add an account.

    Raises:
        InvalidError: there is already one of this name.
    """
    if find(db, account.name) is not None:
        raise InvalidError(
            f"There is an account {account.name!r} already.",
            remedy="Choose another name, or remove that one first.",
        )
    db.execute(sa.insert(ACCOUNT).values(msgspec.structs.asdict(account)))


def find(db: sa.Connection, name: str) -> Account | None:
    """Return the account with that name."""
    return find_all(db, (name,)).get(name)


def find_all(db: sa.Connection, names: Sequence[str]) -> dict[str, Account]:
    """Return those of the named accounts that exist, by name; at most some hundred names."""
    rows = db.execute(sa.select(ACCOUNT).where(ACCOUNT.c.name.in_(names))).mappings()
    return {row["name"]: Account(**row) for row in rows}


def everybody(db: sa.Connection) -> tuple[Account, ...]:
    """Return all accounts, by name."""
    rows = db.execute(sa.select(ACCOUNT).order_by(ACCOUNT.c.name)).mappings()
    return tuple(Account(**row) for row in rows)


def set_password(db: sa.Connection, name: str, password: str) -> None:
    """Set the password hash of an account."""
    db.execute(sa.update(ACCOUNT).where(ACCOUNT.c.name == name).values(password=password))


def remove(db: sa.Connection, name: str) -> None:
    """Remove an account with everything that it could sign in with; its sessions end.

    Raises:
        NotFoundError: there is none.
    """
    gone = db.execute(sa.delete(ACCOUNT).where(ACCOUNT.c.name == name))
    if not gone.rowcount:
        raise NotFoundError(
            f"There is no account {name[:80]!r}.", remedy="See glasshouse users list."
        )
    actor = SOURCE + name
    sessions.end_all(db, actor)
    tokens.remove_all(db, actor)
    factors.reset(db, actor)
    pending.remove_all(db, actor)
