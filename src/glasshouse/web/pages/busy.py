"""What runs now, and which workers run it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from glasshouse.health import rates
from glasshouse.model.errors import InvalidError
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import ServerState, Worker, WorkerState
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.web.operations.buttons import worker_bar, workers_bar
from glasshouse.web.presentation import rows, views
from glasshouse.web.presentation.paging import late
from glasshouse.web.presentation.running import Clocks, grouped, hosts_of, listed
from glasshouse.web.presentation.slices import sliced
from glasshouse.web.request.context import PageContext, PageResult, paging, result, server_of
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

RUNS = 100
WORKERS = 100
BY_END = "expires"


async def busy(context: PageContext) -> PageResult:
    """``/{server}/busy``: workers by host with their running jobs, or running jobs by their end."""
    sort = context.query.get("sort", BY_END)
    if sort != BY_END:
        raise InvalidError(
            f"Running jobs cannot be sorted by {sort!r}.", remedy=f"Use sort={BY_END}."
        )
    flat = "sort" in context.query
    view = await (_listed(context) if flat else _grouped(context))
    return result(context, "busy", view, "Busy", generation_bound=False)


async def _grouped(context: PageContext) -> views.BusyView:
    """Return workers, each with its running jobs; very many jobs are left to the list."""
    server = server_of(context)
    page = await server.working_jobs(ListQuery(per_page=RUNS))
    snapshot, locale = server.snapshot, context.locale
    at = Clocks(context.now, snapshot.seen(context.now), locale)
    workers = by_host(known_workers(snapshot.state))
    running = grouped(page, workers, server.name, at, snapshot.most_running)
    part = sliced(workers, paging(context)[0], WORKERS)
    return views.BusyView(
        known=snapshot.state is not None,
        told=snapshot.state is not None and snapshot.state.workers is not None,
        totals=totals(snapshot, page.total, at.seen, locale),
        listed=False,
        grouped_href=f"/{server.name}/busy",
        listed_href=f"/{server.name}/busy?sort={BY_END}",
        hosts=hosts_of(part, workers, running, at, partial(worker_bar, context)),
        runs=running.apart,
        partly=_partly(page, locale),
        idle=not page.total,
        late=late(page, context.now, locale),
        pager=rows.pager(part, f"/{server.name}/busy", locale),
        bar=workers_bar(context) if workers else None,
    )


async def _listed(context: PageContext) -> views.BusyView:
    """Return running jobs, the first to end first."""
    server = server_of(context)
    page = await server.working_jobs(ListQuery(page=paging(context)[0], per_page=RUNS))
    snapshot, locale = server.snapshot, context.locale
    at = Clocks(context.now, snapshot.seen(context.now), locale)
    href = f"/{server.name}/busy?sort={BY_END}"
    return views.BusyView(
        known=snapshot.state is not None,
        told=snapshot.state is not None and snapshot.state.workers is not None,
        totals=totals(snapshot, page.total, at.seen, locale),
        listed=True,
        grouped_href=f"/{server.name}/busy",
        listed_href=href,
        hosts=(),
        runs=listed(page, known_workers(snapshot.state), server.name, at),
        partly="",
        idle=not page.total,
        late=late(page, context.now, locale),
        pager=rows.pager(page, href, locale),
        bar=None,
    )


def by_host(workers: Sequence[Worker]) -> list[Worker]:
    """Return workers in an order that does not change while they live."""
    return sorted(workers, key=lambda worker: (worker.hostname, worker.pid or 0, worker.wid))


def workers_of(
    context: PageContext, snapshot: Snapshot, *, most: int
) -> tuple[views.WorkerRow, ...] | None:
    """Return some workers as rows, those that need attention first.

    ``None`` when the server does not report them.
    """
    state = snapshot.state
    if state is None or state.workers is None:
        return None
    now = snapshot.seen(context.now)
    ordered = sorted(by_host(state.workers), key=lambda worker: _ordinary(worker, now))
    return tuple(
        rows.worker_row(worker, context.now, now, context.locale) for worker in ordered[:most]
    )


def known_workers(state: ServerState | None) -> tuple[Worker, ...]:
    """Return the workers that the server reports; none when it reports nothing."""
    return () if state is None or state.workers is None else state.workers


def totals(snapshot: Snapshot, running: int, now: float, locale: str) -> str:
    """Return the totals of workers and running jobs in one line."""
    workers = known_workers(snapshot.state)
    silent = sum(rates.is_stale(worker, now) for worker in workers)
    resting = sum(worker.state is not WorkerState.RUNNING for worker in workers)
    memory = sum(worker.rss_kb or 0 for worker in workers)
    texts = [fmt.counted(running, "1 job running", "{n} jobs running", locale)]
    if workers:
        hosts = len({worker.hostname for worker in workers} - {""})
        texts.append(fmt.counted(len(workers), "1 worker", "{n} workers", locale))
        if hosts:
            texts.append(fmt.counted(hosts, "1 host", "{n} hosts", locale))
    if memory:
        texts.append(fmt.size(memory * 1024, locale))
    if resting:
        texts.append(t("{n} quiet or terminating", locale, n=fmt.number(resting, locale)))
    if silent:
        texts.append(t("{n} silent", locale, n=fmt.number(silent, locale)))
    return " · ".join(texts)


def _ordinary(worker: Worker, now: float) -> int:
    """Return how ordinary a worker is: a silent one is the least."""
    if rates.is_stale(worker, now):
        return 0
    return 2 if worker.state is WorkerState.RUNNING else 1


def _partly(page: JobPage, locale: str) -> str:
    """Return how many of the running jobs are on the page; empty if all are."""
    if len(page.items) == page.total:
        return ""
    return t(
        "Of {total} running jobs, the {n} whose reservations end first are shown under their "
        "workers.",
        locale,
        n=fmt.number(len(page.items), locale),
        total=fmt.number(page.total, locale),
    )
