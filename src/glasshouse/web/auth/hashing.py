"""Slow sums off the loop: few at a time, and everybody's turn comes.

What always holds: nobody is refused because many came at once, and who sends many at once
waits for these alone: the places that something came from take turns.
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
    """Runs checks of passwords in a few threads."""

    def __init__(self, threads: int = THREADS) -> None:
        """Run at most so many at a time."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hashing")
        self._free = threads
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        """Wait for the turn of what came from ``place``, and keep it while the block runs."""
        await self._turn(place)
        try:
            yield
        finally:
            self._next()

    async def run(self, check: Callable[[], T]) -> T:
        """Return what ``check`` returns; within a turn."""
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
        """Give a thread that is free to the first of the place that has waited for longest."""
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
        """End, without waiting for what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
