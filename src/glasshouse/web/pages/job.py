"""The page of one job: everything known about its id, and its executions that ended."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from glasshouse.model import addresses
from glasshouse.model.addresses import job_href
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.finished import Executions, TypeTimes
from glasshouse.model.listing import Entries
from glasshouse.model.operation import Operation
from glasshouse.model.request import NAMES, Undo
from glasshouse.monitor.view import ServerView
from glasshouse.storage.operations import RunningOperation
from glasshouse.web.operations import activity
from glasshouse.web.operations.buttons import kept_job, mistake_of
from glasshouse.web.pages.job_context import JobContext
from glasshouse.web.pages.job_entries import entry
from glasshouse.web.presentation import views
from glasshouse.web.presentation.executions import ran_view
from glasshouse.web.presentation.paging import late
from glasshouse.web.presentation.size_budget import Budget
from glasshouse.web.request.context import NotFoundPageError, PageContext, PageResult, server_of
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

_MOST_ENTRIES = 20


async def job(context: PageContext) -> PageResult:
    """``/{server}/jobs/{jid}``: one job in full, and its executions that ended.

    Raises:
        NotFoundPageError: neither the server nor its log knows this id (anymore).
    """
    server = server_of(context)
    jid = context.params["jid"]
    entries = await server.jobs(jid)
    ran = await _executions(server, jid)
    strip = await activity.on_job(context, jid)
    view = await _view(context, entries, ran, strip)
    title = t("Job {jid}", context.locale, jid=view.jid)
    if view.gone:
        title = t("Not found", context.locale)
        page = PageResult(template="job.html", view=view, title=title, status=404, live=False)
        raise NotFoundPageError(page, NotFoundError(view.gone, remedy=view.gone_remedy))
    # The time since it was read changes although nothing else does.
    return PageResult(
        template="job.html",
        view=view,
        title=title,
        generation_bound=entries.late is None
        and (ran is None or ran.late is None)
        and not strip.going,
    )


async def _view(
    context: PageContext, entries: Entries, ran: Executions | None, strip: activity.ActivityStrip
) -> views.JobView:
    server, now, locale = server_of(context), context.now, context.locale
    jid = context.params["jid"]
    times = {item.jobtype: item for item in await _times(server)}
    acts = tuple(one for one in strip.done if _was_done(one, jid))
    about = JobContext(
        server.name, now, locale, server.snapshot.state, times, ran, context, acts,
        several=entries.total > 1,
    )  # fmt: skip
    budget = Budget()
    shown = entries.items[:_MOST_ENTRIES]
    known = bool(entries.items or (ran is not None and ran.items))
    may_reveal = server.visibility.payload and context.viewer.signed_in
    reveal = f"{job_href(server.name, jid)}/reveal" if may_reveal else ""
    gone = ("", "") if known else _gone(locale, logged=ran is not None)
    return views.JobView(
        jid=fmt.display_text(jid),
        json_href=f"/api/v1/servers/{server.name}/jobs/{addresses.job_segment(jid)}",
        entries=tuple(
            entry(job, about, budget, first=number == 0) for number, job in enumerate(shown)
        ),
        total=entries.total,
        ran=None if ran is None else ran_view(ran, jid, server.name, now, locale),
        late=late(entries, now, locale) or late(ran, now, locale),
        gone=gone[0],
        gone_remedy=gone[1],
        home=f"/{server.name}",
        trash="" if entries.items else _trash(context, acts),
        kept=None if entries.items else kept_job(context),
        reveal=reveal,
        reveal_first=_factor_first(context, jid),
        revealed="",
        reveal_mistake=_mistake(context) if reveal and shown and shown[0].redacted else None,
        strip=strip.rows,
    )


def _was_done(one: RunningOperation, jid: str) -> bool:
    """Return whether an operation that named a job changed it."""
    return bool(one.done) and jid not in msgspec.json.decode(one.examples)


def _trash(context: PageContext, acts: Sequence[RunningOperation]) -> str:
    """Return where in the trash a job may be that left the server; empty if the viewer may not."""
    server = server_of(context)
    if not (server.visibility.trash and context.viewer.signed_in):
        return ""
    for one in acts:
        if NAMES[Operation(one.operation)].undo is Undo.TRASH:
            return f"/{server.name}/trash#heap-{one.record}"
    return ""


def _mistake(context: PageContext) -> views.FieldError | None:
    """Return what was wrong with the reason given to see hidden values."""
    slip = context.slip
    requested = slip is not None and not slip.operation
    return mistake_of(slip, context.locale) if slip is not None and requested else None


def _factor_first(context: PageContext, jid: str) -> str:
    """Return where to show the second factor, if only that is missing to reveal hidden values."""
    server, viewer = server_of(context), context.viewer
    if server.visibility.payload or not viewer.signed_in:
        return ""
    proven = msgspec.structs.replace(viewer.context, factor_age=0.0)
    if not msgspec.structs.replace(viewer, context=proven).sees(server.name).payload:
        return ""
    return f"/step-up?next={fmt.segment(job_href(server.name, jid))}"


async def _executions(server: ServerView, jid: str) -> Executions | None:
    try:
        return await server.executions(jid)
    except UpstreamUnavailableError:
        # The job itself was read before: it is shown, without its executions.
        return None


async def _times(server: ServerView) -> tuple[TypeTimes, ...]:
    try:
        table = await server.type_times()
    except UpstreamUnavailableError:
        return ()
    return () if table is None else table.types


def _gone(locale: str, *, logged: bool) -> tuple[str, str]:
    """Return the message for an id about which nothing is known, and the possible reasons."""
    remedy = (
        t(
            "It is not in the log of finished jobs either: it was deleted, it ended "
            "before the log begins, or its id was never used.",
            locale,
        )
        if logged
        else t(
            "It ran, was deleted, or its id was never used. Finished jobs are removed from "
            "the server.",
            locale,
        )
    )
    return t("This job is no longer on the server.", locale), remedy
