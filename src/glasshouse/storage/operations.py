"""Operations: what was shown before confirmation, what is running, and what was done.

A preview and the operation that follows it have the same id, so that confirming twice is one
operation. A preview's row is locked before its jobs are touched: either an operation keeps the
jobs, or they go with the preview.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from glasshouse.model.errors import GlasshouseError, StoreError
from glasshouse.storage.tables import CHUNK, OPERATION, PREVIEW, TOUCHED, TRASH

PREVIEW_SECONDS = 600.0
_PREVIEWS = 20
_AT_ONCE, _LOOKED_AT = 20, 500
"""Operations read at once, and how many are examined to find those that may be seen."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What was shown to someone; ``asked`` is the operation request in its canonical form.

    ``steps`` is the number of pieces in which its jobs are kept.
    """

    id: str
    actor: str
    server: str
    asked: bytes
    summary: bytes
    created_at: float
    steps: int = 0


class RunningOperation(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that was begun; ``ended_at`` is ``None`` until its outcome is recorded.

    ``record`` is the number of its intent in the ledger. ``done`` and ``moved`` count jobs of the
    steps before ``step``; ``examples`` is JSON: ids of some that had moved. ``order_digest``
    identifies the exact request that was confirmed. ``queues`` is JSON: the queues that it was
    decided by and is about; empty where that may be the whole server. ``stopped_by`` requested
    the stop. ``lease_owner`` is the console that carries it out, under ``fence``, until
    ``lease_expires_at`` (see ``leases``).
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
    order_digest: str = ""
    queues: str = ""
    stopped_by: str = ""
    lease_owner: str = ""
    lease_expires_at: float = 0.0
    fence: int = 0


Seen = Callable[[RunningOperation], bool]
"""Whether someone may see that an operation was done."""


class NewOperation(NamedTuple):
    """An operation that is about to be done, with its jobs and the job ids to find it by.

    ``previewed``: a preview with its id has the jobs, unless it was pushed out meanwhile.
    ``lease`` is for how many seconds it belongs to the one that begins it.
    """

    running: RunningOperation
    jids: Sequence[str]
    chunks: Sequence[bytes]
    previewed: bool
    lease: float


class NotRunningError(StoreError):
    """The operation has ended, or was already asked to stop."""


class JobsGoneError(GlasshouseError):
    """What an operation was to change is no longer known."""

    code = "jobs_gone"


_BEGIN = sa.insert(OPERATION)
_END = ("asked", "step", "done", "moved", "examples", "outcome", "detail", "ended_at")
_ENDING = (
    sa.update(OPERATION)
    .where(OPERATION.c.id == sa.bindparam("its_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _END})
)


def show(db: sa.Connection, preview: Preview, chunks: Sequence[bytes]) -> None:
    """Store a preview and its jobs; drop those not confirmed in time, and all but the newest 20."""
    old = PREVIEW.c.created_at < preview.created_at - PREVIEW_SECONDS
    others = sa.select(PREVIEW.c.id).where(PREVIEW.c.actor == preview.actor)
    least = others.order_by(PREVIEW.c.created_at.desc()).offset(_PREVIEWS - 1)
    _drop(db, sa.select(PREVIEW.c.id).where(sa.or_(old, PREVIEW.c.id.in_(least))))
    db.execute(sa.insert(PREVIEW).values(msgspec.structs.asdict(preview)))
    freeze(db, preview.id, chunks)


def _drop(db: sa.Connection, which: sa.Select[tuple[str]]) -> None:
    """Delete previews with their jobs, but none that is being confirmed."""
    ids = list(db.execute(which.with_for_update(skip_locked=True)).scalars())
    if ids:
        db.execute(sa.delete(PREVIEW).where(PREVIEW.c.id.in_(ids)))
        db.execute(sa.delete(CHUNK).where(CHUNK.c.owner.in_(ids)))


def freeze(db: sa.Connection, owner: str, chunks: Sequence[bytes]) -> None:
    """Store frozen jobs under the id of their preview or operation."""
    rows = [
        {"owner": owner, "step": step, "entries": entries} for step, entries in enumerate(chunks)
    ]
    if rows:
        db.execute(sa.insert(CHUNK), rows)


def shown(db: sa.Connection, preview: str, now: float) -> Preview | None:
    """Return a preview that is still valid."""
    fresh = (PREVIEW.c.id == preview, PREVIEW.c.created_at >= now - PREVIEW_SECONDS)
    row = db.execute(sa.select(PREVIEW).where(*fresh)).mappings().first()
    return None if row is None else Preview(**row)


def agreed(
    db: sa.Connection, preview: str, now: float
) -> tuple[Preview, list[bytes]] | RunningOperation | None:
    """Return what an id stands for: a still valid preview with its jobs, or an operation.

    Even if someone confirms at the same moment, it is one or the other, and never neither.
    """
    preview_row = shown(db, preview, now)
    if preview_row is None:
        # Checked last: an operation is there as soon as its preview is not.
        return find(db, preview)
    kept = chunks(db, preview)
    # Used or pushed out at this moment: the jobs may have gone with it.
    return (preview_row, kept) if len(kept) == preview_row.steps else find(db, preview)


def chunk(db: sa.Connection, owner: str, step: int) -> bytes:
    """Return the frozen jobs of one step.

    Raises:
        JobsGoneError: they are not there.
    """
    query = sa.select(CHUNK.c.entries).where(CHUNK.c.owner == owner, CHUNK.c.step == step)
    entries = db.execute(query).scalar()
    if entries is None:
        raise JobsGoneError("Its job list is no longer in the console's database.")
    return bytes(entries)


def chunks(db: sa.Connection, owner: str) -> list[bytes]:
    """Return the frozen jobs of all steps."""
    query = sa.select(CHUNK.c.entries).where(CHUNK.c.owner == owner).order_by(CHUNK.c.step)
    return [bytes(entries) for (entries,) in db.execute(query)]


def begin(db: sa.Connection, now: float, *begun: NewOperation) -> None:
    """Store operations that are about to be done; the previews with their ids are used up.

    ``now`` is by the clock of leases. A preview that was pushed out after it was confirmed leaves
    no gap: its jobs are stored as they were shown.
    """
    rows = [
        msgspec.structs.asdict(one.running) | {"lease_expires_at": now + one.lease} for one in begun
    ]
    db.execute(_BEGIN, rows)
    touched = [
        {"operation": one.running.id, "place": n, "server": one.running.server, "jid": jid}
        for one in begun
        for n, jid in enumerate(one.jids)
    ]
    if touched:
        db.execute(sa.insert(TOUCHED), touched)
    there: set[str] = set()
    if used := [one.running.id for one in begun if one.previewed]:
        gone = sa.delete(PREVIEW).where(PREVIEW.c.id.in_(used)).returning(PREVIEW.c.id)
        there.update(db.execute(gone).scalars())
    for one in begun:
        if one.running.id not in there:
            freeze(db, one.running.id, one.chunks)


def find(db: sa.Connection, operation: str) -> RunningOperation | None:
    """Return an operation by its id."""
    return _one(db, OPERATION.c.id == operation)


def by_record(db: sa.Connection, record: int) -> RunningOperation | None:
    """Return an operation by the number of its intent."""
    return _one(db, OPERATION.c.record == record)


def unended(db: sa.Connection) -> list[RunningOperation]:
    """Return the operations that have no outcome, oldest first."""
    query = sa.select(OPERATION).where(OPERATION.c.ended_at.is_(None))
    return _all(db, query.order_by(OPERATION.c.record))


def progress(db: sa.Connection, running: RunningOperation) -> str | None:
    """Store the progress of an operation held by ``leases.hold``; return who wants it to stop."""
    ours = OPERATION.c.id == running.id
    values = {name: getattr(running, name) for name in ("step", "done", "moved", "examples")}
    db.execute(sa.update(OPERATION).where(ours).values(values))
    row = db.execute(sa.select(OPERATION.c.stop, OPERATION.c.stopped_by).where(ours)).one()
    return str(row.stopped_by) if row.stop else None


def stop(db: sa.Connection, operation: str, by: str) -> None:
    """Make it stop before its next step, because someone requested that.

    Raises:
        NotRunningError: it has ended, or was already to stop; nothing was changed.
    """
    runs = (OPERATION.c.id == operation, OPERATION.c.ended_at.is_(None), OPERATION.c.stop == 0)
    result = db.execute(sa.update(OPERATION).where(*runs).values(stop=1, stopped_by=by))
    if not result.rowcount:
        raise NotRunningError("It is no longer running, or is already stopping.")


def end(db: sa.Connection, *ended: RunningOperation) -> None:
    """Store how operations that ``leases.hold`` holds ended."""
    # A column's own name is taken: it is what the row is set to.
    rows = [{"its_id": one.id} | {f"new_{n}": getattr(one, n) for n in _END} for one in ended]
    db.execute(_ENDING, rows)
    if many := [one.id for one in ended if one.steps]:
        db.execute(sa.delete(CHUNK).where(CHUNK.c.owner.in_(many)))


def on_queue(
    db: sa.Connection, server: str, queue: str, most: int, seen: Seen
) -> list[RunningOperation]:
    """Return the newest operations on a queue that are ``seen``."""
    query = sa.select(OPERATION).where(OPERATION.c.server == server, OPERATION.c.queue == queue)
    return _newest(db, query.order_by(OPERATION.c.started_at.desc()), most, seen)


def on_server(db: sa.Connection, server: str, most: int, seen: Seen) -> list[RunningOperation]:
    """Return the newest operations on a server that are ``seen``."""
    query = sa.select(OPERATION).where(OPERATION.c.server == server)
    return _newest(db, query.order_by(OPERATION.c.record.desc()), most, seen)


def on_job(
    db: sa.Connection, server: str, jid: str, most: int, seen: Seen
) -> list[RunningOperation]:
    """Return the newest seen operations that named a job, or a few jobs including it.

    Those that deleted it are included as long as the trash has it, however many jobs they had.
    """
    named, trashed = (
        sa.select(table.c.operation).where(table.c.server == server, table.c.jid == jid)
        for table in (TOUCHED, TRASH)
    )
    query = sa.select(OPERATION).where(OPERATION.c.id.in_(sa.union(named, trashed)))
    return _newest(db, query.order_by(OPERATION.c.record.desc()), most, seen)


def _newest(
    db: sa.Connection, query: sa.Select[Any], most: int, seen: Seen
) -> list[RunningOperation]:
    operations: list[RunningOperation] = []
    for start in range(0, _LOOKED_AT, _AT_ONCE):
        some = _all(db, query.offset(start).limit(_AT_ONCE))
        operations += [one for one in some if seen(one)]
        if len(operations) >= most or len(some) < _AT_ONCE:
            break
    return operations[:most]


def _one(db: sa.Connection, where: sa.ColumnElement[bool]) -> RunningOperation | None:
    rows = _all(db, sa.select(OPERATION).where(where))
    return rows[0] if rows else None


def _all(db: sa.Connection, query: sa.Select[Any]) -> list[RunningOperation]:
    return [RunningOperation(**row) for row in db.execute(query).mappings()]
