"""The pages: each asks the floor, and answers with one typed view.

``PAGES`` maps route names to their builders; routing adds nothing to it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.floor.floor import ServerFloor
from glasshouse.floor.snapshot import Snapshot
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.finished import Executions
from glasshouse.model.job import JobPage, JobSet
from glasshouse.model.server import ServerState, Worker
from glasshouse.web import format as fmt
from glasshouse.web import rows, views
from glasshouse.web.attention import attention
from glasshouse.web.context import PageBuilder, PageContext, PageResult, paging, server_of
from glasshouse.web.executions import ran_view
from glasshouse.web.finished import finished
from glasshouse.web.i18n import t
from glasshouse.web.jobpage import entry
from glasshouse.web.parameters import parameters

_TOP_QUEUES = 10
_TOP_FAILURES = 5
_TOP_WORKERS = 20
_MOST_ENTRIES = 20
_MOST_WORKERS = 500
MAX_QUEUES = 2000


async def fleet(context: PageContext) -> PageResult:
    """``/``: every server at a glance."""
    servers = tuple(_fleet_server(context, name) for name in context.floor.names)
    view = views.FleetView(servers=servers)
    return _result(context, "fleet", view, "Servers", generation_bound=False)


async def overview(context: PageContext) -> PageResult:
    """``/{server}``: totals, rates, what needs attention, queues, failures, workers."""
    server, snapshot = _server(context)
    state = snapshot.state
    failures: tuple[views.JobRow, ...] = ()
    if state is not None and state.sets.retries:
        try:
            page = await server.set_jobs(JobSet.RETRIES, page=1, per_page=_TOP_FAILURES)
            failures = rows.job_rows(page, server.name, context.now, context.locale)
        except UpstreamUnavailableError:
            # The banner says that the server is gone; the rest of the page is still of use.
            failures = ()
    view = _overview(context, server.name, snapshot, failures)
    return _result(context, "overview", view, "Overview", generation_bound=False)


async def queues(context: PageContext) -> PageResult:
    """``/{server}/queues``: every queue by name."""
    server, snapshot = _server(context)
    known = () if snapshot.state is None else snapshot.state.queues
    ordered = sorted(known, key=lambda queue: queue.name)[:MAX_QUEUES]
    view = views.QueuesView(
        queues=rows.queue_rows(ordered, server.name, context.now, context.locale),
        total=fmt.number(len(known)),
        left_out=_beyond(len(known), MAX_QUEUES),
        known=snapshot.state is not None,
    )
    return _result(context, "queues", view, "Queues")


async def queue(context: PageContext) -> PageResult:
    """``/{server}/queues/{queue}``: the jobs that wait in one queue."""
    server, snapshot = _server(context)
    name = context.params.get("queue") or context.query.get("name", "")
    page = await server.queue_jobs(name, page=paging(context)[0], per_page=rows.PER_PAGE)
    known = () if snapshot.state is None else snapshot.state.queues
    row = next((item for item in known if item.name == name), None)
    latency = None if row is None else row.latency(context.now)
    view = views.QueueView(
        name=fmt.display_text(name),
        size=fmt.number(page.total),
        paused=None if row is None else row.paused,
        latency="" if latency is None else fmt.duration(latency, context.locale),
        jobs=rows.job_rows(page, server.name, context.now, context.locale),
        pager=rows.pager(page, rows.queue_href(server.name, name), context.locale),
    )
    title = t("Queue {name}", context.locale, name=view.name)
    return PageResult(template="queue.html", view=view, title=title)


async def retries(context: PageContext) -> PageResult:
    """``/{server}/retries``: failed jobs that will run again, soonest first."""
    return await _set(context, JobSet.RETRIES, "Retries")


async def scheduled(context: PageContext) -> PageResult:
    """``/{server}/scheduled``: jobs that wait for their time, soonest first."""
    return await _set(context, JobSet.SCHEDULED, "Scheduled")


async def dead(context: PageContext) -> PageResult:
    """``/{server}/dead``: jobs that will not run again, newest first."""
    return await _set(context, JobSet.DEAD, "Dead")


async def busy(context: PageContext) -> PageResult:
    """``/{server}/busy``: workers, and what they run now."""
    server, snapshot = _server(context)
    page = await server.working_jobs(page=paging(context)[0], per_page=rows.PER_PAGE)
    view = views.BusyView(
        workers=_workers(context, snapshot.state),
        more_workers=_beyond(len(_known_workers(snapshot.state)), _MOST_WORKERS),
        jobs=rows.job_rows(page, server.name, context.now, context.locale),
        pager=rows.pager(page, f"/{server.name}/busy", context.locale),
    )
    return _result(context, "busy", view, "Busy", generation_bound=False)


async def job(context: PageContext) -> PageResult:
    """``/{server}/jobs/{jid}``: one job in full, and its executions that ended.

    Raises:
        NotFoundError: neither the server nor its log knows this id (any more).
    """
    server, _ = _server(context)
    jid, now, locale = context.params["jid"], context.now, context.locale
    found = await server.jobs(jid)
    ran = await _executions(server, jid)
    if not found and (ran is None or not ran.items):
        raise _gone(locale, logged=ran is not None)
    view = views.JobView(
        jid=fmt.display_text(jid),
        json_href=f"/api/v1/servers/{server.name}/jobs/{fmt.segment(jid)}",
        entries=tuple(entry(job, server.name, now, locale) for job in found[:_MOST_ENTRIES]),
        total=len(found),
        ran=None if ran is None else ran_view(ran, jid, server.name, now, locale),
    )
    title = t("Job {jid}", locale, jid=view.jid)
    return PageResult(template="job.html", view=view, title=title)


PAGES: Mapping[str, PageBuilder] = {
    "fleet": fleet,
    "overview": overview,
    "queues": queues,
    "queue": queue,
    "retries": retries,
    "scheduled": scheduled,
    "dead": dead,
    "busy": busy,
    "job": job,
    "finished": finished,
    "parameters": parameters,
}


async def _executions(server: ServerFloor, jid: str) -> Executions | None:
    try:
        return await server.executions(jid)
    except UpstreamUnavailableError:
        # The job itself is known from before: it is shown, and nothing is said of its runs.
        return None


def _gone(locale: str, *, logged: bool) -> NotFoundError:
    remedy = (
        t(
            "The log of finished jobs does not know it either: it was deleted, it ended longer "
            "ago than the log goes back, or its id was never used.",
            locale,
        )
        if logged
        else t(
            "It ran, was deleted, or its id was never used. Finished jobs leave the server.",
            locale,
        )
    )
    return NotFoundError(t("This job is not on the server any more.", locale), remedy=remedy)


async def _set(context: PageContext, name: JobSet, title: str) -> PageResult:
    server, _ = _server(context)
    page: JobPage = await server.set_jobs(name, page=paging(context)[0], per_page=rows.PER_PAGE)
    view = views.SetView(
        jobs=rows.job_rows(page, server.name, context.now, context.locale),
        pager=rows.pager(page, f"/{server.name}/{name.value}", context.locale),
    )
    return _result(context, name.value, view, title)


def _overview(
    context: PageContext, name: str, snapshot: Snapshot, failures: tuple[views.JobRow, ...]
) -> views.OverviewView:
    state, now, locale = snapshot.state, context.now, context.locale
    known = () if state is None else state.queues
    top = sorted(known, key=lambda queue: (-queue.size, queue.name))[:_TOP_QUEUES]
    started = None if state is None else state.started_at
    workers = _workers(context, state)
    return views.OverviewView(
        known=state is not None,
        description=_description(state),
        started=None if started is None else fmt.moment(started, now, locale),
        tiles=() if state is None else _tiles(name, state, locale),
        attention=() if state is None else attention(name, state, now, locale),
        chart=rows.chart(snapshot.samples, now, locale),
        queues=rows.queue_rows(top, name, now, locale),
        queue_count=fmt.number(len(known)),
        queues_href=f"/{name}/queues",
        failures=failures,
        retries_href=f"/{name}/retries",
        workers=None if workers is None else workers[:_TOP_WORKERS],
        more_workers=max(0, len(_known_workers(state)) - _TOP_WORKERS),
        busy_href=f"/{name}/busy",
    )


def _tiles(name: str, state: ServerState, locale: str) -> tuple[views.Tile, ...]:
    sets = state.sets
    share = 100 * state.failures / state.processed if state.processed else 0.0
    failed = t("{n} % of processed", locale, n=f"{share:.1f}") if state.processed else ""
    table = (
        ("Processed", state.processed, "", "", "plain"),
        ("Failed", state.failures, failed, "", "plain"),
        ("Enqueued", state.enqueued, "", "queues", "plain"),
        ("Busy", sets.working, "", "busy", "good" if sets.working else "plain"),
        ("Scheduled", sets.scheduled, "", "scheduled", "plain"),
        ("Retries", sets.retries, "", "retries", "warn" if sets.retries else "plain"),
        ("Dead", sets.dead, "", "dead", "bad" if sets.dead else "plain"),
    )
    return tuple(
        views.Tile(
            label=t(label, locale),
            value=fmt.number(value),
            note=note,
            href=f"/{name}/{path}" if path else "",
            tone=tone,
        )
        for label, value, note, path, tone in table
    )


def _fleet_server(context: PageContext, name: str) -> views.FleetServer:
    snapshot = context.floor.server(name).snapshot
    state = snapshot.state
    return views.FleetServer(
        name=fmt.display_text(name),
        href=f"/{name}",
        description=_description(state),
        reachable=snapshot.fault is None,
        fault="" if snapshot.fault is None else fmt.display_text(snapshot.fault.detail),
        tiles=() if state is None else _tiles(name, state, context.locale),
    )


def _workers(context: PageContext, state: ServerState | None) -> tuple[views.WorkerRow, ...] | None:
    if state is None or state.workers is None:
        return None
    ordered = sorted(state.workers, key=lambda worker: (worker.hostname, worker.wid))[
        :_MOST_WORKERS
    ]
    return tuple(rows.worker_row(worker, context.now, context.locale) for worker in ordered)


def _known_workers(state: ServerState | None) -> tuple[Worker, ...]:
    return () if state is None or state.workers is None else state.workers


def _beyond(total: int, shown: int) -> str:
    """Return how many of ``total`` are not on the page; empty when all are."""
    return fmt.number(total - shown) if total > shown else ""


def _description(state: ServerState | None) -> str:
    if state is None:
        return ""
    return fmt.cut(fmt.display_text(f"{state.description} {state.version}"), 80)


def _server(context: PageContext) -> tuple[ServerFloor, Snapshot]:
    server = server_of(context)
    return server, server.snapshot


def _result(
    context: PageContext,
    template: str,
    view: msgspec.Struct,
    title: str,
    *,
    generation_bound: bool = True,
) -> PageResult:
    return PageResult(
        template=f"{template}.html",
        view=view,
        title=t(title, context.locale),
        generation_bound=generation_bound,
    )
