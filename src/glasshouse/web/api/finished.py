"""The JSON twins of the finished log and of the parameters.

For a server that keeps no log or has no parameters, the list has no ``items``.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from glasshouse.model.errors import NotFoundError
from glasshouse.model.finished import FinishedJob, TypeTimes
from glasshouse.model.parameters import Parameter
from glasshouse.web.http import query
from glasshouse.web.request.context import PageContext, paging, server_of
from glasshouse.web.shapes import jobs
from glasshouse.web.shapes.lists import part
from glasshouse.web.shapes.responses import (
    FinishedListing,
    FinishedShape,
    JobListing,
    ParameterShape,
    Shape,
    TimesListing,
    TypeTimesShape,
    known,
    moment,
)


async def finished(context: PageContext) -> Shape:
    """List executions that ended, newest first; ``until`` leaves out newer entries than this."""
    page, per_page = paging(context)
    wanted = query.finished_filter(context.query)
    result = await server_of(context).finished(wanted, page=page, per_page=per_page)
    if result is None:
        return FinishedListing(page=page, per_page=per_page, age=_age(context, None))
    beyond = result.held - result.newer - result.searched
    return FinishedListing(
        items=[_finished(entry) for entry in result.items],
        total=result.total,
        page=page,
        per_page=per_page,
        held=result.held,
        searched=result.searched if wanted.selects and beyond > 0 else UNSET,
        age=_age(context, result.read_at),
    )


async def finished_types(context: PageContext) -> Shape:
    """List how long executions of each job type waited and ran, the most frequent type first."""
    page, per_page = paging(context)
    table = await server_of(context).type_times()
    if table is None:
        return TimesListing(page=page, per_page=per_page, age=_age(context, None))
    start = (page - 1) * per_page
    return TimesListing(
        items=[_times(item) for item in table.types[start : start + per_page]],
        total=len(table.types),
        page=page,
        per_page=per_page,
        executions=table.executions,
        held=table.held,
        first_at=moment(table.first_at),
        last_at=moment(table.last_at),
        age=_age(context, table.read_at),
    )


async def jobs_by_id(context: PageContext) -> Shape:
    """List every entry with one job id, each whole, and its executions that ended."""
    jid, server = context.params["jid"], server_of(context)
    entries = await server.jobs(jid)
    ran = await server.executions(jid)
    if not entries.items and (ran is None or not ran.items):
        raise NotFoundError(
            f"The job {jid!r} is not on this server now, nor in its log."
            if ran is not None
            else f"The job {jid!r} is not on this server now.",
            remedy="It may have run; check the queues and sets.",
        )
    items = [jobs.flattened(job, whole=True) for job in entries.items]
    return JobListing(
        items=items,
        total=entries.total,
        page=1,
        per_page=len(items),
        age=_age(context, entries.read_at if ran is None else min(entries.read_at, ran.read_at)),
        executions=UNSET if ran is None else [_finished(entry) for entry in ran.items],
        more_executions=True if ran is not None and ran.more else UNSET,
    )


async def parameters(context: PageContext) -> Shape:
    """List the run-time parameters with their defaults and bounds."""
    values, read_at = await server_of(context).dated_parameters()
    every = None if values is None else [_parameter(item) for item in values]
    return part(context, every, max(0.0, context.now - read_at))


def _age(context: PageContext, read_at: float | None) -> float | UnsetType:
    """Return the age of what was read at ``read_at``; without it, that of the snapshot."""
    if read_at is None:
        return known(server_of(context).snapshot.age(context.now))
    return max(0.0, context.now - read_at)


def _finished(entry: FinishedJob) -> FinishedShape:
    return FinishedShape(
        id=entry.id,
        jid=entry.jid,
        jobtype=entry.jobtype,
        queue=entry.queue,
        outcome=entry.outcome.value,
        ran=_rounded(entry.ran),
        reserved_at=moment(entry.reserved_at),
        finished_at=moment(entry.finished_at),
        enqueued_at=moment(entry.enqueued_at),
        waited=UNSET if entry.waited is None else _rounded(entry.waited),
        wid=entry.wid or UNSET,
        errtype=entry.errtype or UNSET,
    )


def _times(item: TypeTimes) -> TypeTimesShape:
    return TypeTimesShape(
        jobtype=item.jobtype,
        count=item.count,
        failed=item.failed,
        run_median=_rounded(item.run_median),
        run_p95=_rounded(item.run_p95),
        run_most=_rounded(item.run_most),
        wait_median=UNSET if item.wait_median is None else _rounded(item.wait_median),
        wait_p95=UNSET if item.wait_p95 is None else _rounded(item.wait_p95),
    )


def _parameter(item: Parameter) -> ParameterShape:
    return ParameterShape(
        name=item.name,
        value=item.value,
        default=item.default,
        least=item.bound.least,
        most=item.bound.most,
        meaning=item.bound.meaning,
        unit=item.bound.unit or UNSET,
    )


def _rounded(seconds: float) -> float:
    # Differences of Unix times: digits beyond microseconds are arithmetic noise.
    return round(seconds, 6)
