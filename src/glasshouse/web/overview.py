"""The fleet and one server at a glance."""

from __future__ import annotations

from glasshouse.floor.snapshot import Snapshot
from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.job import JobSet
from glasshouse.model.listing import ListQuery
from glasshouse.model.server import ServerState
from glasshouse.web import format as fmt
from glasshouse.web import rows, views
from glasshouse.web.attention import attention
from glasshouse.web.busy import known_workers, workers_of
from glasshouse.web.context import PageContext, PageResult, result, server_of
from glasshouse.web.i18n import t

_TOP_QUEUES = 10
_TOP_FAILURES = 5
_TOP_WORKERS = 20


async def fleet(context: PageContext) -> PageResult:
    """``/``: every server at a glance."""
    servers = tuple(_fleet_server(context, name) for name in context.floor.names)
    view = views.FleetView(servers=servers)
    return result(context, "fleet", view, "Servers", generation_bound=False)


async def overview(context: PageContext) -> PageResult:
    """``/{server}``: totals, rates, what needs attention, queues, failures, workers."""
    server = server_of(context)
    snapshot = server.snapshot
    state = snapshot.state
    failures: tuple[views.JobRow, ...] = ()
    if state is not None and state.sets.retries:
        try:
            page = await server.set_jobs(JobSet.RETRIES, ListQuery(per_page=_TOP_FAILURES))
            failures = rows.job_rows(page, server.name, context.now, context.locale)
        except UpstreamUnavailableError:
            # The banner says that the server is gone; the rest of the page is still of use.
            failures = ()
    view = _overview(context, server.name, snapshot, failures)
    return result(context, "overview", view, "Overview", generation_bound=False)


def _overview(
    context: PageContext, name: str, snapshot: Snapshot, failures: tuple[views.JobRow, ...]
) -> views.OverviewView:
    state, now, locale = snapshot.state, context.now, context.locale
    known = () if state is None else state.queues
    top = sorted(known, key=lambda queue: (-queue.size, queue.name))[:_TOP_QUEUES]
    started = None if state is None else state.started_at
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
        workers=workers_of(context, state, most=_TOP_WORKERS),
        more_workers=max(0, len(known_workers(state)) - _TOP_WORKERS),
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


def _description(state: ServerState | None) -> str:
    if state is None:
        return ""
    return fmt.cut(fmt.display_text(f"{state.description} {state.version}"), 80)
