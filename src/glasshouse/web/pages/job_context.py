"""What is known beside the entries of one job, for each part of its page."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.model.finished import Executions, TypeTimes
from glasshouse.model.server import ServerState
from glasshouse.storage.operations import RunningOperation
from glasshouse.web.request.context import PageContext


class JobContext(msgspec.Struct, frozen=True):
    """What is known beside the entry itself, as of ``now``; ``times`` are of its type.

    ``acts`` are what people did to jobs with its id, the newest first; ``several`` says that
    there is more than one.
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
