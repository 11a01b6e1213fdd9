"""Reading a real Faktory whose Redis is reachable: every list in full, the rest from its ports.

Workers and totals are in Faktory's process, not in Redis. While Redis cannot be read, lists
come from the Web UI as they would without it, and the state reports that.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage, TimesTable
from glasshouse.model.history import History
from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter
from glasshouse.model.server import Queue, ServerState, StrandedJobs, UnreadablePart
from glasshouse.upstream import redis_jobs, redis_keys
from glasshouse.upstream.day_counters import FAILED, PROCESSED, history, last_days, names
from glasshouse.upstream.entry_cache import EntryCache
from glasshouse.upstream.faktory_port import Info
from glasshouse.upstream.reader import no_queue, not_looked_at
from glasshouse.upstream.redis_link import Question, ReadCommand, RedisError, RedisLink
from glasshouse.upstream.redis_lists import QueueRun, SetRun, page_of
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_jobs import time_of
from glasshouse.upstream.timed_cache import At, TimedCache

T = TypeVar("T")

_FRESH = 1.0
_STRANDED = 30.0
"""Seconds for which the answer whether jobs are stranded stays valid."""
_QUEUES = 200
"""Queues whose next job is read when Faktory cannot report how long it has waited."""
_HEADS, _EACH = 20, 25
"""Queues, and entries of each list, that are searched for an id."""
_MOST = 100
_NEAR = 1e-6
"""Seconds by which the time of an entry may be off: today's floats are a quarter as far apart."""
_LONGEST = 1 << 20
"""Bytes of a queue's job that is found again by its content; in a list it has no other name."""


