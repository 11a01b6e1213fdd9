"""What was done lately to a server, a queue or a job, on its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from glasshouse.desk.concerned import queues_of
from glasshouse.model.errors import StoreError
from glasshouse.storage.operations import Running, Seen
from glasshouse.web.context import Lately, PageContext, server_of
from glasshouse.web.people.ledgersight import covers
from glasshouse.web.people.operationviews import strip_row
from glasshouse.web.views.shared import StripRow

_MOST, _TOLD = 3, 20


class Strip(NamedTuple):
    """The lines; ``going`` says that one of them is under way.

    ``done`` is more of what was done, the newest first, as far as it is told to who looks.
    """

    rows: tuple[StripRow, ...] = ()
    going: bool = False
    done: tuple[Running, ...] = ()


async def on_server(context: PageContext) -> Strip:
    """Return what was done on the server, the newest first."""
    return await _strip(context, lambda desk, server, seen: desk.on_server(server, _MOST, seen))


async def on_queue(context: PageContext, queue: str) -> Strip:
    """Return what was done to a queue, the newest first."""
    return await _strip(
        context, lambda desk, server, seen: desk.on_queue(server, queue, _MOST, seen)
    )


async def on_job(context: PageContext, jid: str) -> Strip:
    """Return what was done to a job by its id, the newest first."""
    return await _strip(context, lambda desk, server, seen: desk.on_job(server, jid, _TOLD, seen))


async def _strip(
    context: PageContext, ask: Callable[[Lately, str, Seen], Awaitable[Sequence[Running]]]
) -> Strip:
    """Return the lines: who may do anything sees their own, who sees the ledger what that shows."""
    server, viewer, lately = server_of(context), context.viewer, context.lately
    sight, own = server.sight, viewer.actor.name if context.powers else None
    if lately is None or not viewer.signed_in or not (sight.audit or own):
        return Strip()

    def seen(running: Running) -> bool:
        return running.actor == own or covers(sight, queues_of(running))

    try:
        shown = await ask(lately, server.name, seen)
    except StoreError:
        # The job server can be looked at without the console's own database.
        return Strip()
    return Strip(
        tuple(strip_row(running, context) for running in shown[:_MOST]),
        any(running.ended_at is None for running in shown),
        tuple(shown),
    )
