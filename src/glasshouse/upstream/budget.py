"""How often a job server is queried: never more than a set number of times in any second.

Polling can harm a Faktory, and kill one of some versions (design.md §5). Callers wait for a
turn; one that waits too long gets an error and shows what is known.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from glasshouse.model.errors import UpstreamUnavailableError

_EARLY = 0.002
_LEFT = 2
_LOOK_AGAIN = 0.1


class OverBudgetError(UpstreamUnavailableError):
    """This server is queried so much that no turn came in time."""

    code = "upstream_budget"
    remedy = "Many different pages are open; this one is read in turn."


class RequestBudget(Protocol):
    """Something that decides when a request may be made."""

    async def turn(self, *, patience: float) -> None:
        """Wait for a turn and take it.

        Raises:
            OverBudgetError: none came within ``patience`` seconds.
        """
        ...


class Budget:
    """Turns for requests to one server, in the order in which they were requested."""

    def __init__(
        self, most: int = 10, *, window: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow ``most`` requests within any ``window`` seconds."""
        self._window = window
        self._clock = clock
        self._taken: deque[float] = deque(maxlen=most)
        self._turn = asyncio.Lock()
        self.spent = 0

    async def turn(self, *, patience: float) -> None:
        """Wait for a turn and take it.

        Raises:
            OverBudgetError: none came within ``patience`` seconds.
        """
        try:
            async with asyncio.timeout(patience), self._turn:
                # Only one waits here: the others queue for the lock.
                await asyncio.sleep(self._wait())
                self._taken.append(self._clock())
                self.spent += 1
        except TimeoutError:
            raise OverBudgetError(
                "The console already queries this server as often as allowed."
            ) from None

    @property
    def spare(self) -> bool:
        """Whether no one waits for a turn and at least two are currently left."""
        gone_at = self._clock() - self._window
        taken = sum(at > gone_at for at in self._taken)
        return not self._turn.locked() and (self._taken.maxlen or 0) - taken >= _LEFT

    def _wait(self) -> float:
        if len(self._taken) < (self._taken.maxlen or 0):
            return 0.0
        left = self._taken[0] + self._window - self._clock()
        # A timer may fire slightly early.
        return left + _EARLY if left > 0 else 0.0


class SpareRequests:
    """The turns of a budget that no one else wants: people who view a page go first."""

    def __init__(self, budget: Budget) -> None:
        """Use what ``budget`` has left."""
        self._budget = budget

    async def turn(self, *, patience: float) -> None:
        """Wait for a turn that no one else wants, however long it takes."""
        # A turn becomes free only with time: there is no event to wait for.
        while not self._budget.spare:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN)
        await self._budget.turn(patience=patience)
