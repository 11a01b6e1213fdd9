"""What is read once in a while is shared, and is as old as the reading's beginning."""

from __future__ import annotations

import asyncio

from glasshouse.upstream.timed_cache import At, TimedCache


class Slow:
    """Something that takes three seconds to be read."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reads = 0

    def clock(self) -> float:
        return self.now

    async def read(self) -> int:
        self.reads += 1
        self.now += 1
        await asyncio.sleep(0)
        self.now += 2
        return self.reads


async def test_it_is_not_said_to_be_newer_than_its_reading_began() -> None:
    slow = Slow()
    recent = TimedCache(slow.read, slow.clock)
    assert await recent.within(0.0) == At(1, 100.0)
    assert await recent.within(3.5) == At(1, 100.0)
    assert await recent.within(2.5) == At(2, 103.0)


async def test_who_asks_while_it_is_read_shares_the_answer() -> None:
    slow = Slow()
    recent = TimedCache(slow.read, slow.clock)
    told = await asyncio.gather(*(recent.within(0.0) for _ in range(9)))
    assert told == [At(1, 100.0)] * 9


async def test_a_clock_that_was_set_back_makes_nothing_fresh() -> None:
    slow = Slow()
    recent = TimedCache(slow.read, slow.clock)
    await recent.within(0.0)
    slow.now = 50.0
    assert (await recent.within(60.0)).value == 2
