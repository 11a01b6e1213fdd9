"""Lists of jobs: one queue, retries, scheduled, dead."""

from __future__ import annotations

from glasshouse.model.job import JobPage, JobSet
from glasshouse.web import format as fmt
from glasshouse.web import rows, views
from glasshouse.web.context import PageContext, PageResult, paging, result, server_of
from glasshouse.web.i18n import t


async def queue(context: PageContext) -> PageResult:
    """``/{server}/queues/{queue}``: the jobs that wait in one queue."""
    server = server_of(context)
    snapshot = server.snapshot
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


async def _set(context: PageContext, name: JobSet, title: str) -> PageResult:
    server = server_of(context)
    page: JobPage = await server.set_jobs(name, page=paging(context)[0], per_page=rows.PER_PAGE)
    view = views.SetView(
        jobs=rows.job_rows(page, server.name, context.now, context.locale),
        pager=rows.pager(page, f"/{server.name}/{name.value}", context.locale),
    )
    return result(context, name.value, view, title)
