"""The JSON twins of the pages, by route name. No handler does HTTP or changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from glasshouse.health.findings import PROBLEM, findings
from glasshouse.health.rates import SHORT, recent
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobSet
from glasshouse.model.listing import JobPage
from glasshouse.model.server import Queue, ServerState, Worker
from glasshouse.monitor.snapshot import Fault, Snapshot
from glasshouse.monitor.view import ServerView
from glasshouse.web.api import finished
from glasshouse.web.api.me import told_of
from glasshouse.web.pages.history import history_listing
from glasshouse.web.pages.search import search_listing
from glasshouse.web.presentation.attention import summary_of, told
from glasshouse.web.presentation.list_query import list_query, write_place
from glasshouse.web.request.context import PageContext, server_of
from glasshouse.web.shapes import jobs
from glasshouse.web.shapes.lists import part
from glasshouse.web.shapes.responses import (
    DayShape,
    FaultShape,
    FindingShape,
    FinishedListing,
    FinishedShape,
    HistoryListing,
    JobListing,
    JobShape,
    Listing,
    MeShape,
    ParameterShape,
    PartListing,
    QueueShape,
    SearchListing,
    ServerShape,
    Shape,
    StateShape,
    TimesListing,
    TypeTimesShape,
    WorkerShape,
    known,
    moment,
)

_FINDINGS = 50
"""The most findings that are reported, the gravest first."""

Handler = Callable[[PageContext], Awaitable[Shape]]


class Endpoint(NamedTuple):
    """A handler, and the shape of its response: of the items if it is a list."""

    handler: Handler
    shape: type[Shape]
    listing: type[Listing] | None


async def me(context: PageContext) -> Shape:
    """Return who the requester is, and what they may see and do."""
    return told_of(context)


async def servers(context: PageContext) -> Shape:
    """List the servers of this console."""
    every = [_server(context.monitor.server(name), context.now) for name in context.monitor.names]
    ages = [item.age for item in every if isinstance(item.age, float)]
    return part(context, every, max(ages, default=None))


async def state(context: PageContext) -> Shape:
    """Return a server's totals, and what is wrong there."""
    monitor, now = server_of(context), _known(context)
    common = msgspec.structs.asdict(_server(monitor, context.now))
    lately = None if monitor.snapshot.fault else recent(monitor.snapshot.samples, SHORT)
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
        connections=known(now.connections),
        command_count=known(now.command_count),
        memory_mb=known(now.memory_mb),
        round_trip=known(monitor.snapshot.round_trip),
        processed_per_second=UNSET if lately is None else lately.processed_rate,
        failed_per_second=UNSET if lately is None else lately.failed_rate,
        commands_per_second=UNSET if lately is None else known(lately.command_rate),
        refusing=known(now.refusing),
        findings=await _findings(context, monitor),
    )


async def _findings(context: PageContext, monitor: ServerView) -> tuple[FindingShape, ...]:
    result = findings(monitor.name, monitor.snapshot, await summary_of(monitor), context.now)
    return tuple(
        FindingShape(
            kind=finding.kind.name.lower(),
            severity="problem" if finding.kind.weight >= PROBLEM else "warning",
            text=told(finding, "en").text,
            page=finding.href,
        )
        for finding in result[:_FINDINGS]
    )


async def queues(context: PageContext) -> Shape:
    """List a server's queues."""
    snapshot = server_of(context).snapshot
    every = [_queue(queue, snapshot, context.now) for queue in _known(context).queues]
    return part(context, every, snapshot.age(context.now))


async def workers(context: PageContext) -> Shape:
    """List a server's workers; without ``items`` when the server does not tell."""
    state, snapshot = _known(context).workers, server_of(context).snapshot
    since = snapshot.quiet_since
    every = None if state is None else [_worker(item, since.get(item.wid)) for item in state]
    return part(context, every, snapshot.age(context.now))


async def queue_jobs(context: PageContext) -> Shape:
    """List the jobs of a queue."""
    monitor = server_of(context)
    return _listed(context, await monitor.queue_jobs(context.params["queue"], list_query(context)))


