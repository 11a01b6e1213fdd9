"""One sampler per server: reads for all viewers, at a pace set by whether anyone is viewing.

The cost to the job server does not grow with viewers: the sampler checks whether anything
changed, reads the state once if so, and publishes it to every watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Hashable

import msgspec
import structlog

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.server import ServerState, UnreadablePart
from glasshouse.monitor.list_cache import ReadSharing
from glasshouse.monitor.snapshot import Fault, Sample, Snapshot
from glasshouse.monitor.trends import Trends
from glasshouse.upstream.reader import Reader

log = structlog.get_logger()


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between polls: while watched, while no one is viewing, after a fault.

    After a fault while no one is viewing they double up to ``patient``. A caller that requested
    an answer counts as viewing for ``asked`` seconds: it may request it again. ``slow`` is for
    reads that cost more than a poll: each at most once in that time. ``sharing`` is how reads of
    lists are shared.
    """

    watched: float = 0.1
    idle: float = 1.0
    fault: float = 0.5
    between_reads: float = 0.15
    refresh: float = 1.0
    history: int = 300
    slow: float = 2.0
    patient: float = 30.0
    asked: float = 0.0
    sharing: ReadSharing = ReadSharing()


_MOST_REASONS = 50
"""Distinct reasons logged while a server cannot be read: some repeat what the server says."""
_LONGEST_REST = 2.0
"""Maximum seconds added because a server answers slowly: it may have recovered."""


