"""``/{server}/history``: what ran and what failed, day by day."""

from __future__ import annotations

from msgspec import UNSET

from glasshouse.model.history import Day, History
from glasshouse.web.presentation import views
from glasshouse.web.presentation.chart import ceiling
from glasshouse.web.presentation.rows import share
from glasshouse.web.request.context import PageContext, PageResult, server_of
from glasshouse.web.shapes.responses import DayShape, HistoryListing, Shape
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

SPANS = (30, 90, 180)
_WIDTH, _HEIGHT = 600.0, 112.0


async def history(context: PageContext) -> PageResult:
    """``/{server}/history``: the last 30, 90 or 180 days."""
    server, span = server_of(context), _span(context)
    days = await server.history(span)
    view = _view(context, days, span)
    return PageResult(template="history.html", view=view, title=t("History", context.locale))


async def history_listing(context: PageContext) -> Shape:
    """List what ran and what failed by day, the newest day first."""
    days = await server_of(context).history(_span(context))
    items = [_shape(day) for day in reversed(days.days)]
    return HistoryListing(
        items=items,
        total=len(items),
        per_page=len(items),
        zone="UTC" if days.utc else UNSET,
        age=max(0.0, context.now - days.read_at),
    )


def _span(context: PageContext) -> int:
    return int(context.query.get("days", SPANS[0]))


def _shape(day: Day) -> DayShape:
    return DayShape(day=day.day.isoformat(), processed=day.processed, failed=day.failed)


def _view(context: PageContext, counts: History, span: int) -> views.HistoryView:
    locale, name = context.locale, server_of(context).name
    processed, failed = (
        sum(day.processed for day in counts.days),
        sum(day.failed for day in counts.days),
    )
    top = ceiling(max((day.processed for day in counts.days), default=0))
    lived = _lived(counts)
    return views.HistoryView(
        spans=tuple(
            views.SpanLink(
                label=t("{n} days", locale, n=fmt.number(days, locale)),
                href=f"/{name}/history" + ("" if days == SPANS[0] else f"?days={days}"),
                current=days == span,
            )
            for days in SPANS
        ),
        zone=t("UTC days", locale) if counts.utc else t("Days in the server's time zone", locale),
        processed=fmt.number(processed, locale),
        failed=fmt.number(failed, locale),
        share=share(failed, processed),
        average=fmt.number(round(processed / max(1, lived)), locale),
        over=fmt.counted(lived, "on 1 day", "over {n} days", locale),
        empty=not processed,
        top=fmt.number(int(top), locale),
        middle=fmt.number(int(top / 2), locale) if top > 1 else "",
        first=counts.days[0].day.isoformat() if counts.days else "",
        last=counts.days[-1].day.isoformat() if counts.days else "",
        bars=_bars(counts, top, locale),
        rows=tuple(_row(day, locale) for day in reversed(counts.days) if day.processed),
    )


def _lived(days: History) -> int:
    """Return the number of days since the first on which something ran, both ends included."""
    ran = (index for index, day in enumerate(days.days) if day.processed)
    return len(days.days) - next(ran, len(days.days))


def _bars(days: History, top: float, locale: str) -> tuple[views.Bar, ...]:
    step = _WIDTH / max(1, len(days.days))
    return tuple(
        views.Bar(
            x=f"{index * step + step * 0.1:.2f}",
            width=f"{step * 0.8:.2f}",
            done_y=f"{6 + _HEIGHT * (1 - day.processed / top):.2f}",
            done=f"{_HEIGHT * (day.processed - day.failed) / top:.2f}",
            failed_y=f"{6 + _HEIGHT * (1 - day.failed / top):.2f}",
            failed=f"{_HEIGHT * day.failed / top:.2f}",
            label=t(
                "{day}: {n} processed, {failed} failed",
                locale,
                day=day.day.isoformat(),
                n=fmt.number(day.processed, locale),
                failed=fmt.number(day.failed, locale),
            ),
        )
        for index, day in enumerate(days.days)
    )


def _row(day: Day, locale: str) -> views.DayRow:
    return views.DayRow(
        row=f"day-{day.day.isoformat()}",
        day=day.day.isoformat(),
        processed=fmt.number(day.processed, locale),
        failed=fmt.number(day.failed, locale),
        share=share(day.failed, day.processed),
        bad=day.failed * 5 >= day.processed,
    )
