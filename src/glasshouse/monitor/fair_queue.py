"""Turns for searches: each person has a few at a time; frequent searchers delay only themselves.

Invariant: each search waits once in the queue of all, behind those that came before it;
those of one person wait behind each other in a separate queue.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable


class FairQueue:
    """The searches that run now, and those that wait."""

    def __init__(self, at_once: int = 8, each: int = 2) -> None:
        """Let ``at_once`` searches run at a time, ``each`` of them for one person."""
        self._all = asyncio.Semaphore(at_once)
        self._each = each
        self._lines: dict[Hashable, _Line] = {}

    @contextlib.asynccontextmanager
    async def turn(self, person: Hashable) -> AsyncIterator[None]:
        """Wait for a turn and have it while the block runs."""
        line = self._lines.setdefault(person, _Line(self._each))
        line.members += 1
        try:
            async with line.turns, self._all:
                yield
        finally:
            line.members -= 1
            if not line.members:
                del self._lines[person]


class _Line:
    def __init__(self, each: int) -> None:
        self.turns = asyncio.Semaphore(each)
        self.members = 0
