"""What runs now, and who runs it."""

from __future__ import annotations

from glasshouse.model.listing import ListQuery
from glasshouse.model.server import ServerState, Worker
from glasshouse.web import rows, views
from glasshouse.web.context import PageContext, PageResult, paging, result, server_of

_MOST_WORKERS = 500


async def busy(context: PageContext) -> PageResult:
    """``/{server}/busy``: workers, and what they run now."""
    server = server_of(context)
    snapshot = server.snapshot
    page = await server.working_jobs(ListQuery(page=paging(context)[0]))
    view = views.BusyView(
        workers=workers_of(context, snapshot.state),
        more_workers=rows.beyond(len(known_workers(snapshot.state)), _MOST_WORKERS),
        jobs=rows.job_rows(page, server.name, context.now, context.locale),
        pager=rows.pager(page, f"/{server.name}/busy", context.locale),
    )
    return result(context, "busy", view, "Busy", generation_bound=False)


def workers_of(
    context: PageContext, state: ServerState | None, *, most: int = _MOST_WORKERS
) -> tuple[views.WorkerRow, ...] | None:
    """Return the first workers by host as rows; ``None`` when the server does not tell them."""
    if state is None or state.workers is None:
        return None
    ordered = sorted(state.workers, key=lambda worker: (worker.hostname, worker.wid))[:most]
    return tuple(rows.worker_row(worker, context.now, context.locale) for worker in ordered)


def known_workers(state: ServerState | None) -> tuple[Worker, ...]:
    """Return the workers that the server tells; none when it tells nothing."""
    return () if state is None or state.workers is None else state.workers
