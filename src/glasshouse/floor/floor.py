"""The floor: what pages and the JSON API ask, answered with its age.

Pages know servers by name; each has one sampler and shared reads of lists.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

from glasshouse.floor.pages import PageCache
from glasshouse.floor.sampler import Pace, Sampler
from glasshouse.floor.snapshot import Snapshot
from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobPage, JobSet, StoredJob
from glasshouse.upstream.reader import Reader


class ServerFloor:
    """Everything that can be seen of one server."""

    def __init__(
        self, name: str, reader: Reader, *, clock: Callable[[], float], pace: Pace | None = None
    ) -> None:
        """Serve views of ``reader`` under ``name``."""
        self.name = name
        self._reader = reader
        self._sampler = Sampler(name, reader, clock=clock, pace=pace)
        self._lists: PageCache[JobPage] = PageCache(weigh=_page_weight)
        self._jobs: PageCache[tuple[StoredJob, ...]] = PageCache(weigh=_jobs_weight)

    @property
    def snapshot(self) -> Snapshot:
        """The last published snapshot."""
        return self._sampler.snapshot

    def watch(self) -> AsyncGenerator[Snapshot, None]:
        """Yield the current snapshot and then each newer one."""
        return self._sampler.watch()

    async def looked(self) -> None:
        """Return once the server has been read, or found to be gone, for the first time."""
        async with contextlib.aclosing(self.watch()) as snapshots:
            async for snapshot in snapshots:
                if snapshot.pulse:
                    return

    async def queue_jobs(self, queue: str, *, page: int, per_page: int) -> JobPage:
        """Return one page of a queue, next to run first; see ``Reader.queue_jobs``."""
        return await self._lists.get(
            ("queue", queue, page, per_page),
            self._current(),
            lambda: self._reader.queue_jobs(queue, page=page, per_page=per_page),
        )

    async def set_jobs(self, name: JobSet, *, page: int, per_page: int) -> JobPage:
        """Return one page of a set; see ``Reader.set_jobs``."""
        return await self._lists.get(
            ("set", name, page, per_page),
            self._current(),
            lambda: self._reader.set_jobs(name, page=page, per_page=per_page),
        )

    async def working_jobs(self, *, page: int, per_page: int) -> JobPage:
        """Return one page of the reserved jobs; see ``Reader.working_jobs``."""
        return await self._lists.get(
            ("working", page, per_page),
            self._current(),
            lambda: self._reader.working_jobs(page=page, per_page=per_page),
        )

    async def jobs(self, jid: str) -> tuple[StoredJob, ...]:
        """Return every entry with this id, or an empty tuple; see ``Reader.jobs``."""
        return await self._jobs.get(jid, self._current(), lambda: self._reader.jobs(jid))

    def _current(self) -> int | None:
        return None if self.snapshot.fault is not None else self.snapshot.generation

    async def run(self) -> None:
        """Sample until cancelled, then let the server go."""
        try:
            await self._sampler.run()
        finally:
            await self._reader.close()


class Floor:
    """The servers of this console, by name, in the order of the settings."""

    def __init__(self, servers: Mapping[str, ServerFloor]) -> None:
        """Serve ``servers``."""
        self._servers = dict(servers)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all servers."""
        return tuple(self._servers)

    def server(self, name: str) -> ServerFloor:
        """Return one server.

        Raises:
            NotFoundError: no server has this name.
        """
        try:
            return self._servers[name]
        except KeyError:
            raise NotFoundError(
                f"There is no server named {name!r}.", remedy="Choose one of the listed servers."
            ) from None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sample every server while the block runs, which starts after each one's first look."""
        tasks = [asyncio.create_task(server.run()) for server in self._servers.values()]
        try:
            await asyncio.gather(*(server.looked() for server in self._servers.values()))
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _page_weight(page: JobPage) -> int:
    return _jobs_weight(page.items)


def _jobs_weight(jobs: tuple[StoredJob, ...]) -> int:
    return sum(len(job.payload) + 512 for job in jobs)
