"""What was done lately to a server, a queue or a job, on its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from glasshouse.model.errors import StoreError
from glasshouse.storage.operations import Running
from glasshouse.web.context import Lately, PageContext, server_of
from glasshouse.web.people.operationviews import strip_row
from glasshouse.web.views.shared import StripRow

_MOST = 3


class Strip(NamedTuple):
    """The lines; ``going`` says that one of them is under way."""

    rows: tuple[StripRow, ...] = ()
    going: bool = False


async def on_server(context: PageContext) -> Strip:
    """Return what was done on the server, the newest first."""
    return await _strip(context, lambda desk, server: desk.on_server(server, _MOST))


async def on_queue(context: PageContext, queue: str) -> Strip:
    """Return what was done to a queue, the newest first."""
    return await _strip(context, lambda desk, server: desk.on_queue(server, queue, _MOST))


async def on_job(context: PageContext, jid: str) -> Strip:
    """Return what was done to a job by its id, the newest first."""
    return await _strip(context, lambda desk, server: desk.on_job(server, jid, _MOST))


async def _strip(
    context: PageContext, ask: Callable[[Lately, str], Awaitable[Sequence[Running]]]
) -> Strip:
    """Return the lines: everybody sees what was their own, who sees the ledger sees all."""
    server, viewer, lately = server_of(context), context.viewer, context.lately
    everything = server.sight.audit
    if lately is None or not viewer.signed_in or not (everything or context.powers):
        return Strip()
    try:
        found = await ask(lately, server.name)
    except StoreError:
        # The job server can be looked at without the console's own database.
        return Strip()
    shown = [one for one in found if everything or one.actor == viewer.actor.name]
    return Strip(
        tuple(strip_row(running, context) for running in shown),
        any(running.ended_at is None for running in shown),
    )