async def set_jobs(context: PageContext) -> Shape:
    """List the jobs of a set."""
    try:
        name = JobSet(context.params["set"])
    except ValueError:
        raise NotFoundError(
            f"The set {context.params['set']!r} does not exist.",
            remedy=f"The sets are {', '.join(JobSet)}.",
        ) from None
    return _listed(context, await server_of(context).set_jobs(name, list_query(context)))


async def working_jobs(context: PageContext) -> Shape:
    """List the jobs that run now, the first to lose its reservation first."""
    return _listed(context, await server_of(context).working_jobs(list_query(context)))


ENDPOINTS: dict[str, Endpoint] = {
    "me": Endpoint(me, MeShape, None),
    "servers": Endpoint(servers, ServerShape, Listing),
    "state": Endpoint(state, StateShape, None),
    "queues": Endpoint(queues, QueueShape, Listing),
    "queue_jobs": Endpoint(queue_jobs, JobShape, PartListing),
    "set_jobs": Endpoint(set_jobs, JobShape, PartListing),
    "working_jobs": Endpoint(working_jobs, JobShape, PartListing),
    "search_listing": Endpoint(search_listing, JobShape, SearchListing),
    "history_listing": Endpoint(history_listing, DayShape, HistoryListing),
    "jobs": Endpoint(finished.jobs_by_id, JobShape, JobListing),
    "workers": Endpoint(workers, WorkerShape, Listing),
    "finished": Endpoint(finished.finished, FinishedShape, FinishedListing),
    "finished_types": Endpoint(finished.finished_types, TypeTimesShape, TimesListing),
    "parameters": Endpoint(finished.parameters, ParameterShape, Listing),
}


def _known(context: PageContext) -> ServerState:
    snapshot = server_of(context).snapshot
    if snapshot.state is None:
        fault = snapshot.fault
        raise UpstreamUnavailableError(
            fault.detail if fault else "The job server has not been read yet.",
            remedy=fault.remedy if fault else "Try again in a second.",
        )
    return snapshot.state


def _listed(context: PageContext, page: JobPage) -> Listing:
    searched = page.searched
    return PartListing(
        items=[jobs.flattened(job, whole=False) for job in page.items],
        total=page.total if searched is None else UNSET,
        page=page.page,
        per_page=page.per_page,
        next=UNSET if page.next is None else write_place(page.next),
        looked_at=UNSET if searched is None else searched.looked_at,
        of=UNSET if searched is None else page.total,
        complete=UNSET if searched is None else searched.complete,
        age=max(0.0, context.now - page.read_at),
    )


def _server(monitor: ServerView, now: float) -> ServerShape:
    snapshot = monitor.snapshot
    state = snapshot.state
    return ServerShape(
        name=monitor.name,
        description=UNSET if state is None else state.description,
        version=UNSET if state is None else state.version,
        age=known(snapshot.age(now)),
        fault=UNSET if snapshot.fault is None else fault_shape(snapshot.fault),
    )


def fault_shape(fault: Fault) -> FaultShape:
    """Return a fault as it is reported to programs."""
    since = moment(fault.since)
    return FaultShape(since=str(since), detail=fault.detail, remedy=fault.remedy)


def _queue(queue: Queue, snapshot: Snapshot, now: float) -> QueueShape:
    return QueueShape(
        name=queue.name,
        size=queue.size,
        latency=known(queue.latency(now)),
        growth=known(snapshot.growth(queue)),
        paused=known(queue.paused),
    )


def _worker(worker: Worker, quiet_since: float | None) -> WorkerShape:
    return WorkerShape(
        wid=worker.wid,
        hostname=known(worker.hostname or None),
        pid=known(worker.pid),
        labels=worker.labels,
        rss_kb=known(worker.rss_kb),
        state=worker.state.value,
        started_at=moment(worker.started_at),
        last_beat=moment(worker.last_beat),
        quiet_since=moment(quiet_since),
        busy=worker.busy,
    )
