"""Reading a real Faktory through its ports alone: 7419 for totals, 7420 for everything listed.

Nothing here can change anything: only INFO, QUEUE LATENCY and GET are sent. What Faktory's
pages do not show is absent: when a worker started, a job's custom fields, which of two entries
with the same score is meant.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TypeVar

import msgspec

from glasshouse.faktory_ui.server import Busy, QueueRow, read_busy, read_history, read_queues
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage, TimesTable
from glasshouse.model.history import History
from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter
from glasshouse.model.server import (
    Queue,
    ServerState,
    SetSizes,
    UnreadablePart,
    Worker,
    WorkerState,
)
from glasshouse.model.times import parse_time
from glasshouse.upstream import remote_jobs
from glasshouse.upstream.day_counters import history
from glasshouse.upstream.entry_cache import MissCache
from glasshouse.upstream.faktory_port import CommandPort, Info
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import no_queue, not_looked_at
from glasshouse.upstream.remote_details import EntryDetails
from glasshouse.upstream.remote_entry_cache import RowCache
from glasshouse.upstream.remote_lists import ROWS, PagedList, page_of
from glasshouse.upstream.timed_cache import At, TimedCache
from glasshouse.wire.client import ProtocolError

T = TypeVar("T")

_FRESH = 1.0
"""Seconds for which totals are fresh enough for a subsequent query."""
_HELD = 2.0
"""Seconds for which workers and their jobs are fresh enough for a list of them."""
_LOOK = 5.0
"""Seconds after which lists count as changed although no total has."""
_HEADS = 5
"""Queues whose next jobs are searched for an id."""


class RemoteReader:
    """A ``Reader`` of a Faktory that is reached over the network."""

    def __init__(
        self,
        port: CommandPort,
        pages: WebPages | None,
        *,
        look: WebPages | None = None,
        spare: WebPages | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Query ``port`` and ``pages``; without pages only totals are available.

        ``look`` is the same Web UI with separate turns, so that the workers stay known however many
        lists are requested; ``spare`` is for what can wait.
        """
        self._port = port
        self._pages = pages
        self._look = look or pages
        self._spare = spare or pages
        self._details = EntryDetails(self._get_spare)
        self._clock = clock
        self._told_at = 0.0
        self._info = TimedCache(self._read_info, clock)
        self._busy = TimedCache(self._read_busy, clock)
        self._heads = TimedCache(self._look_at_heads, clock)
        self._missed = MissCache(clock)
        self._rows = RowCache(self._get, self._totals)

    async def change_token(self) -> Hashable:
        """Return the totals, and a number that changes every five seconds."""
        info, at = await self._info.within(0.0)
        faktory = info.faktory
        sizes = (tuple(sorted(faktory.queues.items())), tuple(sorted(faktory.sets.items())))
        return (sizes, faktory.total_processed, faktory.total_failures, int(at // _LOOK))

    async def info(self, age: float) -> At[Info]:
        """Return totals that are at most ``age`` seconds old.

        Raises:
            UpstreamUnavailableError: they are not available.
        """
        return await self._info.within(age)

    async def state(self) -> ServerState:
        """Return totals and queues; workers and pauses as far as the Web UI can be read."""
        info, at = await self._info.within(_FRESH)
        waiting = [name for name, size in info.faktory.queues.items() if size]
        unread: list[UnreadablePart] = []
        pages = asyncio.gather(
            _tried(lambda: self._look_at("/queues", read_queues), unread),
            _tried(lambda: self._busy.within(_FRESH), unread),
        )
        try:
            latency = await self._port.latency(waiting)
        except ProtocolError as error:
            # Totals were available anyway.
            latency = None
            unread.append(UnreadablePart(error.detail, error.remedy))
        except BaseException:
            pages.cancel()
            await asyncio.gather(pages, return_exceptions=True)
            raise
        paused, busy = await pages
        server = info.server
        return ServerState(
            read_at=at,
            description=server.description,
            version=server.faktory_version,
            queues=_queues(info, latency, paused, at),
            sets=_sizes(info),
            processed=info.faktory.total_processed,
            failures=info.faktory.total_failures,
            workers=None if busy is None else _workers(busy.value),
            started_at=None if server.uptime is None else at - server.uptime,
            connections=server.connections,
            command_count=server.command_count,
            memory_mb=server.used_memory_mb,
            clock_ahead=_ahead(info.now, self._told_at),
            unread=unread[0] if unread and self._pages is not None else None,
        )

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        """Return a part of a queue, next to run first."""
        info, at = await self._info.within(_FRESH)
        total = info.faktory.queues.get(queue)
        if total is None:
            raise no_queue(queue)
        run = PagedList(self._rows.queue(queue), total, newest_first=True)
        return await page_of(run, query, now=at)

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        """Return a part of a set: retries and scheduled soonest first, dead newest first."""
        info, at = await self._info.within(_FRESH)
        run = PagedList(self._rows.set(name), info.faktory.sets[name.value])
        page = await page_of(run, query, now=at, descending=name is JobSet.DEAD)
        return msgspec.structs.replace(page, items=await self._details.completed(page.items))

    async def working_jobs(self, query: ListQuery) -> JobPage:
        """Return a part of the reserved jobs, in Faktory's order: first to expire first."""
        held, at = await self._held(_HELD)

        async def fetch(number: int) -> list[StoredJob]:
            return held[(number - 1) * ROWS : number * ROWS]

        return await page_of(PagedList(fetch, len(held)), query, now=at)

    async def jobs(self, jid: str) -> Entries:
        """Return the entries with this id, among those seen before or at the head of a list.

        Each was found there just now: entries seen before that have left are not returned. Running
        jobs are as of ``read_at``.

        Raises:
            NotFoundError: it is not among them; it may be further down.
        """
        began = self._clock()
        running, at = await self._running(jid, _HELD)
        jobs = await self._rows.standing(jid)
        if jobs and running:
            # It may have moved from one to the other.
            running, at = await self._running(jid, 0.0)
        elif not jobs and not running and not self._missed.lately(jid):
            await self._heads.within(_HELD)
            jobs = await self._rows.standing(jid)
            running, at = await self._running(jid, 0.0)
        if not jobs and not running:
            self._missed.note(jid)
            raise not_looked_at(jid)
        every = (*jobs, *running)
        return Entries(every[:100], len(every), read_at=min(began, at))

    def note(self, jobs: Iterable[StoredJob]) -> None:
        """Cache entries that were seen elsewhere."""
        self._rows.note(jobs)

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        """Return ``None``: Faktory forgets a job when it is done."""
        return None

    async def executions(self, jid: str) -> Executions | None:
        """Return ``None``: Faktory keeps no log."""
        return None

    async def type_times(self) -> TimesTable | None:
        """Return ``None``: Faktory keeps no log."""
        return None

    async def history(self, days: int) -> History:
        """Return the last days according to Faktory's dashboard."""
        html = await self._get(f"/?days={days}")
        parsed = read_history(html)
        every = sorted({*parsed.processed, *parsed.failed})
        return history(every, parsed.processed, parsed.failed, now=self._clock(), utc=False)

    async def parameters(self) -> tuple[Parameter, ...] | None:
        """Return ``None``: Faktory reads its settings from files."""
        return None

    async def close(self) -> None:
        """Close both ports."""
        await self._details.close()
        await self._port.close()
        for pages in (self._pages, self._look, self._spare):
            if pages is not None:
                await pages.close()

    # -- recent answers ------------------------------------------------------------

    async def _get(self, path: str) -> bytes:
        if self._pages is None:
            raise _no_pages()
        return await self._pages.get(path)

    async def _get_spare(self, path: str) -> bytes:
        if self._spare is None:
            raise _no_pages()
        return await self._spare.get(path)

    async def _look_at(self, path: str, read: Callable[[bytes], T]) -> T:
        if self._look is None:
            raise _no_pages()
        return read(await self._look.get(path))

    async def _read_info(self) -> Info:
        info = await self._port.info()
        # Its clock was read just before, however long the query took.
        self._told_at = self._clock()
        return info

    async def _totals(self) -> Info:
        return (await self._info.within(_FRESH)).value

    async def _read_busy(self) -> Busy:
        return await self._look_at("/busy", read_busy)

    async def _held(self, age: float) -> At[list[StoredJob]]:
        busy, at = await self._busy.within(age)
        return At([remote_jobs.held(row) for row in busy.reservations], at)

    async def _running(self, jid: str, age: float) -> At[list[StoredJob]]:
        held, at = await self._held(age)
        return At([job for job in held if job.jid == jid], at)

    # -- one job -------------------------------------------------------------------

    async def _look_at_heads(self) -> None:
        sizes = (await self._totals()).faktory.queues
        for queue in sorted(sizes, key=lambda name: -sizes[name])[:_HEADS]:
            # One that has just been removed has no jobs.
            with contextlib.suppress(NotFoundError):
                await self.queue_jobs(queue, ListQuery())
        for name in JobSet:
            await self.set_jobs(name, ListQuery())


def _no_pages() -> UpstreamUnavailableError:
    return UpstreamUnavailableError(
        "This server's Web UI is unknown, so its jobs cannot be listed.",
        remedy="Name its address too: --web http://HOST:7420.",
    )


async def _tried(read: Callable[[], Awaitable[T]], unread: list[UnreadablePart]) -> T | None:
    """Return what is read, or record why not: totals are worth showing without it."""
    try:
        # Called here: cancelling it before it begins leaves nothing that was not awaited.
        return await read()
    except UpstreamUnavailableError as error:
        unread.append(UnreadablePart(error.detail, error.remedy))
        return None


def _ahead(stamp: str, at: float) -> float | None:
    """Return how far ahead the clock of a server is that reported its time at ``at``."""
    try:
        return parse_time(stamp) - at
    except ValueError:
        return None


def _queues(
    info: Info,
    latency: dict[str, float] | None,
    shown: tuple[QueueRow, ...] | None,
    now: float,
) -> tuple[Queue, ...]:
    paused = {} if shown is None else {queue.name: queue.paused for queue in shown}
    ages = latency or {}
    return tuple(
        Queue(
            name=name,
            size=size,
            oldest_at=now - ages[name] if size and name in ages else None,
            paused=paused.get(name),
        )
        for name, size in sorted(info.faktory.queues.items())
    )


def _sizes(info: Info) -> SetSizes:
    sets = info.faktory.sets
    return SetSizes(
        scheduled=sets["scheduled"],
        retries=sets["retries"],
        dead=sets["dead"],
        working=sets["working"],
    )


def _workers(busy: Busy) -> tuple[Worker, ...]:
    return tuple(
        Worker(
            wid=worker.wid,
            hostname=worker.hostname,
            pid=worker.pid or None,
            labels=worker.labels,
            rss_kb=worker.rss_kb,
            # The page does not distinguish quiet from ending; neither takes new jobs.
            state=WorkerState.QUIET if worker.quiet else WorkerState.RUNNING,
            busy=worker.busy,
        )
        for worker in busy.workers
    )
