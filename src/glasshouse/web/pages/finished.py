"""``/{server}/finished``: the log of executions that ended, and the times per job type."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.model.errors import InvalidError, UpstreamUnavailableError
from glasshouse.model.finished import FinishedFilter, FinishedPage, TimesTable, TypeTimes
from glasshouse.model.job import Outcome
from glasshouse.model.parameters import Parameter
from glasshouse.monitor.view import ServerView
from glasshouse.web.http import query
from glasshouse.web.presentation import rows, views
from glasshouse.web.presentation.executions import (
    MEANINGS,
    can_be_asked_for,
    execution_row,
    finished_href,
    type_href,
)
from glasshouse.web.presentation.list_query import NOT_ENDED, Address, gone_to
from glasshouse.web.presentation.paging import late
from glasshouse.web.request.context import PageContext, PageResult, paging, server_of
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

SHOWN_TYPES = 8
_MOST_CHOICES = 200
_NAME = 120
_FILTERS = ("type", "queue", "outcome", "error", "id")


async def finished(context: PageContext) -> PageResult:
    """``/{server}/finished``: what ran, where, how long it waited and ran, and how it ended."""
    server = server_of(context)
    wanted = query.finished_filter(context.query)
    fault, moved = _gone_to(context, server.name)
    page = await server.finished(wanted, page=paging(context)[0], per_page=rows.PER_PAGE)
    view = _NOT_OFFERED
    if page is not None:
        times, kept = await _beside(server, wanted)
        view = _view(context, server, wanted, page, times, kept, fault)
    return PageResult(
        template="finished.html",
        view=view,
        title=t("Finished", context.locale),
        generation_bound=not server.behind and (page is None or page.late is None),
        status=200 if fault is None else 400,
        location=moved,
    )


def _gone_to(context: PageContext, server: str) -> tuple[InvalidError | None, str]:
    """Return what is wrong with the page or time that was typed, or where it leads."""
    kept = tuple((name, context.query[name]) for name in _FILTERS if context.query.get(name))
    try:
        return None, (gone_to(context, Address(f"/{server}/finished", kept), past=NOT_ENDED) or "")
    except InvalidError as error:
        return error, ""


_NOT_OFFERED = views.FinishedView(
    offered=False,
    off=False,
    keeps="",
    parameters_href="",
    filter=None,
    times=None,
    rows=(),
    searched="",
    newer="",
    newest_href="",
    fault="",
    remedy="",
    pager=None,
)


async def _beside(
    server: ServerView, wanted: FinishedFilter
) -> tuple[TimesTable | None, Mapping[str, Parameter]]:
    """Return what surrounds the list; nothing while the server is unavailable."""
    try:
        times = None if wanted.jid is not None else await server.type_times()
        parameters = await server.parameters()
    except UpstreamUnavailableError:
        return None, {}
    return times, {item.name: item for item in parameters or ()}


def _view(
    context: PageContext,
    server: ServerView,
    wanted: FinishedFilter,
    page: FinishedPage,
    times: TimesTable | None,
    kept: Mapping[str, Parameter],
    fault: InvalidError | None,
) -> views.FinishedView:
    now, locale, name = context.now, context.locale, server.name
    filters = {key: context.query.get(key, "") for key in _FILTERS}
    href = finished_href(name, **filters)
    pager = rows.pager(
        page, href, locale, further=finished_href(name, **filters, until=str(page.newest))
    )
    skipped = page.held - page.newer - page.searched if wanted.selects else 0
    return views.FinishedView(
        offered=True,
        off=not page.held and "finished_most" in kept and not kept["finished_most"].value,
        keeps=_keeps(kept, locale),
        parameters_href=f"/{name}/parameters",
        filter=_filter(server, filters, times, locale),
        times=None if times is None else _times(times, wanted, name, now, locale),
        rows=tuple(execution_row(entry, name, now, locale) for entry in page.items),
        searched=t(
            "Only the newest {n} entries were searched.",
            locale,
            n=fmt.number(page.searched, locale),
        )
        if skipped > 0
        else "",
        newer=t("Newer entries are hidden so that pages do not shift.", locale)
        if page.newer
        else "",
        newest_href=href,
        fault="" if fault is None else fmt.display_text(t(fault.detail, locale)),
        remedy="" if fault is None else t(fault.remedy, locale),
        pager=msgspec.structs.replace(
            pager, go=_go(name, filters) if page.held else None, late=late(page, now, locale)
        ),
    )


def _go(server: str, filters: Mapping[str, str]) -> views.JumpForm:
    given = tuple(
        views.HiddenField(name=key, value=value) for key, value in filters.items() if value
    )
    return views.JumpForm(action=f"/{server}/finished", hidden=given)


def _keeps(kept: Mapping[str, Parameter], locale: str) -> str:
    most, lifetime = kept.get("finished_most"), kept.get("finished_lifetime")
    if most is None or lifetime is None:
        return ""
    return t(
        "The log keeps up to {n} executions, for {time}.",
        locale,
        n=fmt.number(int(most.value), locale),
        time=fmt.exactly(lifetime.value, locale),
    )


def _filter(
    server: ServerView, filters: Mapping[str, str], times: TimesTable | None, locale: str
) -> views.FilterView:
    state = server.snapshot.state
    types = () if times is None else (item.jobtype for item in times.types)
    queues = () if state is None else (queue.name for queue in state.queues)
    return views.FilterView(
        action=f"/{server.name}/finished",
        active=any(filters.values()),
        jobtype=fmt.display_text(filters["type"]),
        queue=fmt.display_text(filters["queue"]),
        error=fmt.display_text(filters["error"]),
        jid=fmt.display_text(filters["id"]),
        types=tuple(sorted(filter(can_be_asked_for, types)))[:_MOST_CHOICES],
        queues=tuple(sorted(filter(can_be_asked_for, queues)))[:_MOST_CHOICES],
        outcomes=tuple(
            views.Choice(value=value, label=label, chosen=filters["outcome"] == value)
            for value, label in _outcomes(locale)
        ),
    )


def _outcomes(locale: str) -> list[tuple[str, str]]:
    each = [(outcome.value, _outcome_label(outcome, locale)) for outcome in Outcome]
    failed = (query.FAILED_OUTCOMES, t("any failure", locale))
    return [("", t("any", locale)), each[0], failed, *each[1:]]


def _outcome_label(outcome: Outcome, locale: str) -> str:
    label = t("outcome " + outcome.value, locale)
    return label if outcome is Outcome.DONE else f"{label}: {t(MEANINGS[outcome], locale)}"


def _times(
    times: TimesTable, wanted: FinishedFilter, server: str, now: float, locale: str
) -> views.TimesView:
    types = [item for item in times.types if wanted.jobtype in (None, item.jobtype)]
    all_rows = tuple(_times_row(item, server, locale) for item in types)
    others = all_rows[SHOWN_TYPES:]
    if times.executions < times.held:
        over = t(
            "Based on the newest {n} of {total} executions in the log; the oldest ended",
            locale,
            n=fmt.number(times.executions, locale),
            total=fmt.number(times.held, locale),
        )
    else:
        over = t(
            "Based on all {n} executions in the log; the oldest ended",
            locale,
            n=fmt.number(times.executions, locale),
        )
    beyond = times.type_count - len(times.types)
    return views.TimesView(
        rows=all_rows[:SHOWN_TYPES],
        others=others,
        others_label=t("{n} more types", locale, n=fmt.number(len(others), locale)),
        left_out=fmt.number(beyond, locale) if beyond and wanted.jobtype is None else "",
        over=over,
        since=None if times.first_at is None else fmt.moment(times.first_at, now, locale),
    )


def _times_row(item: TypeTimes, server: str, locale: str) -> views.TimesRow:
    def waited(seconds: float | None) -> str:
        return "" if seconds is None else fmt.span(seconds, locale)

    return views.TimesRow(
        row=rows.element_id("type", item.jobtype),
        jobtype=fmt.cut(fmt.display_text(item.jobtype), _NAME),
        href=type_href(server, item.jobtype),
        count=fmt.number(item.count, locale),
        failed=fmt.number(item.failed, locale),
        failed_href=type_href(server, item.jobtype, outcome=query.FAILED_OUTCOMES),
        share=fmt.separated(f"{100 * item.failed / item.count:.1f} %", locale)
        if item.failed
        else "",
        wait_median=waited(item.wait_median),
        wait_p95=waited(item.wait_p95),
        run_median=fmt.span(item.run_median, locale),
        run_p95=fmt.span(item.run_p95, locale),
        run_most=fmt.span(item.run_most, locale),
    )
