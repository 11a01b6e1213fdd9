"""Whether an entry seen before is still in its list, from few of Faktory's pages.

Faktory cannot be queried for an entry of a queue, nor for every entry of a set. But its pages
are ordered by time, so each page read shows in which direction to continue. An entry not found
in a bounded number of them is reported neither as present nor as ended.
"""

from __future__ import annotations

import math

from glasshouse.model.job import JobState, StoredJob
from glasshouse.upstream.remote_jobs import time_of
from glasshouse.upstream.remote_lists import Fetch

_MOST_READS = 10
_LEAPS = 3
"""Pages that are guessed from the times on the previous one; then bisection follows."""
_BEYOND = 2
"""Pages read beyond the one where it would be: others were pushed meanwhile."""
_NEAR = 3
"""Rows by which entries may be out of order: they came over several connections."""


async def page_with(fetch: Fetch, job: StoredJob, *, guess: int, last: int) -> int | None:
    """Return the number of the page that has an entry, or ``None``.

    ``guess`` is where it may be, ``last`` is about the last page of its list.
    """
    turned = job.state is JobState.ENQUEUED
    walk = _Walk(_order(job, turned=turned), max(1, last))
    number: int | None = max(1, guess)
    while number is not None and walk.reads < _MOST_READS:
        rows = await fetch(number)
        if any(_same(row, job) for row in rows):
            return number
        number = walk.after(number, [_order(row, turned=turned) for row in rows])
    return None


class _Walk:
    """The way from page to page: ``at`` is the entry's sort value, which rises with the pages.

    It is not below ``low``. Newly pushed jobs shift it, so it may be above ``high`` after all.
    """

    def __init__(self, at: float | None, last: int) -> None:
        self.reads = 0
        self._read: set[int] = set()
        self._at = at
        self._low, self._high, self._last = 1, last + 1, last
        self._beyond = 0

    def after(self, number: int, orders: list[float | None]) -> int | None:
        """Return the page to read after this one, whose rows have these sort values."""
        self.reads += 1
        self._read.add(number)
        known_orders = [one for one in orders if one is not None]
        if not orders:
            # Beyond the end.
            self._high = number - 1
            return self._within(self._last)
        if self._at is None or not known_orders:
            return number + 1
        behind, before = (
            sum(one > self._at for one in known_orders),
            sum(one < self._at for one in known_orders),
        )
        if before == len(known_orders):
            self._low = max(self._low, number + 1)
        elif behind == len(known_orders):
            self._high = number - 1
        else:
            # It would be here, or just beyond an edge.
            edges = [(behind, number + 1), (before, number - 1)]
            beyond = [page for rows, page in edges if rows < _NEAR and page >= 1]
            return next((page for page in beyond if page not in self._read), None)
        return self._within(self._leap(number, min(known_orders), max(known_orders)))

    def _leap(self, number: int, first: float, final: float) -> int:
        assert self._at is not None
        if self.reads > _LEAPS:
            return (self._low + self._high) // 2
        away = self._at - final if self._at > final else self._at - first
        pages = away / (final - first) if final > first else math.copysign(1.0, away)
        step = max(1, math.ceil(min(abs(pages), self._last)))
        return number + (step if away > 0 else -step)

    def _within(self, number: int) -> int | None:
        if self._low <= self._high:
            return min(max(number, self._low), self._high)
        # It is between two pages, or has been shifted by jobs pushed meanwhile.
        self._beyond += 1
        return self._low + self._beyond - 1 if self._beyond <= _BEYOND else None


def _order(job: StoredJob, *, turned: bool) -> float | None:
    """Return a value that rises from page to page: queues show the newest first."""
    at = time_of(job)
    return None if at is None else -at if turned else at


def _same(row: StoredJob, job: StoredJob) -> bool:
    if job.key is None:
        return row.payload == job.payload
    return row.key == job.key
