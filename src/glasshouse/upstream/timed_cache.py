"""Something that is read at most once within a period, however many callers request it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.upstream.breaker import again

T = TypeVar("T")


class At(NamedTuple, Generic[T]):
    """What was read, and when that began (Unix seconds): it is not older than that."""

    value: T
    at: float


class TimedCache(Generic[T]):
    """The last reading of one thing; callers that come during a read share its answer."""

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        """Read with ``read`` when what is known is too old."""
        self._read = read
        self._clock = clock
        self._known: At[T] | None = None
        self._fault: UpstreamUnavailableError | None = None
        self._ended = 0
        self._one = asyncio.Lock()

    async def within(self, age: float) -> At[T]:
        """Return what was read at most ``age`` seconds ago, or now.

        Raises whatever the read raises; a caller that waits for a read that fails does not wait for
        another one.
        """
        asked_at, ended = self._clock(), self._ended
        async with self._one:
            shared = ended != self._ended
            if shared and self._fault is not None:
                raise again(self._fault)
            known = self._known
            # After a clock was set back, nothing counts as fresh.
            if known is None or not (shared or 0 <= asked_at - known.at < age):
                known = self._known = await self._now()
        return known

    async def _now(self) -> At[T]:
        began = self._clock()
        try:
            value = await self._read()
        except UpstreamUnavailableError as error:
            self._fault = error
            self._ended += 1
            raise
        self._fault = None
        self._ended += 1
        return At(value, began)
