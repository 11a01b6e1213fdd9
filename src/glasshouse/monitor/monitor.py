"""The monitor: answers the queries of pages and the JSON API, each with its age.

Pages know servers by name; each has one sampler and shared reads of lists.

Invariant: ``read_at`` of an answer is when it was read, or a later moment at which it was
still known to be the server's state; never one at which something newer existed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Mapping,
)
from typing import TypeVar

import msgspec

from glasshouse.model.audience import Audience
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage, TimesTable
from glasshouse.model.history import History
from glasshouse.model.job import JobSet
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter
from glasshouse.model.search_result import Coverage, SearchResult
from glasshouse.monitor import sizes, summary
from glasshouse.monitor.fair_queue import FairQueue
from glasshouse.monitor.index import Index
from glasshouse.monitor.list_cache import Bounded, CachedPage, ListCache, SlowGeneration
from glasshouse.monitor.masker import Masker
from glasshouse.monitor.sampler import Pace, Sampler
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.monitor.summary import Summary
from glasshouse.upstream.breaker import Breaker
from glasshouse.upstream.reader import Reader
from glasshouse.upstream.scan import Scanner
from glasshouse.upstream.timed_cache import At

T = TypeVar("T")
A = TypeVar("A", Summary, TimesTable | None)
D = TypeVar("D", JobPage, Entries, FinishedPage, Executions)

_HISTORY = 30.0
"""Seconds for which daily counts are fresh enough."""
_SEARCHED = 2.0
"""Seconds for which a search result is fresh enough for a repeated search."""
_FIRST_LOOK = 2.0
"""Seconds in which every server should be read once before pages are served."""


class ServerMonitor:
    """Everything that can be seen of one server."""

    def __init__(
        self,
        name: str,
        reader: Reader,
        *,
        clock: Callable[[], float],
        pace: Pace | None = None,
        scanner: Scanner | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """Serve views of ``reader`` under ``name``; a ``scanner`` makes all of it searchable.

        The ``breaker`` of the queries of ``reader`` ends the wait for a server that hangs.
        """
        self.name = name
        self.masker = Masker()
        self._reader = reader
        self._clock = clock
        self._bounded: Bounded = contextlib.nullcontext if breaker is None else breaker.bounded
        self._sampler = Sampler(name, reader, clock=clock, pace=pace)
        pace = pace or Pace()
        self._sharing = pace.sharing
        self._turns = asyncio.Semaphore(pace.sharing.renewals)
        self._lists = self._cache(sizes.of_page)
        self._jobs: ListCache[Entries] = self._cache(lambda found: sizes.of_jobs(found.items))
        self._finished: ListCache[FinishedPage | None] = self._cache(sizes.of_log)
        self._executions: ListCache[Executions | None] = self._cache(sizes.of_log)
        self._times: ListCache[TimesTable | None] = self._cache(lambda _: 1)
        self._parameters: ListCache[At[tuple[Parameter, ...] | None]] = self._cache(lambda _: 1)
        self._summary: ListCache[Summary] = self._cache(summary.weight)
        self._index = None if scanner is None else Index(name, scanner, self._sampler)
        self._searches: ListCache[At[SearchResult]] = self._cache(sizes.of_found)
        self._searchers = FairQueue()
        self._history: ListCache[History] = self._cache(lambda told: 64 * len(told.days))
        self._slow = SlowGeneration(pace.slow, clock)

    def _cache(self, weigh: Callable[[T], int]) -> ListCache[T]:
        return ListCache(
            weigh=weigh, sharing=self._sharing, turns=self._turns, bounded=self._bounded
        )

    @property
    def snapshot(self) -> Snapshot:
        """The last published snapshot."""
        return self._sampler.snapshot

    def watch(self) -> AsyncGenerator[Snapshot, None]:
        """Yield the current snapshot and then each newer one."""
        return self._sampler.watch()

    def ask(self) -> None:
        """Note that someone requests what is known: keep it fresh for a while, where that costs."""
        self._sampler.ask()

    async def looked(self) -> None:
        """Return once the server has been read, or found to be gone, for the first time."""
        async with contextlib.aclosing(self.watch()) as snapshots:
            async for snapshot in snapshots:
                if snapshot.pulse:
                    return

    def expect(self, audiences: Callable[[], tuple[Audience, ...]]) -> None:
        """Set who searches: the index is kept for them."""
        if self._index is not None:
            self._index.audiences = audiences

    async def queue_jobs(self, queue: str, query: ListQuery, person: Hashable = None) -> JobPage:
        """Return a part of a queue; see ``Reader.queue_jobs``.

        Search results may be some seconds old; see ``behind``. Searches of one ``person`` wait for
        each other, and those of others do not wait for them.
        """
        return await self._list(
            ("queue", queue), query, person, lambda: self._reader.queue_jobs(queue, query)
        )

    async def set_jobs(self, name: JobSet, query: ListQuery, person: Hashable = None) -> JobPage:
        """Return a part of a set; see ``Reader.set_jobs``, and ``queue_jobs`` for searches."""
        return await self._list(
            ("set", name), query, person, lambda: self._reader.set_jobs(name, query)
        )

    async def working_jobs(self, query: ListQuery, person: Hashable = None) -> JobPage:
        """Return a part of the reserved jobs; see ``Reader.working_jobs``."""
        return await self._list(
            ("working",), query, person, lambda: self._reader.working_jobs(query)
        )

    async def jobs(self, jid: str) -> Entries:
        """Return the entries with this id; see ``Reader.jobs``.

        A server that cannot be queried for an id is given the entries that the index has seen.
        """

        async def read() -> Entries:
            if self._index is not None:
                await self._index.having(jid)
            now = self._clock()
            found = await self._reader.jobs(jid)
            # A reader that knows about something older reports that.
            return msgspec.structs.replace(found, read_at=min(now, found.read_at or now))

        generation = self._current()
        found, late = await self._jobs.look(jid, generation, read)
        return self._dated(found, generation, late)

    async def search(
        self, wanted: JobQuery, *, start: int | None, per_page: int, person: Hashable = None
    ) -> SearchResult:
        """Return matching entries of all lists, latest first, starting at ``start``.

        Results may be some seconds old. What they report about the index is as of then, except for
        its age. ``person`` is as in ``queue_jobs``.

        Raises:
            NotFoundError: this server is not indexed.
        """
        index = self._index
        if index is None:
            raise NotFoundError(
                "This server cannot be searched as a whole.",
                remedy="Search one of its lists, or specify its Web UI: --web http://HOST:7420.",
            )

        async def read() -> At[SearchResult]:
            at = time.monotonic()
            return At(await index.search(wanted, start=start, per_page=per_page), at)

        key, generation = (wanted, start, per_page), self._every(_SEARCHED)
        result, at = (await self._in_turn(self._searches, key, generation, read, person)).value
        known, older = result.coverage, time.monotonic() - at
        if known.age is None:
            return result
        coverage = msgspec.structs.replace(known, age=known.age + older)
        return msgspec.structs.replace(result, coverage=coverage)

    def coverage(self) -> Coverage | None:
        """Return how much of this server can be searched; ``None`` when none of it can."""
        return None if self._index is None else self._index.coverage()

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        """Return one page of the finished log; see ``Reader.finished``.

        A filtered page may be some seconds old; see ``behind``.
        """
        current = self._current()
        generation = self._slow.of(current) if wanted.selects else current
        runs, late = await self._finished.look(
            (wanted, page, per_page),
            generation,
            lambda: self._reader.finished(wanted, page=page, per_page=per_page),
        )
        return None if runs is None else self._dated(runs, generation, late)

    async def executions(self, jid: str) -> Executions | None:
        """Return the finished executions of one id; see ``Reader.executions``."""
        generation = self._current()
        found, late = await self._executions.look(
            jid, generation, lambda: self._reader.executions(jid)
        )
        return None if found is None else self._dated(found, generation, late)

    async def type_times(self) -> TimesTable | None:
        """Return the times per job type, which may be some seconds old; see ``behind``."""
        generation = self._slow.of(self._current())
        return self._aged(
            await self._times.look("", generation, self._reader.type_times), generation
        )

    async def history(self, days: int) -> History:
        """Return what was done by day, which may be half a minute old; see ``Reader.history``."""
        generation = self._every(_HISTORY)
        return await self._history.get(days, generation, lambda: self._reader.history(days))

    async def summary(self) -> Summary:
        """Return the first entries of each list, which may be some seconds old."""
        generation = self._slow.of(self._current())
        look = await self._summary.look(
            "", generation, lambda: summary.read_summary(self._reader, self._clock())
        )
        return self._aged(look, generation)

    async def parameters(self) -> tuple[Parameter, ...] | None:
        """Return the run-time parameters; see ``Reader.parameters``."""
        return (await self.dated_parameters()).value

    async def dated_parameters(self) -> At[tuple[Parameter, ...] | None]:
        """Return the run-time parameters, and when they were read or last confirmed."""

        async def read() -> At[tuple[Parameter, ...] | None]:
            now = self._clock()
            return At(await self._reader.parameters(), now)

        generation = self._current()
        (parameters, at), late = await self._parameters.look("", generation, read)
        return At(parameters, max(at, self._confirmed(generation, late)))

    @property
    def behind(self) -> bool:
        """Whether what may be some seconds old is older than the snapshot."""
        return self._slow.behind(self._current())

    @property
    def silent(self) -> bool:
        """Whether something may change there without notice: only reading it shows that."""
        return self._sharing.most_age is not None

    async def _list(
        self,
        which: tuple[str, ...],
        query: ListQuery,
        person: Hashable,
        read: Callable[[], Awaitable[JobPage]],
    ) -> JobPage:
        current, key = self._current(), (which, query)
        generation = current if query.wanted is None else self._slow.of(current)
        if query.wanted is None:
            page, late = await self._lists.look(key, generation, read)
        else:
            page, late = await self._in_turn(self._lists, key, generation, read, person)
        return self._dated(page, generation, late)

    def _dated(self, data: D, generation: int | None, late: str | None) -> D:
        """Return what was read for a generation with its age, and the reason if it is late."""
        at = max(data.read_at, self._confirmed(generation, late))
        if late is None and at == data.read_at:
            return data
        return msgspec.structs.replace(data, read_at=at, late=late)

    def _aged(self, look: CachedPage[A], generation: int | None) -> A:
        """Return what was read for a generation, or rests until its turn comes, with its age.

        Raises:
            UpstreamUnavailableError: it cannot be read now.
        """
        data, late = look
        if late:
            raise UpstreamUnavailableError(late)
        if data is None:
            return data
        at = max(data.read_at, self._confirmed(generation, late))
        return msgspec.structs.replace(data, read_at=at)

    def _confirmed(self, generation: int | None, late: str | None) -> float:
        """Return when what was read for a generation was last known to be as new as possible."""
        snapshot = self.snapshot
        if self.silent or late is not None or snapshot.fault is not None:
            return 0.0
        return (snapshot.checked_at or 0.0) if snapshot.generation == generation else 0.0

    async def _in_turn(
        self,
        cache: ListCache[T],
        key: Hashable,
        generation: int | None,
        read: Callable[[], Awaitable[T]],
        person: Hashable,
    ) -> CachedPage[T]:
        """Read something expensive when it is the turn of ``person``."""
        known = cache.known(key, generation)
        if known is not None:
            return known
        async with contextlib.AsyncExitStack() as turns:
            # The search whose turn it is may be waiting for a server that hangs.
            async with self._bounded():
                await turns.enter_async_context(self._searchers.turn(person))
            return await cache.look(key, generation, read, abandons=True)

    def _every(self, seconds: float) -> int | None:
        """Return a generation that advances with time alone; ``None`` while the server is gone."""
        return None if self._current() is None else int(time.monotonic() // seconds)

    def _current(self) -> int | None:
        return None if self.snapshot.fault is not None else self.snapshot.generation

    async def run(self) -> None:
        """Sample and index until cancelled, then release the server."""
        indexing = None if self._index is None else asyncio.create_task(self._index.run())
        try:
            await self._sampler.run()
        finally:
            if indexing is not None:
                indexing.cancel()
                await asyncio.gather(indexing, return_exceptions=True)
            self.masker.close()
            await self._reader.close()


class Monitor:
    """The servers of this console, by name, in the order of the settings."""

    def __init__(self, servers: Mapping[str, ServerMonitor]) -> None:
        """Serve ``servers``."""
        self._servers = dict(servers)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all servers."""
        return tuple(self._servers)

    def server(self, name: str) -> ServerMonitor:
        """Return one server.

        Raises:
            NotFoundError: no server has this name.
        """
        try:
            return self._servers[name]
        except KeyError:
            raise NotFoundError(
                f"The server {name!r} does not exist.", remedy="Choose one of the listed servers."
            ) from None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sample every server while the block runs.

        The block starts after the first read of each server, waiting at most two seconds for one
        that does not answer.
        """
        tasks = [asyncio.create_task(server.run()) for server in self._servers.values()]
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_LOOK):
                    await asyncio.gather(*(server.looked() for server in self._servers.values()))
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
