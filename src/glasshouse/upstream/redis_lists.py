"""A part of a list straight from Redis, at any depth, with as few queries as possible.

A list is a *run*: entries numbered from 0 in the order in which they are due or will
run. In a set, a place is an entry's time and its number among those of the same time:
it stays valid while others come and go. In a queue it is a position.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage, ListPosition, ListQuery, Searched
from glasshouse.upstream import redis_jobs
from glasshouse.upstream.deadline import Deadline, look_through
from glasshouse.upstream.redis_link import Question, ReadCommand, RedisLink
from glasshouse.upstream.remote_jobs import time_of

_PROBES = 16
_ROUNDS = 8
_SECONDS = 1.0
"""How long one search may take, in seconds."""
_CHUNK, _MOST, _BYTES = 4, 2000, 4 << 20
"""Entries that a search reads first, at most, and about how many bytes it reads at once."""

Make = Callable[[bytes, float], StoredJob]


class RedisList(Protocol):
    """A list in Redis."""

    total: int

    async def part(self, low: int, high: int) -> list[StoredJob]:
        """Return the entries from ``low`` to below ``high``, and update ``total``."""
        ...

    async def first_at(self, at: float) -> int:
        """Return the number of the first entry at or after a time."""
        ...

    async def number_of(self, place: ListPosition, *, turned: bool) -> int:
        """Return the number of a place, counted from the end if ``turned``; see ``part``."""
        ...

    async def places(self, jobs: Sequence[Numbered], *, turned: bool) -> list[ListPosition]:
        """Return the places of some entries with their numbers, counted in display order."""
        ...


Numbered = tuple[int, StoredJob]


class QueueRun:
    """A queue: Faktory pushes on the left and pops from the right."""

    def __init__(self, link: RedisLink, key: str, queue: str, total: int) -> None:
        """Read the list at ``key``, which has about ``total`` entries."""
        self._link = link
        self._key = key
        self._queue = queue
        self.total = total

    async def part(self, low: int, high: int) -> list[StoredJob]:
        """Return entries, next to run first."""
        if low >= high:
            return []
        wanted: Question = (ReadCommand.LRANGE, self._key, -high, -low - 1)
        self.total, texts = await self._link.ask((ReadCommand.LLEN, self._key), wanted)
        return [redis_jobs.queued(payload, self._queue) for payload in reversed(texts)]

    async def first_at(self, at: float) -> int:
        """Return the number of the first entry that was enqueued at or after a time."""
        low, high = 0, self.total
        for _ in range(_ROUNDS):
            if low >= high:
                break
            step = max(1, (high - low) // _PROBES)
            numbers = range(low, high, step)
            questions: list[Question] = [(ReadCommand.LINDEX, self._key, -n - 1) for n in numbers]
            for number, payload in zip(numbers, await self._link.ask(*questions), strict=True):
                when = None if payload is None else time_of(redis_jobs.queued(payload, ""))
                if when is None or when >= at:
                    high = number
                    break
                low = number + 1
        return low

    async def number_of(self, place: ListPosition, *, turned: bool) -> int:
        """Return the position of a place; one beyond the end becomes the end."""
        return int(min(max(place.score, 0.0), self.total))

    async def places(self, jobs: Sequence[Numbered], *, turned: bool) -> list[ListPosition]:
        """Return positions."""
        return [ListPosition(float(number)) for number, _ in jobs]


class SetRun:
    """A sorted set."""

    def __init__(self, link: RedisLink, key: str, total: int, make: Make) -> None:
        """Read the set at ``key``; ``make`` turns its members into entries."""
        self._link = link
        self._key = key
        self._make = make
        self.total = total

    async def part(self, low: int, high: int) -> list[StoredJob]:
        """Return entries, soonest first."""
        if low >= high:
            return []
        wanted: Question = (ReadCommand.ZRANGE, self._key, low, high - 1, "WITHSCORES")
        self.total, texts = await self._link.ask((ReadCommand.ZCARD, self._key), wanted)
        pairs = zip(texts[::2], texts[1::2], strict=True)
        return [self._make(payload, float(score)) for payload, score in pairs]

    async def first_at(self, at: float) -> int:
        """Return the number of the first entry that is due at or after a time."""
        return int((await self._link.ask(_before(self._key, at)))[0])

    async def number_of(self, place: ListPosition, *, turned: bool) -> int:
        """Return how many entries precede a place."""
        question = (_after if turned else _before)(self._key, place.score)
        self.total, count = await self._link.ask((ReadCommand.ZCARD, self._key), question)
        return int(count) + (place.number or 0)

    async def places(self, jobs: Sequence[Numbered], *, turned: bool) -> list[ListPosition]:
        """Return the places of entries: their time, and their number among those of that time."""
        scores = [job.at if job.at is not None else job.expires_at or 0.0 for _, job in jobs]
        side = _after if turned else _before
        counts = await self._link.ask(*(side(self._key, score) for score in scores))
        return [
            ListPosition(score, max(0, number - count))
            for (number, _), score, count in zip(jobs, scores, counts, strict=True)
        ]


def _before(key: str, score: float) -> Question:
    return (ReadCommand.ZCOUNT, key, "-inf", f"({score!r}")


def _after(key: str, score: float) -> Question:
    return (ReadCommand.ZCOUNT, key, f"({score!r}", "+inf")


async def page_of(
    run: RedisList, query: ListQuery, *, now: float, descending: bool = False
) -> JobPage:
    """Return the requested part of a run; ``descending`` is the list's display order."""
    turned = descending is not query.backwards
    begin = await _begin(run, query, turned=turned)
    if query.wanted is not None:
        return await _search(run, query, begin, now=now, turned=turned)
    low = max(0, begin - query.per_page)
    window = await _shown(run, low, begin + query.per_page + 1, turned=turned)
    here = window[begin - low : begin - low + query.per_page]
    ends = [(number, window[number - low]) for number in (low, begin + query.per_page)
            if number != begin and number - low < len(window)]  # fmt: skip
    places = dict(zip((number for number, _ in ends),
                      await run.places(ends, turned=turned), strict=True))  # fmt: skip
    return JobPage(
        items=tuple(here),
        total=run.total,
        page=begin // query.per_page + 1,
        per_page=query.per_page,
        read_at=now,
        first=begin + 1 if here else None,
        previous=places.get(low) if begin else None,
        next=places.get(begin + query.per_page),
    )


