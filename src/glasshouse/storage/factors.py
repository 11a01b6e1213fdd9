"""Second factors: one-time codes, passkeys, recovery codes."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from glasshouse.model.errors import InvalidError
from glasshouse.storage.tables import PASSKEY, RECOVERY, TOTP


class Totp(msgspec.Struct, frozen=True):
    """A secret from which codes are made, and the step of the last code that was accepted."""

    secret: str
    created_at: float
    last_step: int


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey: its credential id, its public key (COSE) and what its owner calls it."""

    credential: bytes
    actor: str
    public_key: bytes
    sign_count: int
    label: str
    created_at: float
    used_at: float | None = None


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    """The second factors that a person has; ``recovery`` is the number of codes left."""

    totp: Totp | None = None
    passkeys: tuple[Passkey, ...] = ()
    recovery: int = 0

    @property
    def any(self) -> bool:
        """Whether there is any at all: recovery codes alone do not count."""
        return self.totp is not None or bool(self.passkeys)


def of(db: sa.Connection, actor: str) -> Factors:
    """Return the factors of a person."""
    row = db.execute(
        sa.select(TOTP.c.secret, TOTP.c.created_at, TOTP.c.last_step).where(TOTP.c.actor == actor)
    ).first()
    keys = db.execute(
        sa.select(PASSKEY).where(PASSKEY.c.actor == actor).order_by(PASSKEY.c.created_at)
    ).mappings()
    left = sa.select(sa.func.count()).where(RECOVERY.c.actor == actor, RECOVERY.c.used_at.is_(None))
    return Factors(
        totp=None if row is None else Totp(*row),
        passkeys=tuple(Passkey(**key) for key in keys),
        recovery=int(db.execute(left).scalar_one()),
    )


def set_totp(db: sa.Connection, actor: str, secret: str, now: float, step: int) -> None:
    """Set a person's secret, replacing any other; ``step`` is that of the code shown."""
    remove_totp(db, actor)
    db.execute(sa.insert(TOTP).values(actor=actor, secret=secret, created_at=now, last_step=step))


def take_step(db: sa.Connection, actor: str, step: int) -> bool:
    """Use up a code's step; return false when that or a later one was used before."""
    taken = db.execute(
        sa.update(TOTP).where(TOTP.c.actor == actor, TOTP.c.last_step < step).values(last_step=step)
    )
    return bool(taken.rowcount)


def remove_totp(db: sa.Connection, actor: str) -> None:
    """Remove the secret."""
    db.execute(sa.delete(TOTP).where(TOTP.c.actor == actor))


def add_passkey(db: sa.Connection, key: Passkey) -> None:
    """Add a passkey.

    Raises:
        InvalidError: it is already known.
    """
    if passkey(db, key.credential) is not None:
        raise InvalidError("This passkey is already registered.", remedy="Use it, or another one.")
    db.execute(sa.insert(PASSKEY).values(msgspec.structs.asdict(key)))


def passkey(db: sa.Connection, credential: bytes) -> Passkey | None:
    """Return the passkey with that id, whoever owns it."""
    row = db.execute(sa.select(PASSKEY).where(PASSKEY.c.credential == credential)).mappings()
    record = row.first()
    return None if record is None else Passkey(**record)


def use_passkey(db: sa.Connection, credential: bytes, sign_count: int, now: float) -> None:
    """Record that a passkey was used."""
    db.execute(
        sa.update(PASSKEY)
        .where(PASSKEY.c.credential == credential)
        .values(sign_count=sign_count, used_at=now)
    )


def remove_passkey(db: sa.Connection, actor: str, credential: bytes) -> None:
    """Remove a passkey."""
    db.execute(
        sa.delete(PASSKEY).where(PASSKEY.c.actor == actor, PASSKEY.c.credential == credential)
    )


def set_recovery(db: sa.Connection, actor: str, digests: tuple[bytes, ...]) -> None:
    """Set a person's recovery codes, replacing any others."""
    db.execute(sa.delete(RECOVERY).where(RECOVERY.c.actor == actor))
    if digests:
        rows = [{"digest": digest, "actor": actor} for digest in digests]
        db.execute(sa.insert(RECOVERY), rows)


def set_first_recovery(db: sa.Connection, actor: str, digests: tuple[bytes, ...]) -> bool:
    """Set a person's recovery codes if none are left; return whether they were set."""
    if of(db, actor).recovery:
        return False
    set_recovery(db, actor, digests)
    return True


def without_last(db: sa.Connection, actor: str) -> None:
    """Remove the recovery codes together with the last factor that they stand in for."""
    if not of(db, actor).any:
        set_recovery(db, actor, ())


def use_recovery(db: sa.Connection, actor: str, digest: bytes, now: float) -> bool:
    """Use up a recovery code; return false when it is not one or was used before."""
    used = db.execute(
        sa.update(RECOVERY)
        .where(RECOVERY.c.actor == actor, RECOVERY.c.digest == digest, RECOVERY.c.used_at.is_(None))
        .values(used_at=now)
    )
    return bool(used.rowcount)


def reset(db: sa.Connection, actor: str) -> None:
    """Remove all second factors of a person."""
    for table in (TOTP, PASSKEY, RECOVERY):
        db.execute(sa.delete(table).where(table.c.actor == actor))
