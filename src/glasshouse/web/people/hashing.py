"""Slow sums off the loop: few at a time, and a bounded number that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from glasshouse.web.people.refusals import TooManyError

T = TypeVar("T")

THREADS = 2
WAITING = 64
_SOON = 2.0


class Hashing:
    """Runs checks of passwords in a few threads."""

    def __init__(self, threads: int = THREADS, waiting: int = WAITING) -> None:
        """Take at most ``waiting`` checks at a time."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hashing")
        self._waiting = waiting
        self._running = 0

    async def run(self, check: Callable[[], T]) -> T:
        """Return what ``check`` returns.

        Raises:
            TooManyError: too many wait already.
        """
        if self._running >= self._waiting:
            raise TooManyError(_SOON)
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, check)
        finally:
            self._running -= 1

    def close(self) -> None:
        """End, without waiting for what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