async def _begin(run: RedisList, query: ListQuery, *, turned: bool) -> int:
    """Return the number of the first entry, counted in display order."""
    if query.start is not None:
        return await run.number_of(query.start, turned=turned)
    if query.at is not None:
        number = await run.first_at(query.at)
        return max(0, run.total - number) if turned else number
    return (query.page - 1) * query.per_page


async def _shown(run: RedisList, low: int, high: int, *, turned: bool) -> list[StoredJob]:
    if not turned:
        return await run.part(low, high)
    return (await run.part(max(0, run.total - high), max(0, run.total - low)))[::-1]


async def _search(
    run: RedisList, query: ListQuery, begin: int, *, now: float, turned: bool
) -> JobPage:
    """Search entry by entry, in larger batches the smaller they are, for a second."""
    assert query.wanted is not None
    matches: list[tuple[int, StoredJob]] = []
    number, chunk, skipped = begin, _CHUNK, 0
    deadline = Deadline(time.monotonic, _SECONDS)
    while number < run.total and len(matches) <= query.per_page:
        first = number == begin
        if not first and deadline.over():
            break
        some = await _shown(run, number, number + chunk, turned=turned)
        if not some:
            break
        looked = await look_through(query.wanted, some, deadline, first=first)
        matches += [(number + position, some[position]) for position in looked.hits]
        number += looked.looked_at
        skipped += looked.skipped
        average = sum(len(job.payload) for job in some) // len(some) + 1
        chunk = max(1, min(_MOST, _BYTES // average))
    shown, beyond = matches[: query.per_page], matches[query.per_page :]
    ended = not beyond and number >= run.total
    following: ListPosition | None = None
    if beyond:
        (following,) = await run.places(beyond[:1], turned=turned)
    elif not ended:
        following = await _place_at(run, number, turned=turned)
    return JobPage(
        items=tuple(job for _, job in shown),
        total=run.total,
        page=query.page,
        per_page=query.per_page,
        read_at=now,
        next=following,
        searched=Searched(
            (beyond[0][0] if beyond else number) - begin - skipped,
            complete=ended and not skipped,
        ),
    )


async def _place_at(run: RedisList, number: int, *, turned: bool) -> ListPosition | None:
    some = await _shown(run, number, number + 1, turned=turned)
    return (await run.places([(number, some[0])], turned=turned))[0] if some else None
