"""A real Faktory's jobs for an index, from its Redis: a few hundred at a time, complete."""

from __future__ import annotations

import math
from collections.abc import Sequence

from glasshouse.model.job import JobSet, StoredJob
from glasshouse.upstream import redis_jobs, redis_keys
from glasshouse.upstream.reader import no_queue
from glasshouse.upstream.redis_link import ReadCommand, RedisLink
from glasshouse.upstream.remote_redis import RedisReader
from glasshouse.upstream.scan import MOST_RUNNING, ScanChunk, ScanCursor, token_of

_LEAST, _MOST, _BYTES = 50, 2000, 4 << 20
"""Entries per step, fewer when they are large: about that many bytes at once."""


class RedisScanner:
    """A ``Scanner`` of a Faktory's Redis."""

    keeps = False
    unhurried = 20.0
    heads = 5.0
    queues = 50
    head = 500

    def __init__(self, reader: RedisReader, link: RedisLink) -> None:
        """Read ``link``, whose turns should be spare ones; ``reader`` knows the version."""
        self._reader = reader
        self._link = link
        self._step = _LEAST

    async def stretch(self, name: JobSet, start: float | None) -> ScanChunk:
        """Return some hundred entries."""
        key = redis_keys.set_key(name)
        low = "-inf" if start is None else repr(start)
        step = self._step
        while True:
            (members,) = await self._link.ask(
                (ReadCommand.ZRANGEBYSCORE, key, low, "+inf", "WITHSCORES", "LIMIT", 0, step)
            )
            pairs = [(members[at], float(members[at + 1])) for at in range(0, len(members), 2)]
            self._adapt(sum(len(payload) for payload, _ in pairs), len(pairs))
            if len(pairs) < step:
                return _stretch(pairs, name, start, None)
            last = pairs[-1][1]
            if pairs[0][1] < last:
                return _stretch([pair for pair in pairs if pair[1] < last], name, start, last)
            # All of them have the same time, and there may be more of it.
            step *= 4

    def end(self, total: int, highest: float | None) -> float | None:
        """Return the latest time: anything appended comes after it."""
        return highest

    async def load(self, spots: Sequence[ScanCursor]) -> dict[int, StoredJob]:
        """Return none: every cursor comes with its entry."""
        return {}

    def note(self, jobs: Sequence[StoredJob]) -> None:
        """Pass entries on to the reader, so that it finds them by their ids."""
        self._reader.note(jobs)

    async def queue_head(self, queue: str) -> tuple[StoredJob, ...]:
        """Return the next jobs of a queue."""
        info, _ = await self._reader.info(60.0)
        if queue not in info.faktory.queues:
            raise no_queue(queue)
        prefix = redis_keys.prefixed(info.server.faktory_version)
        count = min(self.head, self._step)
        (members,) = await self._link.ask(
            (ReadCommand.LRANGE, redis_keys.queue_key(queue, prefix=prefix), -count, -1)
        )
        return tuple(redis_jobs.queued(payload, queue) for payload in reversed(members))

    async def running(self) -> tuple[StoredJob, ...]:
        """Return the currently running jobs."""
        (members,) = await self._link.ask(
            (ReadCommand.ZRANGE, redis_keys.WORKING, 0, MOST_RUNNING - 1, "WITHSCORES")
        )
        return tuple(
            redis_jobs.held(members[at], float(members[at + 1])) for at in range(0, len(members), 2)
        )

    async def close(self) -> None:
        """Close its connection."""
        await self._link.close()

    def _adapt(self, size: int, count: int) -> None:
        if count:
            self._step = max(_LEAST, min(_MOST, 2 * self._step, _BYTES * count // (size + 1)))


def _stretch(
    pairs: Sequence[tuple[bytes, float]], name: JobSet, start: float | None, high: float | None
) -> ScanChunk:
    spots = tuple(
        ScanCursor(score, token_of(payload), redis_jobs.due(payload, score, name))
        for payload, score in pairs
        if not math.isnan(score)
    )
    return ScanChunk(spots=spots, low=start, high=high, following=high)
