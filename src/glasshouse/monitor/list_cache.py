"""Pages of lists, read once for all who look: coalesced, kept while current."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Generic, NamedTuple, TypeVar

import msgspec

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError

T = TypeVar("T")
Bounded = Callable[[], AbstractAsyncContextManager[None]]
"""Ends a block when there is no use in waiting any longer: the server does not answer."""

_KEPT = 256
_SLOW = 0.25
"""Seconds from which a read counts as slow: then it rests for a multiple of what it took."""
_SPARING = 3
_LONGEST_REST = 15.0
"""Seconds that a slow page rests at most: what made it slow may be over.

A server that takes longer than that for a page is asked at most once in this time.
"""


class SlowGeneration:
    """A generation that moves on at most once in ``hold`` seconds, for reads that cost more.

    So their cost is bounded by time, not by how fast the server changes.
    """

    def __init__(self, hold: float, clock: Callable[[], float]) -> None:
        """Start with the first generation that is asked for."""
        self._hold = hold
        self._clock = clock
        self._since = 0.0
        self._held: int | None = None

    def of(self, current: int | None) -> int | None:
        """Return the generation to read for now; ``None`` while the server is gone."""
        now = self._clock()
        # The clock may have been set back: then it moves on as well.
        if current is not None and not 0 <= now - self._since < self._hold:
            self._held, self._since = current, now
        return None if current is None else self._held

    def behind(self, current: int | None) -> bool:
        """Tell whether something newer is there to be read later."""
        return current is not None and self._held != current


class CachedPage(NamedTuple, Generic[T]):
    """A page as somebody gets it.

    ``late`` is ``None`` when it is as new as can be asked for; otherwise why nothing
    newer is there yet: a sentence, or empty when its turn has not come.
    """

    value: T
    late: str | None = None


class ReadSharing(msgspec.Struct, frozen=True, kw_only=True):
    """How reads of pages are shared.

    ``most_age`` (seconds) is how long a read is good for although nothing seems to
    have changed; ``None`` where a generation tells of every change. Who waits for
    something newer than the last known page gets that after ``patience`` seconds.
    At most ``renewals`` pages that were read before are read again at a time, so
    that one that nobody has seen yet waits for few others.
    """

    most_age: float | None = None
    patience: float = 1.5
    renewals: int = 16


class ListCache(Generic[T]):
    """Shares one read of each page among all viewers.

    A value stays good for the generation it was read in. A page that takes long
    to read is read the more seldom. While the server is gone, and while a newer
    reading is not there, the last known value of a page is given again: its own
    time of reading says how old it is.
    """

    def __init__(
        self,
        *,
        weigh: Callable[[T], int],
        sharing: ReadSharing | None = None,
        turns: asyncio.Semaphore | None = None,
        bounded: Bounded = contextlib.nullcontext,
        max_weight: int = 32 << 20,
    ) -> None:
        """Keep at most ``max_weight`` (as ``weigh`` counts it) and 256 pages.

        ``turns`` are those of the pages that are read again; caches may share them. A page
        that was never read is waited for as long as ``bounded`` allows; its reading goes on.
        """
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._reading: dict[Hashable, _Flight[T]] = {}
        self._weigh = weigh
        self._weight = 0
        self._max_weight = max_weight
        self._sharing = sharing or ReadSharing()
        self._turns = turns or asyncio.Semaphore(self._sharing.renewals)
        self._bounded = bounded

    async def get(
        self, key: Hashable, generation: int | None, read: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the page for ``generation``; see ``look``. It does not say how old it is.

        So the last known is given only until its turn comes, and while the server is known to
        be gone.

        Raises:
            UpstreamUnavailableError: it cannot be read now.
        """
        page = await self.look(key, generation, read)
        if page.late:
            raise UpstreamUnavailableError(page.late)
        return page.value

    def known(self, key: Hashable, generation: int | None) -> CachedPage[T] | None:
        """Return the page if nothing has to be read for it now."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        if generation is None or self._good(kept, generation):
            return CachedPage(kept.value)
        rests = min(kept.took * _SPARING, _LONGEST_REST)
        return CachedPage(kept.value, "") if time.monotonic() - kept.read_at < rests else None

    async def look(
        self,
        key: Hashable,
        generation: int | None,
        read: Callable[[], Awaitable[T]],
        *,
        abandons: bool = False,
    ) -> CachedPage[T]:
        """Return the page for ``generation``, reading it at most once, or the last known.

        ``generation`` is ``None`` while the server is known to be gone. A read that
        ``abandons`` ends when nobody waits for it any more.

        Raises:
            UpstreamUnavailableError: it cannot be read and was never read.
        """
        known = self.known(key, generation)
        if known is not None:
            return known
        kept = self._kept.get(key)
        flight = self._flight(key, generation, read, again=kept is not None)
        flight.waiting += 1
        try:
            async with self._bounded() if kept is None else self._patience():
                # A viewer who leaves must not cancel the read that others wait for.
                return CachedPage(await asyncio.shield(flight.task))
        except asyncio.CancelledError:
            if abandons and flight.waiting == 1:
                self._abandon(key, flight)
            raise
        except UpstreamUnavailableError as error:
            kept = self._kept.get(key)
            if kept is None:
                raise
            return CachedPage(kept.value, error.detail)
        except TimeoutError:
            if kept is None:
                raise
            return CachedPage(kept.value, "")
        finally:
            flight.waiting -= 1

    def _patience(self) -> asyncio.Timeout:
        return asyncio.timeout(self._sharing.patience)

    def _abandon(self, key: Hashable, flight: _Flight[T]) -> None:
        # Who asks from now on begins anew.
        if self._reading.get(key) is flight:
            del self._reading[key]
        flight.task.cancel()

    def _good(self, kept: _Kept[T], generation: int) -> bool:
        most = self._sharing.most_age
        young = most is None or time.monotonic() - kept.read_at < most
        return kept.generation == generation and young

    def _flight(
        self,
        key: Hashable,
        generation: int | None,
        read: Callable[[], Awaitable[T]],
        *,
        again: bool,
    ) -> _Flight[T]:
        """Return the reading that answers for ``generation``: one under way, or a new one."""
        flight = self._reading.get(key)
        if flight is not None and not flight.began:
            # It has yet to ask: what it finds will be new enough.
            flight.generation = generation
        elif flight is None or flight.generation != generation:
            flight = self._reading[key] = _Flight(generation)
            flight.task = asyncio.create_task(self._read(key, flight, read, again=again))
            # Everybody may have left with what was known: then nobody asks how it ended.
            flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return flight

    async def _read(
        self, key: Hashable, flight: _Flight[T], read: Callable[[], Awaitable[T]], *, again: bool
    ) -> T:
        try:
            async with self._turns if again else contextlib.nullcontext():
                flight.began = True
                began = time.monotonic()
                value = await read()
                ended = time.monotonic()
        except NotFoundError:
            self._forget(key)
            raise
        finally:
            if self._reading.get(key) is flight:
                del self._reading[key]
        if flight.generation is not None:
            took = ended - began
            self._keep(key, _Kept(flight.generation, value, ended, took if took > _SLOW else 0.0))
        return value

    def _keep(self, key: Hashable, page: _Kept[T]) -> None:
        newer = self._kept.get(key)
        if newer is not None and newer.generation > page.generation:
            return
        self._forget(key)
        self._kept[key] = page
        self._weight += self._weigh(page.value)
        while len(self._kept) > _KEPT or (self._weight > self._max_weight and len(self._kept) > 1):
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._weight -= self._weigh(old.value)


class _Flight(Generic[T]):
    """A reading under way."""

    task: asyncio.Task[T]

    def __init__(self, generation: int | None) -> None:
        self.generation = generation
        self.began = False
        self.waiting = 0


class _Kept(NamedTuple, Generic[T]):
    """A page, and what generation it is of; ``took`` is nothing when it was read fast."""

    generation: int
    value: T
    read_at: float
    took: float
