"""Operations: what was shown before they were agreed to, what runs, and what was done.

A preview and the operation that follows it have the same id, so that agreeing twice is one
operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from glasshouse.model.errors import StoreError
from glasshouse.storage.tables import CHUNK, OPERATION, PREVIEW, TOUCHED

PREVIEW_SECONDS = 600.0
_PREVIEWS = 20
_AT_ONCE, _LOOKED_AT = 20, 500
"""Operations that are read at once, and that are looked at, for those that may be seen."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What was shown to somebody; ``asked`` is the order in its canonical form."""

    id: str
    actor: str
    server: str
    asked: bytes
    summary: bytes
    created_at: float


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that was begun; ``ended_at`` is ``None`` until its outcome is recorded.

    ``record`` is the number of its intent in the ledger. ``queues`` are those that it is about,
    as the ledger writes them; empty when it may be about all of the server. ``done`` and
    ``moved`` count jobs of the steps before ``step``; ``examples`` is JSON: ids of some that
    had moved.
    """

    id: str
    record: int
    server: str
    operation: str
    queue: str
    actor: str
    reason: str
    asked: bytes
    who: bytes
    steps: int
    step: int = 0
    total: int = 0
    done: int = 0
    moved: int = 0
    examples: bytes = b"[]"
    stop: int = 0
    outcome: str = ""
    detail: str = ""
    started_at: float
    ended_at: float | None = None
    queues: str = ""


Seen = Callable[[Running], bool]
"""Whether somebody may see that an operation was done."""


class Beginning(NamedTuple):
    """An operation that is about to be done: with ids of jobs to find it by, and its jobs.

    ``previewed``: a preview of its id has the jobs.
    """

    running: Running
    jids: Sequence[str]
    chunks: Sequence[bytes]
    previewed: bool


class EndedError(StoreError):
    """How an operation ended is known already."""


_END = ("asked", "step", "done", "moved", "examples", "outcome", "detail", "ended_at")
_ENDING = (
    sa.update(OPERATION)
    .where(OPERATION.c.id == sa.bindparam("its_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _END})
)


def show(db: sa.Connection, preview: Preview, chunks: Sequence[bytes]) -> None:
    """Keep a preview and its jobs; those that nobody agreed to in time go, and all but 20."""
    old = sa.select(PREVIEW.c.id).where(PREVIEW.c.created_at < preview.created_at - PREVIEW_SECONDS)
    db.execute(sa.delete(CHUNK).where(CHUNK.c.owner.in_(old)))
    db.execute(
        sa.delete(PREVIEW).where(PREVIEW.c.created_at < preview.created_at - PREVIEW_SECONDS)
    )
    others = sa.select(PREVIEW.c.id).where(PREVIEW.c.actor == preview.actor)
    least = others.order_by(PREVIEW.c.created_at.desc()).offset(_PREVIEWS - 1)
    for (name,) in db.execute(least.limit(_PREVIEWS)).all():
        db.execute(sa.delete(CHUNK).where(CHUNK.c.owner == name))
        db.execute(sa.delete(PREVIEW).where(PREVIEW.c.id == name))
    db.execute(sa.insert(PREVIEW).values(msgspec.structs.asdict(preview)))
    freeze(db, preview.id, chunks)


def freeze(db: sa.Connection, owner: str, chunks: Sequence[bytes]) -> None:
    """Keep frozen jobs under the id of their preview or operation."""
    rows = [
        {"owner": owner, "step": step, "entries": entries} for step, entries in enumerate(chunks)
    ]
    if rows:
        db.execute(sa.insert(CHUNK), rows)


def shown(db: sa.Connection, preview: str, now: float) -> Preview | None:
    """Return a preview that is still good."""
    fresh = (PREVIEW.c.id == preview, PREVIEW.c.created_at >= now - PREVIEW_SECONDS)
    row = db.execute(sa.select(PREVIEW).where(*fresh)).mappings().first()
    return None if row is None else Preview(**row)


def chunk(db: sa.Connection, owner: str, step: int) -> bytes:
    """Return the frozen jobs of one step."""
    asked = sa.select(CHUNK.c.entries).where(CHUNK.c.owner == owner, CHUNK.c.step == step)
    return bytes(db.execute(asked).scalar_one())


def chunks(db: sa.Connection, owner: str) -> list[bytes]:
    """Return the frozen jobs of every step."""
    asked = sa.select(CHUNK.c.entries).where(CHUNK.c.owner == owner).order_by(CHUNK.c.step)
    return [bytes(entries) for (entries,) in db.execute(asked)]


def begin(db: sa.Connection, *begun: Beginning) -> None:
    """Keep operations that are about to be done; the previews of their ids are used up."""
    db.execute(sa.insert(OPERATION), [msgspec.structs.asdict(one.running) for one in begun])
    touched = [
        {"operation": one.running.id, "place": n, "server": one.running.server, "jid": jid}
        for one in begun
        for n, jid in enumerate(one.jids)
    ]
    if touched:
        db.execute(sa.insert(TOUCHED), touched)
    if used := [one.running.id for one in begun if one.previewed]:
        db.execute(sa.delete(PREVIEW).where(PREVIEW.c.id.in_(used)))
    for one in begun:
        freeze(db, one.running.id, one.chunks)


def find(db: sa.Connection, operation: str) -> Running | None:
    """Return an operation by its id."""
    return _one(db, OPERATION.c.id == operation)


def by_record(db: sa.Connection, record: int) -> Running | None:
    """Return an operation by the number of its intent."""
    return _one(db, OPERATION.c.record == record)


def unended(db: sa.Connection) -> list[Running]:
    """Return the operations that have no outcome, the oldest first."""
    asked = sa.select(OPERATION).where(OPERATION.c.ended_at.is_(None))
    return _all(db, asked.order_by(OPERATION.c.record))


def progress(
    db: sa.Connection, operation: str, *, step: int, done: int, moved: int, examples: bytes
) -> bool:
    """Note how far it came; return whether somebody wants it to stop."""
    ours = OPERATION.c.id == operation
    values = {"step": step, "done": done, "moved": moved, "examples": examples}
    db.execute(sa.update(OPERATION).where(ours).values(values))
    return bool(db.execute(sa.select(OPERATION.c.stop).where(ours)).scalar())


def stop(db: sa.Connection, operation: str) -> None:
    """Let it stop before its next step."""
    db.execute(sa.update(OPERATION).where(OPERATION.c.id == operation).values(stop=1))


def end(db: sa.Connection, *ended: Running) -> None:
    """Keep how operations ended.

    Raises:
        EndedError: of one of them that is known already, and nothing was kept.
    """
    ids = [one.id for one in ended]
    still = sa.select(OPERATION.c.id).where(OPERATION.c.id.in_(ids), OPERATION.c.ended_at.is_(None))
    if len(db.execute(still).all()) != len(ids):
        raise EndedError("It has an outcome already.")
    # A column's own name is taken: it is what the row is set to.
    rows = [{"its_id": one.id} | {f"new_{n}": getattr(one, n) for n in _END} for one in ended]
    db.execute(_ENDING, rows)
    if many := [one.id for one in ended if one.steps]:
        db.execute(sa.delete(CHUNK).where(CHUNK.c.owner.in_(many)))


def on_queue(db: sa.Connection, server: str, queue: str, most: int, seen: Seen) -> list[Running]:
    """Return the newest operations on a queue that are ``seen``."""
    asked = sa.select(OPERATION).where(OPERATION.c.server == server, OPERATION.c.queue == queue)
    return _newest(db, asked.order_by(OPERATION.c.started_at.desc()), most, seen)


def on_server(db: sa.Connection, server: str, most: int, seen: Seen) -> list[Running]:
    """Return the newest operations on a server that are ``seen``."""
    asked = sa.select(OPERATION).where(OPERATION.c.server == server)
    return _newest(db, asked.order_by(OPERATION.c.record.desc()), most, seen)


def on_job(db: sa.Connection, server: str, jid: str, most: int, seen: Seen) -> list[Running]:
    """Return the newest seen ones that named a job, or a few jobs with it among them."""
    named = sa.select(TOUCHED.c.operation).where(TOUCHED.c.server == server, TOUCHED.c.jid == jid)
    asked = sa.select(OPERATION).where(OPERATION.c.id.in_(named))
    return _newest(db, asked.order_by(OPERATION.c.record.desc()), most, seen)


def _newest(db: sa.Connection, asked: sa.Select[Any], most: int, seen: Seen) -> list[Running]:
    found: list[Running] = []
    for start in range(0, _LOOKED_AT, _AT_ONCE):
        some = _all(db, asked.offset(start).limit(_AT_ONCE))
        found += [one for one in some if seen(one)]
        if len(found) >= most or len(some) < _AT_ONCE:
            break
    return found[:most]


def _one(db: sa.Connection, where: sa.ColumnElement[bool]) -> Running | None:
    found = _all(db, sa.select(OPERATION).where(where))
    return found[0] if found else None


def _all(db: sa.Connection, asked: sa.Select[Any]) -> list[Running]:
    return [Running(**row) for row in db.execute(asked).mappings()]
