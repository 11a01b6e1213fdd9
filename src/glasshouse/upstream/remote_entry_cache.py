"""Rows of Faktory's pages, cached as they are read, and found again by their id.

Entries returned for an id were seen just now: those that left meanwhile are dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from glasshouse.faktory_ui.jobs import queue_path, read_queue, read_set, set_path
from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.upstream import remote_jobs
from glasshouse.upstream.entry_cache import EntryCache, Page
from glasshouse.upstream.faktory_port import Info
from glasshouse.upstream.reader import listed_by
from glasshouse.upstream.remote_details import detailed, has_page
from glasshouse.upstream.remote_lists import ROWS, Fetch
from glasshouse.upstream.remote_presence import page_with


class RowCache:
    """The most recently seen rows of one Faktory's pages."""

    def __init__(
        self, get: Callable[[str], Awaitable[bytes]], info: Callable[[], Awaitable[Info]]
    ) -> None:
        """Read pages with ``get``; ``info`` returns how long lists are now."""
        self._get = get
        self._info = info
        self._seen = EntryCache()

    def note(self, jobs: Iterable[StoredJob]) -> None:
        """Cache entries that were seen elsewhere."""
        self._seen.note(jobs)

    def queue(self, name: str) -> Fetch:
        """Return a function that reads the pages of a queue."""
        path = queue_path(name)

        async def fetch(number: int) -> list[StoredJob]:
            html = await listed_by(name, self._get(f"{path}?page={number}"))
            rows = [remote_jobs.queued(row, name) for row in read_queue(name, html)]
            # The page shows the newest first; among entries with one id, the oldest comes first.
            self._seen.note(reversed(rows), page=Page(number, await self._last(name)))
            return rows

        return fetch

    def set(self, name: JobSet) -> Fetch:
        """Return a function that reads the pages of a set."""

        async def fetch(number: int) -> list[StoredJob]:
            html = await self._get(f"{set_path(name)}?page={number}")
            rows = [remote_jobs.listed(row, name) for row in read_set(name, html)]
            self._seen.note(rows, page=Page(number, await self._last(name)))
            return rows

        return fetch

    async def standing(self, jid: str) -> list[StoredJob]:
        """Return which of the entries seen with an id still exist, with their details."""
        jobs: list[StoredJob] = []
        for entry in self._seen.having(jid):
            job = await self._detailed(entry) if has_page(entry) else await self._listed(entry)
            if job is None:
                self._seen.forget(entry)
            else:
                jobs.append(job)
        return jobs

    async def _detailed(self, entry: StoredJob) -> StoredJob | None:
        """Return a set's entry completed from its own page; ``None`` when it has left."""
        try:
            job = await detailed(entry, self._get)
        except NotFoundError:
            return None
        return job or await self._listed(entry)

    async def _listed(self, entry: StoredJob) -> StoredJob | None:
        """Return an entry if it is in its list; ``None`` when it was not found there."""
        name = entry.queue if entry.state is JobState.ENQUEUED else JobSet(entry.state.value)
        last = await self._last(name)
        if not last:
            return None
        fetch = self.set(name) if isinstance(name, JobSet) else self.queue(name)
        guess, seen = last, self._seen.page(entry)
        if seen is not None:
            # In a queue it moves ever closer to the last page, and its page number only grows.
            guess = max(seen.number, last - max(0, seen.last - seen.number))
        try:
            page = await page_with(fetch, entry, guess=guess, last=last)
        except NotFoundError:
            # The queue itself is gone.
            return None
        return None if page is None else entry

    async def _last(self, name: str | JobSet) -> int:
        """Return about how many pages a list has now, 0 when it is empty."""
        faktory = (await self._info()).faktory
        known = faktory.sets if isinstance(name, JobSet) else faktory.queues
        return -(-known.get(name, 0) // ROWS)
