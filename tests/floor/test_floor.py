"""The floor shares reads of the log among all who look, and bounds what they cost."""

from __future__ import annotations

import asyncio

import pytest

from glasshouse.floor.floor import ServerFloor
from glasshouse.floor.pages import SlowGeneration
from glasshouse.floor.sampler import Pace
from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.finished import FinishedFilter, FinishedPage
from glasshouse.model.job import Outcome
from tests.web.fakes import FAST, NOW, FakeReader, House, ended

ALL, FAILED = FinishedFilter(), FinishedFilter(outcomes=(Outcome.BURIED,))


async def ask(server: ServerFloor, wanted: FinishedFilter) -> FinishedPage:
    found = await server.finished(wanted, page=1, per_page=25)
    assert found is not None
    return found


async def grown(house: House) -> None:
    """Let the log grow, and wait until the sampler has seen it."""
    before = house.server.snapshot.generation
    assert house.reader.log is not None
    house.reader.log.append(ended(len(house.reader.log) + 1, "job", Outcome.BURIED))
    house.reader.version += 1
    async for snapshot in house.server.watch():
        if snapshot.generation > before:
            return


async def test_many_viewers_of_one_page_cost_one_read() -> None:
    house = House()
    async with house.sampled():
        await asyncio.gather(*(ask(house.server, ALL) for _ in range(50)))
        assert house.reader.log_reads == 1
        await ask(house.server, FAILED)
        assert house.reader.log_reads == 2


async def test_the_newest_page_follows_the_log_and_a_filter_follows_at_its_own_pace() -> None:
    now = [NOW]
    house = House(clock=lambda: now[0])
    async with house.sampled():
        assert (await ask(house.server, ALL)).total == 0
        assert (await ask(house.server, FAILED)).total == 0
        told = [house.server.behind]
        await grown(house)
        assert (await ask(house.server, ALL)).total == 1
        assert (await ask(house.server, FAILED)).total == 0
        told.append(house.server.behind)
        now[0] += Pace().slow
        assert (await ask(house.server, FAILED)).total == 1
        told.append(house.server.behind)
        assert told == [False, True, False]


async def test_a_server_that_is_gone_leaves_its_last_known_log() -> None:
    house = House()
    async with house.sampled():
        await grown(house)
        await ask(house.server, ALL)
        await house.server.parameters()
        house.reader.gone = True
        async for snapshot in house.server.watch():
            if snapshot.fault is not None:
                break
        assert (await ask(house.server, ALL)).total == 1
        assert await house.server.parameters() is not None
        assert not house.server.behind


def test_a_slow_generation_moves_on_once_in_its_time_and_when_the_clock_is_set_back() -> None:
    now = [100.0]
    slow = SlowGeneration(2.0, lambda: now[0])
    assert slow.of(1) == 1
    now[0] = 101.9
    assert slow.of(5) == 1
    assert slow.behind(5)
    assert slow.of(None) is None
    assert not slow.behind(None)
    now[0] = 102.0
    assert slow.of(5) == 5
    assert not slow.behind(5)
    now[0] = 50.0
    assert slow.of(6) == 6


async def test_what_was_never_read_cannot_be_told_while_the_server_is_gone() -> None:
    class Gone(FakeReader):
        async def finished(
            self, wanted: FinishedFilter, *, page: int, per_page: int
        ) -> FinishedPage | None:
            raise UpstreamUnavailableError("The server is gone.")

    server = ServerFloor("main", Gone(), clock=lambda: NOW, pace=FAST)
    with pytest.raises(UpstreamUnavailableError):
        await ask(server, ALL)
