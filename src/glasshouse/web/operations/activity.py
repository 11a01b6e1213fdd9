"""Recent activity on a server, a queue or a job, as its page shows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from glasshouse.control.affected_queues import queues_of
from glasshouse.model.errors import StoreError
from glasshouse.storage.operations import RunningOperation, Seen
from glasshouse.web.operations.views import strip_row
from glasshouse.web.presentation.views.shared import ActivityRow
from glasshouse.web.request.context import PageContext, RecentActivity, server_of
from glasshouse.web.request.ledger_visibility import covers

_MOST, _TOLD = 3, 20


class ActivityStrip(NamedTuple):
    """The lines; ``going`` says that one of the operations is still running.

    ``done`` holds more operations than the lines, newest first, as far as the viewer may see them.
    """

    rows: tuple[ActivityRow, ...] = ()
    going: bool = False
    done: tuple[RunningOperation, ...] = ()


async def on_server(context: PageContext) -> ActivityStrip:
    """Return what was done on the server, newest first."""
    return await _strip(
        context, lambda control, server, seen: control.on_server(server, _MOST, seen)
    )


async def on_queue(context: PageContext, queue: str) -> ActivityStrip:
    """Return what was done to a queue, newest first."""
    return await _strip(
        context, lambda control, server, seen: control.on_queue(server, queue, _MOST, seen)
    )


async def on_job(context: PageContext, jid: str) -> ActivityStrip:
    """Return what was done to a job by its id, newest first."""
    return await _strip(
        context, lambda control, server, seen: control.on_job(server, jid, _TOLD, seen)
    )


async def _strip(
    context: PageContext,
    ask: Callable[[RecentActivity, str, Seen], Awaitable[Sequence[RunningOperation]]],
) -> ActivityStrip:
    """Return the lines: own operations for anyone with rights, the ledger's for who sees it."""
    server, viewer, lately = server_of(context), context.viewer, context.lately
    visibility, own = server.visibility, viewer.actor.name if context.powers else None
    if lately is None or not viewer.signed_in or not (visibility.audit or own):
        return ActivityStrip()

    def seen(running: RunningOperation) -> bool:
        return running.actor == own or covers(visibility, queues_of(running))

    try:
        shown = await ask(lately, server.name, seen)
    except StoreError:
        # The job server can be viewed without the console's own database.
        return ActivityStrip()
    return ActivityStrip(
        tuple(strip_row(running, context) for running in shown[:_MOST]),
        any(running.ended_at is None for running in shown),
        tuple(shown),
    )
