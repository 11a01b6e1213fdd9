"""What was begun and must be completed once: passkey challenges, sign-ins elsewhere."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from glasshouse.storage.tables import PENDING


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Something begun by ``actor`` (empty if unknown), found again by a secret's digest."""

    digest: bytes
    kind: str
    actor: str
    data: str
    expires_at: float


def begin(db: sa.Connection, pending: Pending, now: float) -> None:
    """Store what was begun until it expires; drop what has expired."""
    db.execute(sa.delete(PENDING).where(PENDING.c.expires_at <= now))
    db.execute(sa.insert(PENDING).values(msgspec.structs.asdict(pending)))


def remove_all(db: sa.Connection, actor: str) -> None:
    """Drop everything that a person began."""
    db.execute(sa.delete(PENDING).where(PENDING.c.actor == actor))


def take(db: sa.Connection, digest: bytes, kind: str, now: float) -> Pending | None:
    """Return what was begun, once: the second time there is nothing."""
    where = (PENDING.c.digest == digest, PENDING.c.kind == kind)
    row = db.execute(sa.select(PENDING).where(*where)).mappings().first()
    gone = db.execute(sa.delete(PENDING).where(*where))
    if row is None or not gone.rowcount or row["expires_at"] <= now:
        return None
    return Pending(**row)
