"""One server at a glance."""

from __future__ import annotations

import heapq

from glasshouse.health.rates import MINUTE, SHORT, recent
from glasshouse.model import addresses
from glasshouse.model.job import StoredJob
from glasshouse.model.messages import message
from glasshouse.model.server import ServerState
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.monitor.summary import FailedRun, Summary
from glasshouse.web.operations import activity
from glasshouse.web.pages.busy import known_workers, totals, workers_of
from glasshouse.web.pages.queues import queue_totals
from glasshouse.web.presentation import executions, payload, rows, views
from glasshouse.web.presentation.attention import attention, summary_of
from glasshouse.web.presentation.chart import chart
from glasshouse.web.request.context import PageContext, PageResult, result, server_of
from glasshouse.web.shapes import unreadable
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

_TOP_QUEUES = 10
_TOP_WORKERS = 10
_MESSAGE = 240
_HOUR = 3600.0
_NOT_YET = "–"
_UP = "Since the server started"
_TRIP = "How long the server took to answer the last request"
TITLES = (_UP, _TRIP)


async def overview(context: PageContext) -> PageResult:
    """``/{server}``: totals, rates, what needs attention, queues, failures, load, workers."""
    server = server_of(context)
    strip = await activity.on_server(context)
    view = _overview(context, server.name, server.snapshot, await summary_of(server), strip.rows)
    return result(context, "overview", view, "Overview", generation_bound=False)


def _overview(
    context: PageContext,
    name: str,
    snapshot: Snapshot,
    summary: Summary | None,
    strip: tuple[views.ActivityRow, ...],
) -> views.OverviewView:
    state, now, locale = snapshot.state, context.now, context.locale
    known = () if state is None else state.queues
    top = heapq.nsmallest(_TOP_QUEUES, known, key=lambda queue: (-queue.size, queue.name))
    logged = summary is not None and summary.failed is not None
    running = 0 if state is None else state.sets.working
    return views.OverviewView(
        known=state is not None,
        description=description_of(state),
        load=load_of(snapshot, now, locale),
        tiles=() if state is None else _tiles(name, state, locale),
        attention=attention(name, snapshot, summary, now, locale),
        calm=_calm(state, locale),
        stale=snapshot.fault is not None,
        chart=chart(snapshot.samples, now, locale),
        queues=rows.queue_rows(top, snapshot, name, now, locale),
        queue_count=fmt.number(len(known), locale),
        queue_totals=queue_totals(known, locale),
        queues_href=f"/{name}/queues" + ("?sort=size" if len(known) > _TOP_QUEUES else ""),
        failures=_failures(summary, name, now, locale),
        no_failures=_no_failures(summary, locale),
        logged=logged,
        failures_href=f"/{name}/finished?outcome=failed" if logged else f"/{name}/retries",
        workers=workers_of(context, snapshot, most=_TOP_WORKERS),
        worker_totals=totals(snapshot, running, snapshot.seen(now), locale),
        more_workers=rows.beyond(len(known_workers(state)), _TOP_WORKERS, locale),
        busy_href=f"/{name}/busy",
        strip=strip,
    )


def _calm(state: ServerState | None, locale: str) -> str:
    """Return the message for when nothing is wrong, as far as that is known."""
    if state is None or state.workers is None:
        return t("Nothing reported by this server.", locale)
    if not state.workers:
        return t("Nothing. No jobs are waiting and no workers are connected.", locale)
    return t("Nothing. Jobs flow and workers respond.", locale)


def _no_failures(summary: Summary | None, locale: str) -> str:
    if summary is None:
        return t("Recent failures are unknown.", locale)
    if summary.failed is None:
        return t("No retries. Nothing has failed recently.", locale)
    return t("No recent failures.", locale)


def _tiles(name: str, state: ServerState, locale: str) -> tuple[views.Tile, ...]:
    sets = state.sets
    part = 100 * state.failures / state.processed if state.processed else 0.0
    failed = (
        t("{n}% of processed", locale, n=fmt.separated(f"{part:.1f}", locale))
        if state.processed
        else ""
    )
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
            value=fmt.number(value, locale),
            note=note,
            href=f"/{name}/{path}" if path else "",
            tone=tone,
        )
        for label, value, note, path, tone in table
    )


