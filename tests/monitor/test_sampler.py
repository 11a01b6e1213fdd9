"""How often a server is looked at: by who looks, how it answers, and not all at once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Hashable

import pytest
from structlog.testing import capture_logs

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.server import ServerState
from glasshouse.monitor.sampler import Pace, Sampler
from glasshouse.monitor.snapshot import Fault
from tests.web.fakes import NOW, FakeReader

PACE = Pace(watched=1.0, idle=5.0, fault=0.7, between_reads=0.0, patient=30.0)


class Passed:
    """A wait that is over at once."""

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)
        raise TimeoutError

    async def __aexit__(self, *_: object) -> None:
        """Nothing was begun."""


class Sleeps:
    """Stands for the passing of time: notes each wait of a sampler and lets it pass at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        monkeypatch.setattr("glasshouse.monitor.sampler.asyncio.timeout", self._wait)

    def _wait(self, seconds: float) -> Passed:
        self.waits.append(seconds)
        return Passed()

    async def first(self, sampler: Sampler, count: int) -> list[float]:
        task = asyncio.create_task(sampler.run())
        while len(self.waits) < count:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return self.waits[:count]


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> Sleeps:
    return Sleeps(monkeypatch)


def made(reader: FakeReader, chance: Callable[[], float] = lambda: 0.5) -> Sampler:
    return Sampler("main", reader, clock=lambda: NOW, pace=PACE, chance=chance)


async def test_a_server_that_is_gone_is_asked_ever_more_seldom_while_nobody_looks(
    sleeps: Sleeps,
) -> None:
    reader = FakeReader()
    reader.gone = True
    waits = await sleeps.first(made(reader), 8)
    assert waits == pytest.approx([0.7, 1.4, 2.8, 5.6, 11.2, 22.4, 30.0, 30.0])


async def test_and_steadily_while_somebody_looks(sleeps: Sleeps) -> None:
    reader = FakeReader()
    reader.gone = True
    sampler = made(reader)
    async with contextlib.aclosing(sampler.watch()) as watching:
        await anext(watching)
        # The first look was asked for by who came.
        assert set((await sleeps.first(sampler, 8))[1:]) == {0.7}


async def test_waits_after_a_fault_differ_by_chance(sleeps: Sleeps) -> None:
    reader = FakeReader()
    reader.gone = True
    chances = iter([0.0, 1.0] * 10)
    waits = await sleeps.first(made(reader, lambda: next(chances)), 2)
    assert waits == pytest.approx([0.7 * 0.75, 1.4 * 1.25])


async def test_a_server_that_answers_again_is_looked_at_as_before(sleeps: Sleeps) -> None:
    reader = FakeReader()
    assert set(await sleeps.first(made(reader), 4)) == {5.0}


async def test_whatever_a_reader_raises_is_a_fault_and_the_sampler_goes_on(
    sleeps: Sleeps,
) -> None:
    class Odd(FakeReader):
        broken = True

        async def state(self) -> ServerState:
            if self.broken:
                raise ZeroDivisionError
            return await super().state()

    reader = Odd()
    sampler = made(reader)
    with capture_logs() as logs:
        await sleeps.first(sampler, 3)
    fault = sampler.snapshot.fault
    assert fault is not None
    assert "ZeroDivisionError" in fault.detail
    assert [line["event"] for line in logs] == ["sampler failed", "server cannot be read"]
    reader.broken = False
    await sleeps.first(sampler, 5)
    assert sampler.snapshot.fault is None
    assert sampler.snapshot.state is not None


async def test_a_server_that_cannot_be_read_for_another_reason_says_so_and_each_is_logged_once(
    sleeps: Sleeps,
) -> None:
    class Failing(FakeReader):
        why = ""

        async def change_token(self) -> Hashable:
            if not self.why:
                return await super().change_token()
            raise UpstreamUnavailableError(self.why, remedy=f"against: {self.why}")

    reader = Failing()
    now = itertools.count(NOW)
    sampler = Sampler("main", reader, clock=lambda: next(now), pace=PACE, chance=lambda: 0.5)
    for _ in range(2):
        seen: list[Fault | None] = []
        with capture_logs() as logs:
            for reader.why in ("it is gone", "another password", "it is gone", ""):
                before = sampler.snapshot.pulse
                await sleeps.first(sampler, len(sleeps.waits) + 2)
                assert sampler.snapshot.pulse > before
                seen.append(sampler.snapshot.fault)
        *faults, last = seen
        assert last is None
        assert [fault and (fault.detail, fault.remedy) for fault in faults] == [
            (why, f"against: {why}") for why in ("it is gone", "another password", "it is gone")
        ]
        # Since when is one moment, whatever the reason.
        assert len({fault and fault.since for fault in faults}) == 1
        assert [(line["event"], line.get("detail")) for line in logs] == [
            ("server cannot be read", "it is gone"),
            ("server cannot be read", "another password"),
            ("server answers again", None),
        ]


async def test_a_look_is_as_old_as_its_beginning(sleeps: Sleeps) -> None:
    now = [NOW]

    class Slow(FakeReader):
        async def change_token(self) -> Hashable:
            now[0] += 5
            return await super().change_token()

        async def state(self) -> ServerState:
            now[0] += 5
            return await super().state()

    sampler = Sampler("main", Slow(), clock=lambda: now[0], pace=PACE)
    await sleeps.first(sampler, 1)
    assert sampler.snapshot.checked_at == NOW
