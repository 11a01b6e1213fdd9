"""All servers compared at a glance."""

from __future__ import annotations

import asyncio

from glasshouse.health.rates import SHORT, recent
from glasshouse.model.server import ServerState
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.web.pages.busy import known_workers
from glasshouse.web.pages.overview import description_of
from glasshouse.web.presentation import rows, views
from glasshouse.web.presentation.attention import attention, summary_of
from glasshouse.web.request.context import PageContext, PageResult, result
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t


async def fleet(context: PageContext) -> PageResult:
    """``/``: every server at a glance."""
    # All at once, so that waits for servers that hang do not add up.
    servers = await asyncio.gather(*(_server(context, name) for name in context.monitor.names))
    down = sum(not server.reachable for server in servers)
    troubled = sum(server.reachable and server.worst is not None for server in servers)
    view = views.FleetView(
        columns=tuple(t(label, context.locale) for label in COLUMNS),
        servers=tuple(servers),
        summary=_summary(len(servers), down, troubled, context.locale),
    )
    return result(context, "fleet", view, "Servers", generation_bound=False)


COLUMNS = (
    "Enqueued",
    "Busy",
    "Retries",
    "Dead",
    "Processed per second",
    "Failed per second",
    "Queues",
    "Workers",
    "Round trip",
)


async def _server(context: PageContext, name: str) -> views.FleetServer:
    server, now, locale = context.monitor.server(name), context.now, context.locale
    snapshot = server.snapshot
    fault, checked = snapshot.fault, snapshot.checked_at
    findings = attention(name, snapshot, await summary_of(server), now, locale) if not fault else ()
    return views.FleetServer(
        row=rows.element_id("server", name),
        name=fmt.display_text(name),
        href=f"/{name}",
        description=description_of(snapshot.state),
        reachable=fault is None,
        fault="" if fault is None else fmt.display_text(t(fault.detail, locale)),
        remedy="" if fault is None else fmt.display_text(t(fault.remedy, locale)),
        since=None if fault is None else fmt.moment(fault.since, now, locale),
        checked=None if checked is None else fmt.moment(checked, now, locale),
        worst=findings[0] if findings else None,
        wrong=t("and {n} more", locale, n=fmt.number(len(findings) - 1, locale))
        if len(findings) > 1
        else "",
        cells=() if snapshot.state is None else _cells(name, snapshot, snapshot.state, locale),
    )


def _cells(
    name: str, snapshot: Snapshot, state: ServerState, locale: str
) -> tuple[views.Cell, ...]:
    sets, lately = state.sets, recent(snapshot.samples, SHORT)
    known = snapshot.fault is None and lately is not None
    done = fmt.rate(lately.processed_rate, locale) if lately is not None and known else ""
    failed = fmt.rate(lately.failed_rate, locale) if lately is not None and known else ""
    trip = snapshot.round_trip if snapshot.fault is None else None
    workers = "" if state.workers is None else fmt.number(len(known_workers(state)), locale)
    values = (
        (fmt.number(state.enqueued, locale), "", "/queues"),
        (fmt.number(sets.working, locale), "", "/busy"),
        (fmt.number(sets.retries, locale), "warn" if sets.retries else "", "/retries"),
        (fmt.number(sets.dead, locale), "bad" if sets.dead else "", "/dead"),
        (done, "", ""),
        (failed, "", ""),
        (fmt.number(len(state.queues), locale), "", "/queues"),
        (workers, "", "/busy"),
        ("" if trip is None else fmt.span(trip, locale), "", ""),
    )
    return tuple(
        views.Cell(
            label=t(label, locale), text=text, tone=tone, href=f"/{name}{path}" if path else ""
        )
        for label, (text, tone, path) in zip(COLUMNS, values, strict=True)
    )


def _summary(servers: int, down: int, troubled: int, locale: str) -> str:
    texts = [fmt.counted(servers, "1 server", "{n} servers", locale)]
    if down:
        texts.append(t("{n} unreachable", locale, n=fmt.number(down, locale)))
    if troubled:
        texts.append(fmt.counted(troubled, "1 needs attention", "{n} need attention", locale))
    return " · ".join(texts)
