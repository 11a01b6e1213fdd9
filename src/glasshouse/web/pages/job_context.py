"""What is known about one job apart from its entries, for each part of its page."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.model.finished import Executions, TypeTimes
from glasshouse.model.server import ServerState
from glasshouse.storage.operations import RunningOperation
from glasshouse.web.request.context import PageContext


class JobContext(msgspec.Struct, frozen=True):
    """What is known apart from the entry itself, as of ``now``; ``times`` are those of its type.

    ``acts`` are what people did to jobs with its id, newest first; ``several`` says that
    there is more than one entry.
    """

    server: str
    now: float
    locale: str
    state: ServerState | None
    times: Mapping[str, TypeTimes]
    ran: Executions | None
    context: PageContext
    acts: tuple[RunningOperation, ...] = ()
    several: bool = False
