"""The control of a console: over its embedded servers, if people can sign in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from glasshouse.control.control import Control
from glasshouse.settings.console import ConsoleSettings
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.operator import Operator
from glasshouse.web.auth.auth import People


def control_of(settings: ConsoleSettings, people: People | None) -> Control | None:
    """Return the control; ``None`` if nobody can sign in.

    If it operates no server, or the console is read-only, it reports that to requesters.
    """
    if people is None:
        return None
    operators: dict[str, Operator] = {
        server.name: EmbeddedOperator(server.engine)
        for server in settings.servers
        if server.engine is not None
    }
    return Control(database=people.tools.database, operators=operators, bounds=settings.trash)


@contextlib.asynccontextmanager
async def working(control: Control) -> AsyncIterator[None]:
    """Settle unfinished operations, and accept operation requests while the block runs.

    Raises:
        StoreError: the database cannot be used.
    """
    await control.resume()
    try:
        yield
    finally:
        await control.close()
