"""The queues of a server."""

from __future__ import annotations

from glasshouse.web import format as fmt
from glasshouse.web import rows, views
from glasshouse.web.context import PageContext, PageResult, result, server_of

MAX_QUEUES = 2000


async def queues(context: PageContext) -> PageResult:
    """``/{server}/queues``: every queue by name."""
    server = server_of(context)
    snapshot = server.snapshot
    known = () if snapshot.state is None else snapshot.state.queues
    ordered = sorted(known, key=lambda queue: queue.name)[:MAX_QUEUES]
    view = views.QueuesView(
        queues=rows.queue_rows(ordered, server.name, context.now, context.locale),
        total=fmt.number(len(known)),
        left_out=rows.beyond(len(known), MAX_QUEUES),
        known=snapshot.state is not None,
    )
    return result(context, "queues", view, "Queues")
