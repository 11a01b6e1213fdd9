"""The read side's only way to a job server.

``Reader`` has no method that changes anything, and no adapter behind it may
change anything to answer: this is all that the monitor can see.
"""

from __future__ import annotations

from collections.abc import Awaitable, Hashable
from typing import Protocol

from glasshouse.model.errors import NotFoundError
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage, TimesTable
from glasshouse.model.history import History
from glasshouse.model.job import JobSet
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter
from glasshouse.model.server import ServerState


def no_queue(name: str) -> NotFoundError:
    """Return the error for a queue that a server does not have."""
    return NotFoundError(
        f"The queue {name!r} does not exist.",
        remedy="It may have been removed; check the list of queues.",
    )


class UnlistedError(NotFoundError):
    """A queue exists, but its server has no way to list it."""

    code = "not_listed"
    remedy = "Name its Redis too: --redis unix:///var/lib/faktory/db/redis.sock."

    def __init__(self, name: str) -> None:
        """Name the queue."""
        super().__init__(f"This Faktory cannot show the queue {name!r} on its pages.")


async def listed_by(name: str, page: Awaitable[bytes]) -> bytes:
    """Return a page of a queue that exists.

    Raises:
        UnlistedError: Faktory redirects away from it, as before 1.9 for anything that looks like
            a dot segment.
        NotFoundError: it has just gone.
    """
    try:
        return await page
    except NotFoundError:
        if name in (".", ".."):
            raise UnlistedError(name) from None
        raise


def not_looked_at(jid: str) -> NotFoundError:
    """Return the error for an id on a server that cannot be queried for one."""
    return NotFoundError(
        f"The job {jid!r} is not among those searched.",
        remedy="Open it from a list: a real Faktory cannot look up an id.",
    )


class Reader(Protocol):
    """What can be known about one job server.

    Every method may raise ``UpstreamUnavailableError``. ``None`` means that this
    kind of server does not have it: real Faktory keeps no log of finished jobs
    and has no parameters.
    """

    async def change_token(self) -> Hashable:
        """Return a value that differs whenever anything visible may have changed.

        Cheap: the sampler calls it several times a second.
        """
        ...

    async def state(self) -> ServerState:
        """Return totals, queues, sets and workers as of now."""
        ...

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        """Return a part of a queue, next to run first.

        Its cost grows little with the queue: a page deep in a million jobs takes
        milliseconds. A search takes a bounded time and reports how far it came.

        Raises:
            NotFoundError: there is no such queue.
        """
        ...

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        """Return a part of a set: retries and scheduled soonest first, dead newest first."""
        ...

    async def working_jobs(self, query: ListQuery) -> JobPage:
        """Return a part of the reserved jobs, first to expire first."""
        ...

    async def jobs(self, jid: str) -> Entries:
        """Return the entries with this id: ids may repeat, and there may be none."""
        ...

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        """Return one page of the finished log, newest first.

        The cost grows neither with the page's number nor with the log: a filter
        examines a bounded number of the newest entries.
        """
        ...

    async def executions(self, jid: str) -> Executions | None:
        """Return the finished executions of one id, newest first, at most a hundred."""
        ...

    async def type_times(self) -> TimesTable | None:
        """Return wait and run times per job type over a bounded, newest part of the log."""
        ...

    async def history(self, days: int) -> History:
        """Return what was done on each of the last ``days`` days, at most 180."""
        ...

    async def parameters(self) -> tuple[Parameter, ...] | None:
        """Return the run-time parameters in order."""
        ...

    async def close(self) -> None:
        """Release connections; further calls raise ``UpstreamUnavailableError``."""
        ...
