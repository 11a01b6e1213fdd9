"""Pages of lists, read once for all viewers: coalesced, and kept while current."""

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
"""Ends a block when waiting any longer is of no use: the server does not answer."""

_KEPT = 256
_SLOW = 0.25
"""Seconds from which a read counts as slow: the page then rests for a multiple of that time."""
_SPARING = 3
_LONGEST_REST = 15.0
"""Maximum seconds that a slow page rests: what made it slow may be over.

A server that takes longer than that for a page is queried at most once in this time.
"""


class SlowGeneration:
    """A generation that advances at most once in ``hold`` seconds, for more expensive reads.

    This bounds their cost by time, not by how fast the server changes.
    """

    def __init__(self, hold: float, clock: Callable[[], float]) -> None:
        """Start with the first generation that is requested."""
        self._hold = hold
        self._clock = clock
        self._since = 0.0
        self._held: int | None = None

    def of(self, current: int | None) -> int | None:
        """Return the generation to read for now; ``None`` while the server is gone."""
        now = self._clock()
        # The clock may have been set back: then it advances as well.
        if current is not None and not 0 <= now - self._since < self._hold:
            self._held, self._since = current, now
        return None if current is None else self._held

    def behind(self, current: int | None) -> bool:
        """Return whether there is something newer to be read later."""
        return current is not None and self._held != current


class CachedPage(NamedTuple, Generic[T]):
    """A page as a viewer gets it.

    ``late`` is ``None`` when it is as new as can be requested; otherwise it is why nothing
    newer is there yet: a sentence, or empty when its turn has not come.
    """

    value: T
    late: str | None = None


class ReadSharing(msgspec.Struct, frozen=True, kw_only=True):
    """How reads of pages are shared.

    ``most_age`` (seconds) is how long a read stays valid although nothing seems to have
    changed; ``None`` where a generation reflects every change. A caller that waits for
    something newer than the last known page gets the known one after ``patience`` seconds.
    At most ``renewals`` pages that were read before are read again at a time, so that a
    page that no one has seen yet waits for few others.
    """

    most_age: float | None = None
    patience: float = 1.5
    renewals: int = 16


class ListCache(Generic[T]):
    """Shares one read of each page among all viewers.

    A value stays valid for the generation it was read in. A page that takes long to read
    is read less often. While the server is gone, and while a newer reading is not there,
    the last known value of a page is returned again: its own time of reading shows how
    old it is.
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

        ``turns`` limits the pages that are read again; caches may share it. Callers wait for a page
        that was never read as long as ``bounded`` allows; its reading continues.
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
        """Return the page for ``generation``; see ``look``. It does not report how old it is.

        Therefore the last known page is returned only until its turn comes, and while the server is
        known to be gone.

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
        ``abandons`` ends when no one waits for it any longer.

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
        # Later callers begin a new read.
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
        """Return the read that answers for ``generation``: one under way, or a new one."""
        flight = self._reading.get(key)
        if flight is not None and not flight.began:
            # It has not queried yet: what it finds will be new enough.
            flight.generation = generation
        elif flight is None or flight.generation != generation:
            flight = self._reading[key] = _Flight(generation)
            flight.task = asyncio.create_task(self._read(key, flight, read, again=again))
            # All callers may have left with the known page: then no one retrieves its outcome.
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
    """A read under way."""

    task: asyncio.Task[T]

    def __init__(self, generation: int | None) -> None:
        self.generation = generation
        self.began = False
        self.waiting = 0


class _Kept(NamedTuple, Generic[T]):
    """A page and its generation; ``took`` is zero when it was read fast."""

    generation: int
    value: T
    read_at: float
    took: float
