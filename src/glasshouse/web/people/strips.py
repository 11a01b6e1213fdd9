"""What was done lately to a server, a queue or a job, on its page."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
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
    lately = _lately(context)
    if lately is None:
        return Strip()
    return await _strip(context, lately.on_server(server_of(context).name, _MOST))


async def on_queue(context: PageContext, queue: str) -> Strip:
    """Return what was done to a queue, the newest first."""
    lately = _lately(context)
    if lately is None:
        return Strip()
    return await _strip(context, lately.on_queue(server_of(context).name, queue, _MOST))


async def on_job(context: PageContext, jid: str) -> Strip:
    """Return what was done to a job by its id, the newest first."""
    lately = _lately(context)
    if lately is None:
        return Strip()
    return await _strip(context, lately.on_job(server_of(context).name, jid, _MOST))


def _lately(context: PageContext) -> Lately | None:
    """Return who knows; everybody sees what was their own, who sees the ledger sees all."""
    if context.server is None or not context.viewer.signed_in:
        return None
    return context.lately if context.server.sight.audit or context.powers else None


async def _strip(context: PageContext, asked: Awaitable[Sequence[Running]]) -> Strip:
    try:
        found = await asked
    except StoreError:
        # The job server can be looked at without the console's own database.
        return Strip()
    if not server_of(context).sight.audit:
        found = [running for running in found if running.actor == context.viewer.actor.name]
    return Strip(
        tuple(strip_row(running, context) for running in found),
        any(running.ended_at is None for running in found),
    )
