"""Lists of jobs: one queue, retries, scheduled, dead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec

from glasshouse.model import addresses
from glasshouse.model.errors import InvalidError
from glasshouse.model.job import JobSet
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.web.operations import activity
from glasshouse.web.operations.buttons import new_job, queue_bars, set_bars
from glasshouse.web.presentation import rows, views
from glasshouse.web.presentation.filter_box import find_view
from glasshouse.web.presentation.list_query import (
    NOT_ENQUEUED,
    REVERSE,
    Address,
    address_of,
    gone_to,
    list_query,
)
from glasshouse.web.presentation.paging import list_pager
from glasshouse.web.request.context import PageContext, PageResult, server_of
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

Read = Callable[[ListQuery], Awaitable[JobPage]]


class _Part(msgspec.Struct, frozen=True):
    """One part of a list as it was read; ``moved`` is where the browser is redirected instead."""

    address: Address
    page: JobPage
    fault: InvalidError | None = None
    moved: str = ""


async def queue(context: PageContext) -> PageResult:
    """``/{server}/queues/{queue}``: the jobs that wait in one queue."""
    server = server_of(context)
    name = context.params.get("queue") or context.query.get("name", "")
    path = addresses.queue_href(server.name, name).partition("?")[0]
    part = await _part(context, path, lambda query: server.queue_jobs(name, query), NOT_ENQUEUED)
    state = server.snapshot.state
    known = () if state is None else state.queues
    row = next((item for item in known if item.name == name), None)
    latency = None if row is None else row.latency(context.now)
    paused = None if row is None else row.paused
    picks, whole = queue_bars(context, name, part.page.total, paused=paused)
    strip = await activity.on_queue(context, name)
    view = views.QueueView(
        name=fmt.display_text(name),
        size=fmt.number(part.page.total, context.locale),
        paused=paused,
        latency="" if not latency else fmt.duration(latency, context.locale),
        find=find_view(context, part.address, part.page, part.fault),
        order=_order(context, part.address, descending=False),
        jobs=rows.job_rows(part.page, server.name, context.now, context.locale),
        pager=list_pager(part.page, part.address, context.now, context.locale),
        picks=picks,
        whole=whole,
        push=new_job(context, name),
        strip=strip.rows,
    )
    title = t("Queue {name}", context.locale, name=view.name)
    page = _result(context, "queue", view, title, part)
    return replace(page, generation_bound=page.generation_bound and not strip.going)


async def retries(context: PageContext) -> PageResult:
    """``/{server}/retries``: failed jobs that will run again, soonest first."""
    return await _set(context, JobSet.RETRIES, t("Retries", context.locale))


async def scheduled(context: PageContext) -> PageResult:
    """``/{server}/scheduled``: jobs that wait for their time, soonest first."""
    return await _set(context, JobSet.SCHEDULED, t("Scheduled", context.locale))


async def dead(context: PageContext) -> PageResult:
    """``/{server}/dead``: jobs that will not run again, newest first."""
    return await _set(context, JobSet.DEAD, t("Dead", context.locale))


async def _set(context: PageContext, name: JobSet, title: str) -> PageResult:
    server = server_of(context)
    path = f"/{server.name}/{name.value}"
    part = await _part(context, path, lambda query: server.set_jobs(name, query))
    total = 0 if part.fault is not None else part.page.total
    picks, whole = set_bars(context, name, context.query.get("q", ""), total)
    view = views.SetView(
        find=find_view(context, part.address, part.page, part.fault),
        order=_order(context, part.address, descending=name is JobSet.DEAD),
        jobs=rows.job_rows(part.page, server.name, context.now, context.locale),
        pager=list_pager(part.page, part.address, context.now, context.locale),
        picks=picks,
        whole=whole,
    )
    return _result(context, name.value, view, title, part)


async def _part(context: PageContext, path: str, read: Read, past: str = "") -> _Part:
    address = address_of(context, path)
    try:
        moved = gone_to(context, address, past=past)
        page = await read(list_query(context) if moved is None else ListQuery(per_page=1))
        return _Part(address, page, None, moved or "")
    except InvalidError as error:
        # Nothing is listed that was not requested; the size of the list is still reported.
        page = await read(ListQuery(per_page=1))
        return _Part(address, msgspec.structs.replace(page, items=(), next=None), error)


def _order(context: PageContext, address: Address, *, descending: bool) -> views.OrderView:
    backwards = context.query.get("order") == REVERSE
    return views.OrderView(
        descending=descending != backwards,
        backwards=backwards,
        href=address.to(order="" if backwards else REVERSE),
        label=t("Reverse order", context.locale),
    )


def _result(
    context: PageContext, template: str, view: msgspec.Struct, title: str, part: _Part
) -> PageResult:
    searched = part.page.searched is not None
    return PageResult(
        template=f"{template}.html",
        view=view,
        title=title,
        generation_bound=part.page.late is None and not (searched and server_of(context).behind),
        status=200 if part.fault is None else 400,
        location=part.moved,
    )
