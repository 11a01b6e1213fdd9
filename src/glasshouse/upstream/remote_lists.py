"""A part of a list from pages that have 25 rows each, in either direction.

A list is a *run*: entries numbered from 0 in the order in which they are due or
will run. Faktory's pages are fetched only as needed, each once.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage, ListPosition, ListQuery, Searched
from glasshouse.upstream.deadline import Deadline, look_through
from glasshouse.upstream.remote_jobs import time_of

ROWS = 25
"""Rows of one of Faktory's pages. A queue's page has one more, the next page's first."""
_MOST_PAGES = 4
"""Pages that one search examines."""
_MOST_STEPS = 24
_SECONDS = 1.0
"""How long one search may spend on examining what it fetched, in seconds."""

Fetch = Callable[[int], Awaitable[list[StoredJob]]]
"""Returns the rows of Faktory's page with this number, from 1."""


class PagedList:
    """A list of ``total`` entries; ``newest_first`` means that Faktory's pages reverse it."""

    def __init__(self, fetch: Fetch, total: int, *, newest_first: bool = False) -> None:
        """Call ``fetch`` as little as possible."""
        self._fetch = fetch
        self._newest_first = newest_first
        self._pages: dict[int, list[StoredJob]] = {}
        self.total = total

    async def part(self, low: int, high: int) -> list[StoredJob]:
        """Return the entries from ``low`` to below ``high``; fewer when the list has shrunk."""
        low, high = max(0, low), min(high, self.total)
        if low >= high:
            return []
        first, last = low, high - 1
        if self._newest_first:
            first, last = self.total - high, self.total - 1 - low
        rows: list[StoredJob] = []
        for number in range(first // ROWS, last // ROWS + 1):
            begin = number * ROWS
            page = await self._page(number + 1)
            rows += page[max(0, first - begin) : last + 1 - begin]
        return rows[::-1] if self._newest_first else rows

    async def first_at(self, at: float) -> int:
        """Return the number of the first entry at or after a time."""
        low, high = 0, self.total
        for _ in range(_MOST_STEPS):
            if low >= high:
                break
            middle = (low + high) // 2
            some = await self.part(middle, middle + 1)
            when = time_of(some[0]) if some else None
            if when is not None and when < at:
                low = middle + 1
            else:
                high = middle
        return low

    async def _page(self, number: int) -> list[StoredJob]:
        if number not in self._pages:
            # Newly pushed jobs shift the others: none is returned twice.
            seen = {_identity(job) for page in self._pages.values() for job in page}
            rows = (await self._fetch(number))[:ROWS]
            self._pages[number] = [job for job in rows if _identity(job) not in seen]
        return self._pages[number]


def _identity(job: StoredJob) -> tuple[str | None, bytes]:
    return job.key, job.payload


async def page_of(
    run: PagedList, query: ListQuery, *, now: float, descending: bool = False
) -> JobPage:
    """Return the requested part of a run; ``descending`` is the list's display order."""
    turned = descending is not query.backwards
    begin = await _begin(run, query, turned=turned)
    if query.wanted is not None:
        return await _search(run, query, begin, now=now, turned=turned)
    rows = await _shown(run, begin, begin + query.per_page, turned=turned)
    after = begin + query.per_page
    return JobPage(
        items=tuple(rows),
        total=run.total,
        page=begin // query.per_page + 1,
        per_page=query.per_page,
        read_at=now,
        first=begin + 1 if rows else None,
        previous=ListPosition(float(max(0, begin - query.per_page))) if begin else None,
        next=ListPosition(float(after)) if after < run.total else None,
    )


async def _begin(run: PagedList, query: ListQuery, *, turned: bool) -> int:
    """Return the number of the first entry, counted in display order."""
    if query.start is not None:
        return int(min(max(query.start.score, 0.0), run.total))
    if query.at is not None:
        number = await run.first_at(query.at)
        return max(0, run.total - number) if turned else number
    return (query.page - 1) * query.per_page


async def _shown(run: PagedList, low: int, high: int, *, turned: bool) -> list[StoredJob]:
    if not turned:
        return await run.part(low, high)
    return (await run.part(run.total - high, run.total - low))[::-1]


async def _search(
    run: PagedList, query: ListQuery, begin: int, *, now: float, turned: bool
) -> JobPage:
    assert query.wanted is not None
    matches: list[StoredJob] = []
    steps = range(begin, begin + (_MOST_PAGES + 1) * ROWS, ROWS)
    reached, skipped = begin, 0
    for low, high in pairwise(steps):
        if low >= run.total or len(matches) >= query.per_page:
            break
        some = await _shown(run, low, high, turned=turned)
        # Faktory takes as long as it takes; only the examination is bounded.
        deadline = Deadline(time.monotonic, _SECONDS / _MOST_PAGES)
        looked = await look_through(query.wanted, some, deadline, first=low == begin)
        matches += [some[position] for position in looked.hits]
        skipped += looked.skipped
        if looked.looked_at < len(some):
            reached = low + looked.looked_at
            break
        reached = min(high, run.total)
    ended = reached >= run.total
    return JobPage(
        items=tuple(matches),
        total=run.total,
        page=query.page,
        per_page=query.per_page,
        read_at=now,
        next=None if ended else ListPosition(float(reached)),
        searched=Searched(reached - begin - skipped, complete=ended and not skipped),
    )
