"""The monitor shares reads of the log among all who look, and bounds what they cost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage
from glasshouse.model.history import History
from glasshouse.model.job import JobSet, Outcome
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter
from glasshouse.monitor.list_cache import SlowGeneration
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.monitor.sampler import Pace
from tests.steady import LONG
from tests.web.fakes import FAST, NOW, FakeReader, House, ended

ALL, FAILED = FinishedFilter(), FinishedFilter(outcomes=(Outcome.BURIED,))


async def ask(server: ServerMonitor, wanted: FinishedFilter) -> FinishedPage:
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

    server = ServerMonitor("main", Gone(), clock=lambda: NOW, pace=FAST)
    with pytest.raises(UpstreamUnavailableError):
        await ask(server, ALL)


class Broken(FakeReader):
    """Reads once what it tells of jobs and the log, and then not any more."""

    def __init__(self, now: list[float]) -> None:
        super().__init__()
        self.now, self.broken = now, False

    def fail(self) -> None:
        if self.broken:
            raise UpstreamUnavailableError("It is broken.")

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        self.fail()
        found = await super().finished(wanted, page=page, per_page=per_page)
        return None if found is None else msgspec.structs.replace(found, read_at=self.now[0])

    async def executions(self, jid: str) -> Executions | None:
        self.fail()
        found = await super().executions(jid)
        return None if found is None else msgspec.structs.replace(found, read_at=self.now[0])

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        self.fail()
        page = await super().set_jobs(name, query)
        return msgspec.structs.replace(page, read_at=self.now[0])

    async def jobs(self, jid: str) -> Entries:
        self.fail()
        return await super().jobs(jid)

    async def parameters(self) -> tuple[Parameter, ...] | None:
        self.fail()
        return await super().parameters()

    async def history(self, days: int) -> History:
        self.fail()
        return await super().history(days)


async def looked(server: ServerMonitor, at: float, generation: int) -> None:
    """Wait until the server was looked at at a time, or later, and has changed so often."""
    async with asyncio.timeout(LONG), contextlib.aclosing(server.watch()) as snapshots:
        async for snapshot in snapshots:
            if (snapshot.checked_at or 0.0) >= at and snapshot.generation >= generation:
                return


async def test_nothing_that_could_not_be_read_anew_claims_to_be_newer_than_it_is() -> None:
    """The state is read all the time: its age is not that of what is broken."""
    now = [NOW]
    reader = Broken(now)
    server = ServerMonitor("main", reader, clock=lambda: now[0], pace=FAST)
    asked: tuple[Callable[[], Awaitable[Entries | JobPage | FinishedPage | Executions | None]], ...]
    asked = (
        lambda: server.finished(ALL, page=1, per_page=25),
        lambda: server.executions("mail0001"),
        lambda: server.set_jobs(JobSet.DEAD, ListQuery()),
        lambda: server.jobs("mail0001"),
    )
    async with Monitor({"main": server}).running():
        await looked(server, NOW, 1)
        for ask_for in asked:
            found = await ask_for()
            assert found is not None
            assert (found.read_at, found.late) == (NOW, None)
        assert (await server.dated_parameters()).at == NOW
        # Nothing has changed since: it is known to be so still.
        now[0] = NOW + 50
        await looked(server, now[0], 1)
        for ask_for in asked:
            found = await ask_for()
            assert found is not None
            assert (found.read_at, found.late) == (NOW + 50, None)
        assert (await server.dated_parameters()).at == NOW + 50
        reader.broken = True
        reader.version += 1
        now[0] = NOW + 100
        await looked(server, now[0], 2)
        for ask_for in asked:
            found = await ask_for()
            assert found is not None
            assert (found.read_at, found.late) == (NOW, "It is broken.")
        assert (await server.dated_parameters()).at == NOW
        assert server.snapshot.fault is None


async def test_what_does_not_say_how_old_it_is_is_not_given_when_it_cannot_be_read() -> None:
    now = [NOW]
    reader = Broken(now)
    server = ServerMonitor("main", reader, clock=lambda: now[0], pace=FAST)
    async with Monitor({"main": server}).running():
        await looked(server, NOW, 1)
        await server.summary()
        reader.broken = True
        reader.version += 1
        now[0] = NOW + 100
        await looked(server, now[0], 2)
        with pytest.raises(UpstreamUnavailableError, match="It is broken"):
            await server.summary()