class RedisReader:
    """A ``Reader`` of a Faktory over the network that also reads its Redis."""

    def __init__(
        self,
        ports: RemoteReader,
        link: RedisLink,
        *,
        look: RedisLink | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Read what Redis has from ``link`` and the rest from ``ports``.

        ``look`` is the same Redis with separate turns, so that it is not considered gone because
        many lists are requested.
        """
        self._ports = ports
        self._link = link
        self._look = look or link
        self._clock = clock
        self._seen = EntryCache(each=_LONGEST)
        self._unread: UnreadablePart | None = None
        self._stranded = TimedCache(self._read_stranded, clock)
        self._paused: frozenset[str] | None = None

    async def change_token(self) -> Hashable:
        """Return the token of the ports; see ``RemoteReader.change_token``."""
        return await self._ports.change_token()

    async def state(self) -> ServerState:
        """Return the state from the ports, with what Redis knows better."""
        state = await self._ports.state()
        try:
            queues, stranded = await self._queues(state), (await self._stranded.within(_STRANDED))
        except RedisError as error:
            self._unread = UnreadablePart(error.detail, error.remedy)
            return msgspec.structs.replace(state, unread=self._unread)
        except UpstreamUnavailableError:
            # No turn came: nothing is wrong with either.
            return state
        self._unread = None
        return msgspec.structs.replace(state, queues=queues, stranded=stranded.value)

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        """Return a part of a queue, next to run first."""

        async def read() -> JobPage:
            info, at = await self._ports.info(_FRESH)
            total = info.faktory.queues.get(queue)
            if total is None:
                raise no_queue(queue)
            key = redis_keys.queue_key(queue, prefix=await self._prefixed())
            return await page_of(QueueRun(self._link, key, queue, total), query, now=at)

        return self._noted(await self._or_ports(read, lambda: self._ports.queue_jobs(queue, query)))

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        """Return a part of a set: retries and scheduled soonest first, dead newest first."""

        async def read() -> JobPage:
            info, at = await self._ports.info(_FRESH)
            run = SetRun(
                self._link,
                redis_keys.set_key(name),
                info.faktory.sets[name.value],
                lambda payload, score: redis_jobs.due(payload, score, name),
            )
            turned = name is JobSet.DEAD
            return await page_of(run, query, now=at, descending=turned)

        return self._noted(await self._or_ports(read, lambda: self._ports.set_jobs(name, query)))

    async def working_jobs(self, query: ListQuery) -> JobPage:
        """Return a part of the reserved jobs, first to expire first."""

        async def read() -> JobPage:
            info, at = await self._ports.info(_FRESH)
            total = info.faktory.sets["working"]
            run = SetRun(self._link, redis_keys.WORKING, total, redis_jobs.held)
            return await page_of(run, query, now=at)

        return await self._or_ports(read, lambda: self._ports.working_jobs(query))

    async def jobs(self, jid: str) -> Entries:
        """Return the existing entries with this id, among those seen before or at a list's head.

        Raises:
            NotFoundError: it is not among them; it may be further down.
        """

        async def read() -> Entries:
            jobs = await self._still(self._seen.having(jid))
            if not jobs:
                jobs = [job for job in await self._heads() if job.jid == jid]
            if not jobs:
                raise not_looked_at(jid)
            return Entries(tuple(jobs[:_MOST]), len(jobs))

        return await self._or_ports(read, lambda: self._ports.jobs(jid))

    def note(self, jobs: Iterable[StoredJob]) -> None:
        """Cache entries that were seen elsewhere."""
        self._seen.note(map(_place_of, jobs))

    async def info(self, age: float) -> At[Info]:
        """Return totals that are at most ``age`` seconds old; see ``RemoteReader.info``."""
        return await self._ports.info(age)

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
        """Return Faktory's counters of the last days, without creating them by the query."""

        async def read() -> History:
            now = self._clock()
            # The server's own day may have begun already.
            every = last_days(days, now, beyond=1)
            questions = [(ReadCommand.MGET, *names(what, every)) for what in (PROCESSED, FAILED)]
            answers = await self._link.ask(*questions)
            done, bad = (
                {day: int(count) for day, count in zip(every, some, strict=True) if count}
                for some in answers
            )
            if every[-1] not in done and every[-1] not in bad:
                every.pop()
            return history(every[-days:], done, bad, now=now, utc=False)

        return await self._or_ports(read, lambda: self._ports.history(days))

    async def parameters(self) -> tuple[Parameter, ...] | None:
        """Return ``None``: Faktory reads its settings from files."""
        return None

    async def close(self) -> None:
        """Close every connection."""
        await self._link.close()
        await self._look.close()
        await self._ports.close()

    async def _or_ports(
        self, read: Callable[[], Awaitable[T]], otherwise: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the answer from Redis, or from the ports while Redis cannot be read."""
        if self._unread is not None:
            return await otherwise()
        try:
            return await read()
        except RedisError as error:
            self._unread = UnreadablePart(error.detail, error.remedy)
            return await otherwise()

    def _noted(self, page: JobPage) -> JobPage:
        self.note(page.items)
        return page

    async def _prefixed(self) -> bool:
        info, _ = await self._ports.info(60.0)
        return redis_keys.prefixed(info.server.faktory_version)

    # -- state ---------------------------------------------------------------------

    async def _queues(self, state: ServerState) -> tuple[Queue, ...]:
        """Return the queues with their pauses, and with their ages where Faktory reports none."""
        prefix = redis_keys.prefixed(state.version)
        unaged = [q.name for q in state.queues if q.size and q.oldest_at is None][:_QUEUES]
        ages: list[Question] = [
            (ReadCommand.LINDEX, redis_keys.queue_key(name, prefix=prefix), -1) for name in unaged
        ]
        paused, *heads = await self._look.ask((ReadCommand.SMEMBERS, redis_keys.PAUSED), *ages)
        names = {bytes(name).decode(errors="replace") for name in paused}
        oldest = {
            name: time_of(redis_jobs.queued(payload, name))
            for name, payload in zip(unaged, heads, strict=True)
            if payload is not None
        }
        return tuple(
            msgspec.structs.replace(
                queue,
                paused=queue.name in names,
                oldest_at=oldest.get(queue.name, queue.oldest_at),
            )
            for queue in state.queues
        )

    async def _read_stranded(self) -> tuple[StrandedJobs, ...]:
        """Return the queues with jobs in a place that this version of Faktory does not check."""
        info, _ = await self._ports.info(60.0)
        names = set(info.faktory.queues)
        (known,) = await self._look.ask((ReadCommand.SMEMBERS, redis_keys.QUEUES))
        names |= {bytes(name).decode(errors="replace") for name in known}
        other = not redis_keys.prefixed(info.server.faktory_version)
        keys = {name: redis_keys.queue_key(name, prefix=other) for name in sorted(names)}
        kinds = await self._look.ask(*((ReadCommand.TYPE, key) for key in keys.values()))
        lists = [name for name, kind in zip(keys, kinds, strict=True) if kind == b"list"]
        sizes = await self._look.ask(*((ReadCommand.LLEN, keys[name]) for name in lists))
        return tuple(
            StrandedJobs(name, keys[name], size) for name, size in zip(lists, sizes, strict=True)
        )

    # -- one job -------------------------------------------------------------------

    async def _still(self, seen: Sequence[StoredJob]) -> list[StoredJob]:
        """Return which of the entries seen before still exist."""
        prefix = await self._prefixed()
        answers = await self._link.ask(*(_whether(job, prefix=prefix) for job in seen))
        jobs: list[StoredJob] = []
        for job, answer in zip(seen, answers, strict=True):
            there = _found(job, answer)
            if not there:
                self._seen.forget(job)
            jobs += [one for one in there if one not in jobs]
        return jobs

    async def _heads(self) -> list[StoredJob]:
        """Return the first entries of the sets and of the longest queues, and the running jobs."""
        info, _ = await self._ports.info(_FRESH)
        sizes, prefix = info.faktory.queues, await self._prefixed()
        queues = sorted(sizes, key=lambda name: -sizes[name])[:_HEADS]
        sets = list(JobSet)
        questions: list[Question] = [
            *((ReadCommand.ZRANGE, name.value, *_end(name), "WITHSCORES") for name in sets),
            (ReadCommand.ZRANGE, redis_keys.WORKING, 0, -1, "WITHSCORES"),
            *(
                (ReadCommand.LRANGE, redis_keys.queue_key(name, prefix=prefix), -_EACH, -1)
                for name in queues
            ),
        ]
        answers = await self._link.ask(*questions)
        jobs: list[StoredJob] = []
        for name, pairs in zip(sets, answers, strict=False):
            jobs += [redis_jobs.due(*pair, name) for pair in _scored(pairs)]
        jobs += [redis_jobs.held(*pair) for pair in _scored(answers[len(sets)])]
        for queue, payloads in zip(queues, answers[len(sets) + 1 :], strict=True):
            jobs += [redis_jobs.queued(payload, queue) for payload in payloads]
        return jobs


def _place_of(job: StoredJob) -> StoredJob:
    """Return what is needed to find an entry again: for a set's, only its place.

    Its payload may be of any length, or come from a page of the Web UI that shows less.
    """
    return (
        job
        if job.at is None
        else msgspec.structs.replace(job, payload=b"", shown_args=None, rounded_args=None)
    )


def _found(job: StoredJob, answer: Any) -> list[StoredJob]:
    """Return the entries that were seen as ``job``, from the answer to ``_whether``."""
    if job.at is None:
        return [] if answer is None else [job]
    here = [redis_jobs.due(*pair, JobSet(job.state.value)) for pair in _scored(answer)]
    return [one for one in here if one.jid == job.jid]


def _whether(job: StoredJob, *, prefix: bool) -> Question:
    """Return the query for whether an entry exists."""
    if job.at is None:
        return (ReadCommand.LPOS, redis_keys.queue_key(job.queue, prefix=prefix), job.payload)
    # A page of the Web UI shows the time as digits, which may parse to another float.
    low, high = repr(job.at - _NEAR), repr(job.at + _NEAR)
    return (ReadCommand.ZRANGEBYSCORE, job.state.value, low, high, "WITHSCORES")


def _end(name: JobSet) -> tuple[int, int]:
    """Return the range of the entries that a list of this set shows first."""
    return (-_EACH, -1) if name is JobSet.DEAD else (0, _EACH - 1)


def _scored(answer: Sequence[bytes]) -> list[tuple[bytes, float]]:
    return [(member, float(score)) for member, score in zip(answer[::2], answer[1::2], strict=True)]
