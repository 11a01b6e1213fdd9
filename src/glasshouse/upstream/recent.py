"""Something that is read at most once in a while, however many ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class At(NamedTuple, Generic[T]):
    """What was read, and when that began (Unix seconds): it is not older than that."""

    value: T
    at: float


class Recent(Generic[T]):
    """The last reading of one thing; who asks while it is read shares the answer."""

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        """Read by ``read`` when what is known is too old."""
        self._read = read
        self._clock = clock
        self._known: At[T] | None = None
        self._ended = 0
        self._one = asyncio.Lock()

    async def within(self, age: float) -> At[T]:
        """Return what was read at most ``age`` seconds ago, or now.

        Raises whatever reading it raises.
        """
        asked_at, ended = self._clock(), self._ended
        async with self._one:
            known = self._known
            # A clock that was set back makes nothing fresh.
            shared = ended != self._ended
            if known is None or not (shared or 0 <= asked_at - known.at < age):
                began = self._clock()
                known = self._known = At(await self._read(), began)
                self._ended += 1
        return known
