"""Excessive guesses: one at a time, at growing intervals.

A place that guessed too often is not refused for good, since a person with the right password may
come from there too: each try waits for its turn. The newest goes first, so that a try after a flood
does not wait for all of it; if too many wait, those that have waited longest are refused.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from glasshouse.web.request.refusals import TooManyError

FIRST, LAST = 1.0, 30.0
"""Seconds between two turns, initially and at most."""
_DOUBLED = 20
"""Number of turns after which the interval doubles."""
WAITING = 64
"""How many may wait for one key."""
PATIENCE = 30.0
"""The longest that a try waits, in seconds."""
_FORGOTTEN = 3600.0
_MOST_LANES = 10_000


@dataclass
class _Lane:
    """The turns for one key: how many there were, when the next may be, and who waits."""

    turns: int = 0
    next_at: float = 0.0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Pacing:
    """Gives turns by the key that is guessed."""

    def __init__(self) -> None:
        """Start with no one waiting."""
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()

    async def turn(self, key: str) -> None:
        """Return when another try may be made.

        Raises:
            TooManyError: too many others came after this one.
        """
        loop = asyncio.get_running_loop()
        lane = self._lane(key, loop.time())
        if not lane.waiting and lane.next_at <= loop.time():
            self._take(lane, loop.time())
            return
        turn: asyncio.Future[None] = loop.create_future()
        lane.waiting.append(turn)
        if len(lane.waiting) > WAITING:
            lane.waiting.pop(0).set_exception(TooManyError(LAST))
        self._arm(lane, loop)
        try:
            async with asyncio.timeout(PATIENCE):
                await turn
        except TimeoutError:
            raise TooManyError(LAST) from None
        finally:
            if turn in lane.waiting:
                lane.waiting.remove(turn)

    def waiting(self) -> int:
        """Return how many are waiting."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def _lane(self, key: str, now: float) -> _Lane:
        lane = self._lanes.pop(key, None)
        if lane is None or (not lane.waiting and now - lane.next_at > _FORGOTTEN):
            lane = _Lane()
        self._lanes[key] = lane
        if len(self._lanes) > _MOST_LANES:
            oldest = next(iter(self._lanes))
            if not self._lanes[oldest].waiting:
                del self._lanes[oldest]
        return lane

    def _take(self, lane: _Lane, now: float) -> None:
        lane.next_at = now + min(LAST, FIRST * 2.0 ** min(lane.turns // _DOUBLED, 32))
        lane.turns += 1

    def _arm(self, lane: _Lane, loop: asyncio.AbstractEventLoop) -> None:
        if lane.timer is None:
            lane.timer = loop.call_at(lane.next_at, self._wake, lane, loop)

    def _wake(self, lane: _Lane, loop: asyncio.AbstractEventLoop) -> None:
        lane.timer = None
        while lane.waiting:
            turn = lane.waiting.pop()
            if not turn.done():
                self._take(lane, loop.time())
                turn.set_result(None)
                break
        if lane.waiting:
            self._arm(lane, loop)