class Sampler:
    """Publishes snapshots of one server until stopped."""

    def __init__(
        self,
        name: str,
        reader: Reader,
        *,
        clock: Callable[[], float],
        pace: Pace | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Watch ``reader`` under the server's ``name``; ``clock`` gives Unix seconds.

        ``chance`` gives numbers from 0 to 1: many consoles that lost one server do not all come
        back at once.
        """
        self.name = name
        self._reader = reader
        self._clock = clock
        self._pace = pace or Pace()
        self._samples: deque[Sample] = deque(maxlen=self._pace.history)
        self._trends = Trends()
        self._wakers: set[asyncio.Event] = set()
        self._nudge = asyncio.Event()
        self._chance = chance
        self._failed = 0
        self._unread: UnreadablePart | None = None
        self._reasons: set[tuple[str, str]] = set()
        self._token: Hashable = None
        self._published_at = 0.0
        self._asked_at = -math.inf
        self.confirmed_at = -math.inf
        """When the state of the snapshot was last known to be current, by ``time.monotonic``."""
        self.snapshot = Snapshot(
            generation=0, pulse=0, state=None, checked_at=None, fault=None, samples=()
        )

    async def run(self) -> None:
        """Sample forever; cancel to stop."""
        while True:
            wait = await self._look()
            # Not wait_for: on Python 3.11 it may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._nudge.wait()
                # Someone started viewing: poll now, but never in a tight loop.
                await asyncio.sleep(self._pace.between_reads if self.snapshot.pulse else 0)
            self._nudge.clear()

    @property
    def watched(self) -> bool:
        """Whether anyone is viewing."""
        return bool(self._wakers) or time.monotonic() - self._asked_at < self._pace.asked

    def ask(self) -> None:
        """Note that someone requests what is known now, and may do so again."""
        if self._pace.asked and not self.watched:
            self._nudge.set()
        self._asked_at = time.monotonic()

    async def watch(self) -> AsyncGenerator[Snapshot, None]:
        """Yield the current snapshot, then each newer one; a slow reader skips to the latest."""
        waker = asyncio.Event()
        self._wakers.add(waker)
        if len(self._wakers) == 1:
            self._nudge.set()
        try:
            while True:
                yield self.snapshot
                await waker.wait()
                waker.clear()
        finally:
            self._wakers.discard(waker)

    async def _look(self) -> float:
        """Poll once, publish what is new, and return how long to wait."""
        began = time.monotonic()
        try:
            # Before any query: what is reported is never older than stated.
            now = self._clock()
            token = await self._reader.change_token()
            if token != self._token or self._due(now):
                await self._read(token, now)
                self.confirmed_at = began
        except UpstreamUnavailableError as error:
            self._fail(error)
            return self._rest_after_fault()
        except Exception as error:
            # Whatever the error is, a sampler that is gone for good would be worse.
            fault = _unexpected(error)
            if self._is_news(fault):
                log.exception("sampler failed", server=self.name)
            self._fail(fault)
            return self._rest_after_fault()
        self._failed = 0
        # A server that answers slowly is polled less often.
        rest = min(time.monotonic() - began, _LONGEST_REST)
        if not self.watched:
            return max(self._pace.idle, rest)
        wait = self._pace.between_reads if token != self._token else self._pace.watched
        return max(wait, rest)

    def _rest_after_fault(self) -> float:
        """Return how long to wait: constant while someone is viewing, else ever longer."""
        self._failed += 1
        pause = self._pace.fault
        if not self.watched:
            pause = min(self._pace.patient, pause * 2.0 ** min(self._failed - 1, 10))
        return pause * (0.75 + self._chance() / 2)

    def _due(self, now: float) -> bool:
        # The clock may have been set back: then a read is due as well.
        return not 0 <= now - self._published_at < self._pace.refresh

    async def _read(self, token: Hashable, now: float) -> None:
        changed = token != self._token or self.snapshot.fault is not None
        began = time.perf_counter()
        state = await self._reader.state()
        took = time.perf_counter() - began
        if not self._samples or now - self._samples[-1].at >= self._pace.refresh * 0.95:
            self._samples.append(_sample(state, now))
        if self.snapshot.fault is not None:
            self._trends.forget()
        self._trends.look(state, now)
        if self.snapshot.fault is not None:
            self._reasons.clear()
            log.info("server answers again", server=self.name)
        if (unread := state.unread) != self._unread:
            self._unread = unread
            if unread is not None:
                log.warning(
                    "a part of the server cannot be read", server=self.name, detail=unread.detail
                )
        self._token = token
        self._publish(
            Snapshot(
                generation=self.snapshot.generation + changed,
                pulse=self.snapshot.pulse + 1,
                state=state,
                checked_at=now,
                fault=None,
                samples=tuple(self._samples),
                round_trip=took,
                mark=self._trends.mark,
                quiet_since=self._trends.quiet_since,
                most_running=self._trends.most_running,
            )
        )

    def _is_news(self, error: UpstreamUnavailableError) -> bool:
        """Return whether this reason has not been logged since the server could last be read."""
        reasons = self._reasons
        return (error.detail, error.remedy) not in reasons and len(reasons) < _MOST_REASONS

    def _fail(self, error: UpstreamUnavailableError) -> None:
        """Publish why the server cannot be read, whenever the reason differs from the last one."""
        known = self.snapshot.fault
        since = self._clock() if known is None else known.since
        fault = Fault(since, error.detail, error.remedy)
        if fault == known:
            return
        if self._is_news(error):
            self._reasons.add((error.detail, error.remedy))
            log.warning("server cannot be read", server=self.name, detail=error.detail)
        self._token = None
        self._publish(
            msgspec.structs.replace(
                self.snapshot,
                fault=fault,
                pulse=self.snapshot.pulse + 1,
                generation=self.snapshot.generation + 1,
            )
        )

    def _publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._published_at = self._clock()
        for waker in self._wakers:
            waker.set()


def _unexpected(error: Exception) -> UpstreamUnavailableError:
    return UpstreamUnavailableError(
        f"The server's answer could not be processed ({type(error).__name__}).",
        remedy="Look in the console's log for the cause.",
    )


def _sample(state: ServerState, now: float) -> Sample:
    return Sample(
        now,
        state.processed,
        state.failures,
        state.enqueued,
        dead=state.sets.dead,
        commands=state.command_count,
    )
