"""Pages of lists, read once for all who look: coalesced, kept while current."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from glasshouse.model.errors import UpstreamUnavailableError

T = TypeVar("T")

_KEPT = 256


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


class PageCache(Generic[T]):
    """Shares one read of each page among all viewers.

    A value stays good for the generation it was read in. While the server is
    gone the last known value of a page is given again: its own time of reading
    says how old it is.
    """

    def __init__(self, *, weigh: Callable[[T], int], max_weight: int = 32 << 20) -> None:
        """Keep at most ``max_weight`` (as ``weigh`` counts it) and 256 pages."""
        self._kept: OrderedDict[Hashable, tuple[int, T]] = OrderedDict()
        self._reading: dict[Hashable, asyncio.Task[T]] = {}
        self._weigh = weigh
        self._weight = 0
        self._max_weight = max_weight

    async def get(
        self, key: Hashable, generation: int | None, read: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the page for ``generation``, reading it at most once.

        ``generation`` is ``None`` while the server is known to be gone.

        Raises:
            UpstreamUnavailableError: it cannot be read and was never read.
        """
        kept = self._kept.get(key)
        if kept is not None and (generation is None or kept[0] == generation):
            self._kept.move_to_end(key)
            return kept[1]
        flight = (key, generation)
        task = self._reading.get(flight)
        if task is None:
            task = asyncio.create_task(self._read(key, generation, read))
            self._reading[flight] = task
            task.add_done_callback(lambda _: self._reading.pop(flight, None))
        try:
            # A viewer who leaves must not cancel the read that others wait for.
            return await asyncio.shield(task)
        except UpstreamUnavailableError:
            kept = self._kept.get(key)
            if kept is None:
                raise
            return kept[1]

    async def _read(
        self, key: Hashable, generation: int | None, read: Callable[[], Awaitable[T]]
    ) -> T:
        value = await read()
        if generation is not None:
            self._keep(key, generation, value)
        return value

    def _keep(self, key: Hashable, generation: int, value: T) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._weight -= self._weigh(old[1])
        self._kept[key] = (generation, value)
        self._weight += self._weigh(value)
        while len(self._kept) > _KEPT or (self._weight > self._max_weight and len(self._kept) > 1):
            _, (_, dropped) = self._kept.popitem(last=False)
            self._weight -= self._weigh(dropped)
