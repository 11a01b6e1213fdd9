"""What runs now, and who runs it."""

from __future__ import annotations

from collections.abc import Sequence

from glasshouse.floor.snapshot import Snapshot
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import ServerState, Worker, WorkerState
from glasshouse.web import format as fmt
from glasshouse.web import rows, views
from glasshouse.web.context import PageContext, PageResult, paging, result, server_of
from glasshouse.web.i18n import t
from glasshouse.web.running import grouped, hosts_of

RUNS = 100
MOST_WORKERS = 500


async def busy(context: PageContext) -> PageResult:
    """``/{server}/busy``: workers by host, what each runs, and what nobody here runs."""
    server = server_of(context)
    snapshot, locale = server.snapshot, context.locale
    page = await server.working_jobs(ListQuery(page=paging(context)[0], per_page=RUNS))
    now = snapshot.seen(context.now)
    workers = known_workers(snapshot.state)
    running = grouped(page, workers, server.name, context.now, now, locale)
    view = views.BusyView(
        told=snapshot.state is not None and snapshot.state.workers is not None,
        known=snapshot.state is not None,
        totals=totals(snapshot, page.total, now, locale),
        hosts=hosts_of(by_host(workers)[:MOST_WORKERS], running, context.now, now, locale),
        more_workers=rows.beyond(len(workers), MOST_WORKERS),
        apart=running.apart,
        partly=_partly(page, locale),
        idle=not page.total,
        pager=rows.pager(page, f"/{server.name}/busy", locale),
    )
    return result(context, "busy", view, "Busy", generation_bound=False)


def by_host(workers: Sequence[Worker]) -> list[Worker]:
    """Return workers in an order that does not change while they live."""
    return sorted(workers, key=lambda worker: (worker.hostname, worker.pid, worker.wid))


def workers_of(
    context: PageContext, snapshot: Snapshot, *, most: int
) -> tuple[views.WorkerRow, ...] | None:
    """Return some workers as rows, those that need a look first.

    ``None`` when the server does not tell them.
    """
    state = snapshot.state
    if state is None or state.workers is None:
        return None
    now = snapshot.seen(context.now)
    ordered = sorted(by_host(state.workers), key=lambda worker: not _odd(worker, now))
    return tuple(
        rows.worker_row(worker, context.now, now, context.locale) for worker in ordered[:most]
    )


def known_workers(state: ServerState | None) -> tuple[Worker, ...]:
    """Return the workers that the server tells; none when it tells nothing."""
    return () if state is None or state.workers is None else state.workers


def totals(snapshot: Snapshot, running: int, now: float, locale: str) -> str:
    """Return all workers and what they run in one line."""
    workers = known_workers(snapshot.state)
    silent = sum(rows.is_stale(worker, now) for worker in workers)
    resting = sum(worker.state is not WorkerState.RUNNING for worker in workers)
    memory = sum(worker.rss_kb or 0 for worker in workers)
    texts = [fmt.counted(running, "1 job runs", "{n} jobs run", locale)]
    if workers:
        hosts = len({worker.hostname for worker in workers})
        texts.append(fmt.counted(len(workers), "1 worker", "{n} workers", locale))
        texts.append(fmt.counted(hosts, "1 host", "{n} hosts", locale))
    if memory:
        texts.append(fmt.size(memory * 1024))
    if resting:
        texts.append(t("{n} quiet or terminating", locale, n=fmt.number(resting)))
    if silent:
        texts.append(t("{n} silent", locale, n=fmt.number(silent)))
    return " · ".join(texts)


def _odd(worker: Worker, now: float) -> bool:
    return worker.state is not WorkerState.RUNNING or rows.is_stale(worker, now)


def _partly(page: JobPage, locale: str) -> str:
    """Return how much of what runs is on the page; empty when it is everything."""
    if len(page.items) == page.total:
        return ""
    return t(
        "{n} of {total} running jobs are on this page, by the end of their reservation.",
        locale,
        n=fmt.number(len(page.items)),
        total=fmt.number(page.total),
    )
