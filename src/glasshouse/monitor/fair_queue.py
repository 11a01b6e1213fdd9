"""Turns for searches: each person has a few at a time, and one who asks much waits for himself.

What always holds: whoever asks stands once in the line of all, with others before that who
came before; those of one person stand behind each other in a line of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable


class FairQueue:
    """Who searches now, and who waits."""

    def __init__(self, at_once: int = 8, each: int = 2) -> None:
        """Let so many search at once, and so many of them for one person."""
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
