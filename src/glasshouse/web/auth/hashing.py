"""Slow hashing off the event loop: few at a time, in fair turns.

Invariants: no one is refused because many arrive at once, and a sender of many at once waits only
for those: the places that checks come from take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREADS = 2


class Hashing:
    """Runs password checks in a few threads."""

    def __init__(self, threads: int = THREADS) -> None:
        """Run at most ``threads`` at a time."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hashing")
        self._free = threads
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        """Wait for a turn of ``place``, and keep it while the block runs."""
        await self._turn(place)
        try:
            yield
        finally:
            self._next()

    async def run(self, check: Callable[[], T]) -> T:
        """Return the result of ``check``; use it within a turn."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, check)

    async def _turn(self, place: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(place, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._next()
            raise

    def _next(self) -> None:
        """Give a free thread to the first in line of the place that has waited longest."""
        while self._waiting:
            place, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[place] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Shut down without waiting for running checks."""
        self._threads.shutdown(wait=False, cancel_futures=True)
