"""How much of the ledger was sent to each of the other places that are to have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
import sqlalchemy as sa

from glasshouse.storage.tables import SINK


class SinkPosition(msgspec.Struct, frozen=True, kw_only=True):
    """The last record and the last signed record that a sink has.

    ``fault`` says why it receives no more, and is empty while it does; ``at`` (Unix seconds) is
    when that was first so.
    """

    seq: int = 0
    signed: int = 0
    fault: str = ""
    at: float = 0.0


def places(db: sa.Connection, keys: Iterable[str]) -> Mapping[str, SinkPosition]:
    """Return what is known of some sinks; those that never received anything are left out."""
    rows = db.execute(sa.select(SINK).where(SINK.c.key.in_(tuple(keys)))).mappings()
    return {
        str(row["key"]): SinkPosition(
            seq=int(row["seq"]), signed=int(row["signed"]), fault=row["fault"], at=float(row["at"])
        )
        for row in rows
    }


def least(db: sa.Connection, keys: Collection[str] | None) -> int | None:
    """Return the last record that each of some places has; ``None`` if there are none.

    Without ``keys``, all places that ever received anything are considered.
    """
    if keys is None:
        seq = db.execute(sa.select(sa.func.min(SINK.c.seq)).where(SINK.c.seq > 0)).scalar()
        return None if seq is None else int(seq)
    known = places(db, keys)
    return min((known.get(key, SinkPosition()).seq for key in keys), default=None)


def keep(db: sa.Connection, key: str, place: SinkPosition) -> None:
    """Store how far a sink has come."""
    values = msgspec.structs.asdict(place)
    if not db.execute(sa.update(SINK).where(SINK.c.key == key).values(values)).rowcount:
        db.execute(sa.insert(SINK).values(key=key, **values))
