"""The JSON twins of the pages, by route name. No handler does HTTP or changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from glasshouse.floor.floor import ServerFloor
from glasshouse.floor.snapshot import Fault
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobPage, JobSet
from glasshouse.model.server import Queue, ServerState, Worker
from glasshouse.web import jobs
from glasshouse.web.context import PageContext
from glasshouse.web.query import DEFAULT_PER_PAGE
from glasshouse.web.shapes import (
    FaultShape,
    JobShape,
    Listing,
    MeShape,
    QueueShape,
    ServerShape,
    Shape,
    StateShape,
    WorkerShape,
    moment,
)

Handler = Callable[[PageContext], Awaitable[Shape]]


class Endpoint(NamedTuple):
    """A handler, and the shape of its answer: of the items when it is a list."""

    handler: Handler
    shape: type[Shape]
    listing: bool


async def me(_: PageContext) -> Shape:
    """Tell who asks: here always somebody who looks."""
    return MeShape(
        anonymous=True,
        role="viewer",
        allow=[],
        reason="This console only shows; nobody can change anything from here.",
    )


async def servers(context: PageContext) -> Shape:
    """List the servers of this console."""
    every = [_server(context.floor.server(name), context.now) for name in context.floor.names]
    ages = [item.age for item in every if isinstance(item.age, float)]
    return _part(context, every, max(ages, default=None))


async def state(context: PageContext) -> Shape:
    """Tell a server's totals."""
    floor, now = _floor(context), _known(context)
    common = msgspec.structs.asdict(_server(floor, context.now))
    return StateShape(
        **common,
        enqueued=now.enqueued,
        scheduled=now.sets.scheduled,
        retries=now.sets.retries,
        dead=now.sets.dead,
        working=now.sets.working,
        processed=now.processed,
        failures=now.failures,
        queues=len(now.queues),
        workers=UNSET if now.workers is None else len(now.workers),
        started_at=moment(now.started_at),
        connections=_or_unset(now.connections),
        command_count=_or_unset(now.command_count),
        memory_mb=_or_unset(now.memory_mb),
    )


async def queues(context: PageContext) -> Shape:
    """List a server's queues."""
    known = _known(context)
    every = [_queue(queue, context.now) for queue in known.queues]
    return _part(context, every, _floor(context).snapshot.age(context.now))


async def workers(context: PageContext) -> Shape:
    """List a server's workers; without ``items`` when the server does not tell."""
    known = _known(context).workers
    every = None if known is None else [_worker(worker) for worker in known]
    return _part(context, every, _floor(context).snapshot.age(context.now))


async def queue_jobs(context: PageContext) -> Shape:
    """List the jobs of a queue."""
    page, per_page = _paging(context)
    floor = _floor(context)
    found = await floor.queue_jobs(context.params["queue"], page=page, per_page=per_page)
    return _listed(context, found)


async def set_jobs(context: PageContext) -> Shape:
    """List the jobs of a set."""
    page, per_page = _paging(context)
    try:
        name = JobSet(context.params["set"])
    except ValueError:
        raise NotFoundError(
            f"There is no set named {context.params['set']!r}.",
            remedy=f"The sets are {', '.join(JobSet)}.",
        ) from None
    return _listed(context, await _floor(context).set_jobs(name, page=page, per_page=per_page))


async def jobs_by_id(context: PageContext) -> Shape:
    """List every entry with one job id, each whole."""
    jid = context.params["jid"]
    found = await _floor(context).jobs(jid)
    if not found:
        raise NotFoundError(
            f"There is no job {jid!r} on this server now.",
            remedy="It may have run; look at the queues and sets.",
        )
    items = [jobs.flattened(job, whole=True) for job in found]
    age = _or_unset(_floor(context).snapshot.age(context.now))
    return Listing(items=items, total=len(items), page=1, per_page=len(items), age=age)


ENDPOINTS: dict[str, Endpoint] = {
    "me": Endpoint(me, MeShape, listing=False),
    "servers": Endpoint(servers, ServerShape, listing=True),
    "state": Endpoint(state, StateShape, listing=False),
    "queues": Endpoint(queues, QueueShape, listing=True),
    "queue_jobs": Endpoint(queue_jobs, JobShape, listing=True),
    "set_jobs": Endpoint(set_jobs, JobShape, listing=True),
    "jobs": Endpoint(jobs_by_id, JobShape, listing=True),
    "workers": Endpoint(workers, WorkerShape, listing=True),
}


def _floor(context: PageContext) -> ServerFloor:
    if context.server is None:
        raise LookupError("the route names no server")
    return context.server


def _known(context: PageContext) -> ServerState:
    snapshot = _floor(context).snapshot
    if snapshot.state is None:
        fault = snapshot.fault
        raise UpstreamUnavailableError(
            fault.detail if fault else "The job server was not read yet.",
            remedy=fault.remedy if fault else "Try again in a second.",
        )
    return snapshot.state


def _paging(context: PageContext) -> tuple[int, int]:
    given = context.query
    return int(given.get("page", 1)), int(given.get("per_page", DEFAULT_PER_PAGE))


def _part(context: PageContext, every: Sequence[Shape] | None, age: float | None) -> Listing:
    page, per_page = _paging(context)
    start = (page - 1) * per_page
    return Listing(
        items=UNSET if every is None else list(every[start : start + per_page]),
        total=UNSET if every is None else len(every),
        page=page,
        per_page=per_page,
        age=_or_unset(age),
    )


def _listed(context: PageContext, found: JobPage) -> Listing:
    snapshot = _floor(context).snapshot
    confirmed = snapshot.checked_at if snapshot.fault is None else None
    return Listing(
        items=[jobs.flattened(job, whole=False) for job in found.items],
        total=found.total,
        page=found.page,
        per_page=found.per_page,
        age=max(0.0, context.now - max(found.read_at, confirmed or 0.0)),
    )


def _server(floor: ServerFloor, now: float) -> ServerShape:
    snapshot = floor.snapshot
    known = snapshot.state
    return ServerShape(
        name=floor.name,
        description=UNSET if known is None else known.description,
        version=UNSET if known is None else known.version,
        age=_or_unset(snapshot.age(now)),
        fault=UNSET if snapshot.fault is None else fault_shape(snapshot.fault),
    )


def fault_shape(fault: Fault) -> FaultShape:
    """Return a fault as told to programs."""
    since = moment(fault.since)
    return FaultShape(since=str(since), detail=fault.detail, remedy=fault.remedy)


def _queue(queue: Queue, now: float) -> QueueShape:
    return QueueShape(
        name=queue.name,
        size=queue.size,
        latency=_or_unset(queue.latency(now)),
        paused=_or_unset(queue.paused),
    )


def _worker(worker: Worker) -> WorkerShape:
    return WorkerShape(
        wid=worker.wid,
        hostname=worker.hostname,
        pid=worker.pid,
        labels=worker.labels,
        rss_kb=_or_unset(worker.rss_kb),
        state=worker.state.value,
        started_at=moment(worker.started_at),
        last_beat=moment(worker.last_beat),
        busy=worker.busy,
    )


def _or_unset(value: Any) -> Any | UnsetType:
    return UNSET if value is None else value
