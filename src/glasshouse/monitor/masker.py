"""Hiding values in the jobs of a page without making anyone else wait for it.

More than a few kilobytes are processed on a thread, some jobs at a time, so that pages take
turns; results are kept for the next viewer who may see the same. How much is examined for one
page is bounded: in the jobs beyond, a rule that hides anything hides everything.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import NamedTuple

from glasshouse.model.job import StoredJob
from glasshouse.model.redaction import Redaction
from glasshouse.wire.masking import MOST_READ, masked, may_hide

MOST_A_PAGE = 4 << 20
"""Bytes of stored jobs that are examined for one page."""
AT_ONCE = 4 << 10
"""Bytes of stored jobs that are examined on the event loop."""
SKIMMED = 64 << 10
"""Bytes of stored jobs that the event loop checks for anything to hide."""
_CHUNK = 64 << 10
_MOST_KEPT, _MOST_BYTES = 4096, 8 << 20

_Rules = tuple[Redaction, ...]


class _Asked(NamedTuple):
    """A job, what is hidden in it, and how many bytes of a field are examined for that."""

    job: StoredJob
    rules: _Rules
    most: int

    @property
    def size(self) -> int:
        return _size(self.job)


class Masker:
    """Removes from jobs what rules hide, on a separate thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._thread = ThreadPoolExecutor(1, "masking")
        self._kept: OrderedDict[_Asked, StoredJob] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[tuple[_Asked, ...], asyncio.Future[list[StoredJob]]] = {}

    async def shown(self, jobs: Sequence[StoredJob], rules: _Rules) -> tuple[StoredJob, ...]:
        """Return ``jobs`` with everything hidden that ``rules`` hide."""
        if not rules:
            return tuple(jobs)
        ends = accumulate(map(_size, jobs))
        within = [MOST_READ if end <= MOST_A_PAGE else 0 for end in ends]
        requests = [_Asked(job, rules, most) for job, most in zip(jobs, within, strict=True)]
        cached = {one: self._kept[one] for one in requests if one in self._kept}
        missing = [one for one in dict.fromkeys(requests) if one not in cached]
        if sum(one.size for one in missing) <= SKIMMED:
            cached |= {one: one.job for one in missing if not may_hide(one.job, one.rules)}
            missing = [one for one in missing if one not in cached]
        if sum(one.size for one in missing) <= AT_ONCE:
            cached |= zip(missing, _masked(missing), strict=True)
        else:
            for some in _chunks(missing):
                cached |= zip(some, await self._on_thread(some), strict=True)
        self._keep(cached)
        return tuple(cached[one] for one in requests)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _on_thread(self, some: tuple[_Asked, ...]) -> list[StoredJob]:
        flight = self._under_way.get(some)
        if flight is None:
            loop = asyncio.get_running_loop()
            flight = loop.run_in_executor(self._thread, lambda: _masked(some))
            self._under_way[some] = flight
            flight.add_done_callback(lambda _: self._under_way.pop(some))
        # A caller that leaves must not take it away from others who wait for the same.
        return await asyncio.shield(flight)

    def _keep(self, masked: Mapping[_Asked, StoredJob]) -> None:
        """Keep the results, and drop those unused for longest."""
        for one, left in masked.items():
            if one in self._kept:
                self._kept.move_to_end(one)
            else:
                self._kept[one] = left
                self._bytes += _weight(one, left)
        while len(self._kept) > _MOST_KEPT or self._bytes > _MOST_BYTES:
            self._bytes -= _weight(*self._kept.popitem(last=False))


def _size(job: StoredJob) -> int:
    return len(job.payload) + len(job.rounded_args or b"")


def _masked(requests: Sequence[_Asked]) -> list[StoredJob]:
    return [masked(*one) for one in requests]


def _weight(one: _Asked, left: StoredJob) -> int:
    return 512 + one.size + (len(left.payload) if left.redacted else 0)


def _chunks(requests: Sequence[_Asked]) -> Iterator[tuple[_Asked, ...]]:
    """Yield them in parts of about the same number of bytes."""
    some: list[_Asked] = []
    room = _CHUNK
    for one in requests:
        some.append(one)
        room -= one.size
        if room <= 0:
            yield tuple(some)
            some, room = [], _CHUNK
    if some:
        yield tuple(some)