def load_of(snapshot: Snapshot, now: float, locale: str) -> tuple[views.Load, ...]:
    """Return the server's load; what it does not report is left out."""
    state = snapshot.state
    if state is None:
        return ()
    seen, lately = snapshot.seen(now), recent(snapshot.samples, SHORT)
    commands = None if state.command_count is None else _NOT_YET
    if lately is not None and lately.command_rate is not None:
        commands = fmt.rate(lately.command_rate, locale)
    trip, since = snapshot.round_trip, state.started_at
    table = (
        (message("Uptime"), None if since is None else _uptime(seen - since, locale), _UP),
        (
            message("Connections"),
            None if state.connections is None else fmt.number(state.connections, locale),
            "",
        ),
        (message("Commands per second"), commands, ""),
        ("Memory", None if state.memory_mb is None else _megabytes(state.memory_mb, locale), ""),
        ("Round trip", None if trip is None else fmt.span(trip, locale), _TRIP),
    )
    return tuple(
        views.Load(label=t(label, locale), value=value, title=t(title, locale) if title else "")
        for label, value, title in table
        if value is not None
    )


def _uptime(seconds: float, locale: str) -> str:
    """Return a server's uptime; without seconds when it is an hour or more."""
    if seconds < _HOUR:
        return fmt.duration(seconds, locale)
    return fmt.span(seconds // MINUTE * MINUTE, locale)


def _megabytes(count: int, locale: str) -> str:
    return fmt.size(max(0, count) << 20, locale)


def _failures(
    summary: Summary | None, server: str, now: float, locale: str
) -> tuple[views.FailureRow, ...]:
    if summary is None:
        return ()
    if summary.failed is None:
        return rows.distinct(_retry(job, server, now, locale) for job in summary.retries)
    return tuple(_failed(run, server, now, locale) for run in summary.failed)


def _failed(failure: FailedRun, server: str, now: float, locale: str) -> views.FailureRow:
    run = failure.run
    return views.FailureRow(
        row=f"failed-{run.id}",
        jid=rows.jid_text(run.jid),
        href=addresses.job_href(server, run.jid),
        jobtype=fmt.cut(fmt.display_text(run.jobtype), 120),
        queue=fmt.name(run.queue),
        queue_href=addresses.queue_href(server, run.queue),
        errtype=fmt.cut(fmt.display_text(run.errtype or ""), 120),
        message="" if failure.job is None else _failure(failure.job)[1],
        outcome=run.outcome.value,
        outcome_label=t(f"outcome {run.outcome.value}", locale),
        outcome_title=t(executions.MEANINGS[run.outcome], locale),
        at=fmt.moment(run.finished_at, now, locale),
    )


def _retry(job: StoredJob, server: str, now: float, locale: str) -> views.FailureRow:
    errtype, message = _failure(job)
    return views.FailureRow(
        row=rows.row_id(job),
        jid=rows.jid_text(job.jid),
        href=addresses.job_href(server, job.jid),
        jobtype=fmt.cut(fmt.display_text(job.jobtype), 120),
        queue=fmt.name(job.queue),
        queue_href=addresses.queue_href(server, job.queue),
        errtype=errtype,
        message=message,
        outcome="",
        outcome_label="",
        outcome_title="",
        at=None if job.at is None else fmt.moment(job.at, now, locale),
    )


def _failure(job: StoredJob) -> tuple[str, str]:
    """Return the type and the message of a job's failure, as far as they exist."""
    return unreadable.shown(_failure_of, job, "en")


def _failure_of(job: StoredJob) -> tuple[str, str]:
    facts = payload.failure_of(payload.fields(job.payload))
    errtype, message = payload.text_of(facts.get("errtype")), payload.message_of(facts)
    return fmt.cut(errtype, 120), fmt.cut(message, _MESSAGE)


def description_of(state: ServerState | None) -> str:
    """Return a server's description of itself."""
    if state is None:
        return ""
    return fmt.cut(fmt.display_text(f"{state.description} {state.version}"), 80)
