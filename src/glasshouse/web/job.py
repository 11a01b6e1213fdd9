"""The page of one job: everything known of its id, and its executions that ended."""

from __future__ import annotations

import msgspec

from glasshouse.floor.view import ServerView
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.finished import Executions, TypeTimes
from glasshouse.web import format as fmt
from glasshouse.web import ids, views
from glasshouse.web.budget import Budget
from glasshouse.web.context import PageContext, PageResult, server_of
from glasshouse.web.executions import ran_view
from glasshouse.web.i18n import t
from glasshouse.web.jobpage import About, entry
from glasshouse.web.people import strips
from glasshouse.web.rows import job_href
from glasshouse.web.steps import late

_MOST_ENTRIES = 20


async def job(context: PageContext) -> PageResult:
    """``/{server}/jobs/{jid}``: one job in full, and its executions that ended.

    Raises:
        NotFoundError: neither the server nor its log knows this id (any more).
    """
    server = server_of(context)
    jid, now, locale = context.params["jid"], context.now, context.locale
    found = await server.jobs(jid)
    ran = await _executions(server, jid)
    if not found.items and (ran is None or not ran.items):
        raise _gone(locale, logged=ran is not None)
    times = {item.jobtype: item for item in await _times(server)}
    about = About(server.name, now, locale, server.snapshot.state, times, ran, context)
    budget = Budget()
    strip = await strips.on_job(context, jid)
    shown = found.items[:_MOST_ENTRIES]
    view = views.JobView(
        jid=fmt.display_text(jid),
        json_href=f"/api/v1/servers/{server.name}/jobs/{ids.segment(jid)}",
        entries=tuple(
            entry(job, about, budget, first=number == 0) for number, job in enumerate(shown)
        ),
        total=found.total,
        ran=None if ran is None else ran_view(ran, jid, server.name, now, locale),
        late=late(found, now, locale) or late(ran, now, locale),
        to=f"/{server.name}/operations",
        reveal=f"{job_href(server.name, jid)}/reveal"
        if server.sight.payload and context.viewer.signed_in
        else "",
        reveal_first=_factor_first(context, jid),
        revealed="",
        strip=strip.rows,
    )
    title = t("Job {jid}", locale, jid=view.jid)
    # How long ago it was read changes although nothing else does.
    return PageResult(
        template="job.html",
        view=view,
        title=title,
        generation_bound=found.late is None
        and (ran is None or ran.late is None)
        and not strip.going,
    )


def _factor_first(context: PageContext, jid: str) -> str:
    """Return where the second factor is shown, if only that is missing to reveal what is hidden."""
    server, viewer = server_of(context), context.viewer
    if server.sight.payload or not viewer.signed_in:
        return ""
    proven = msgspec.structs.replace(viewer.context, factor_age=0.0)
    if not msgspec.structs.replace(viewer, context=proven).sees(server.name).payload:
        return ""
    return f"/step-up?next={fmt.segment(job_href(server.name, jid))}"


async def _executions(server: ServerView, jid: str) -> Executions | None:
    try:
        return await server.executions(jid)
    except UpstreamUnavailableError:
        # The job itself is known from before: it is shown, and nothing is said of its runs.
        return None


async def _times(server: ServerView) -> tuple[TypeTimes, ...]:
    try:
        table = await server.type_times()
    except UpstreamUnavailableError:
        return ()
    return () if table is None else table.types


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
