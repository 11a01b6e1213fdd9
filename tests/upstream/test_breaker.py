"""Who waits for a server that does not answer: few, and not for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.upstream import breaker as module
from glasshouse.upstream.breaker import Breaker, Circuit, SilentError
from glasshouse.upstream.timed_cache import TimedCache
from tests.steady import stated

SILENCE = stated(module, "SILENCE")


class Clock:
    """The breaker's time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "_now", made)
    monkeypatch.setattr(module, "SILENCE", SILENCE)
    # It looks when a test lets it.
    monkeypatch.setattr(module, "_LOOK", 1e6)
    monkeypatch.setattr(module, "_LATE", 1e9)
    return made


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker()


class Waiting:
    """Somebody who waits for a page."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._wait())

    async def _wait(self) -> str:
        async with self._breaker.bounded():
            return await asyncio.shield(self.answer)

    async def goes_on(self) -> bool:
        self._breaker.look()
        for _ in range(5):
            await asyncio.sleep(0)
        return not self.task.done()


async def begun(breaker: Breaker) -> Waiting:
    waiting = Waiting(breaker)
    await asyncio.sleep(0)
    return waiting


async def test_who_waits_for_a_question_without_an_answer_is_let_go(
    breaker: Breaker, clock: Clock
) -> None:
    circuit = breaker.circuit()
    with circuit.asking() as question:
        waiting = await begun(breaker)
        clock.now += SILENCE - 0.1
        assert await waiting.goes_on()
        # Some of it came: an answer may be long.
        question.heard()
        clock.now += SILENCE - 0.1
        assert await waiting.goes_on()
        clock.now += 0.2
        assert not await waiting.goes_on()
        with pytest.raises(SilentError):
            await waiting.task
        # And whoever comes then knows it soon.
        another = await begun(breaker)
        assert await another.goes_on()
        clock.now += 0.35
        assert not await another.goes_on()
        with pytest.raises(SilentError):
            await another.task


async def test_who_waits_while_nothing_is_asked_or_everything_answered_waits_on(
    breaker: Breaker, clock: Clock
) -> None:
    circuit = breaker.circuit()
    with circuit.asking():
        clock.now += SILENCE * 2
    waiting = await begun(breaker)
    clock.now += 60
    assert await waiting.goes_on()
    waiting.answer.set_result("a page")
    assert await waiting.task == "a page"


async def test_a_circuit_that_hangs_is_not_covered_up_by_another_that_answers(
    breaker: Breaker, clock: Clock
) -> None:
    hangs, answers = breaker.circuit(), breaker.circuit()
    with hangs.asking(), answers.asking() as question:
        waiting = await begun(breaker)
        clock.now += SILENCE
        question.heard()
        assert not await waiting.goes_on()
        with pytest.raises(SilentError):
            await waiting.task


async def test_while_this_process_itself_stood_still_nobody_counts_as_silent(
    breaker: Breaker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LATE", 0.5)
    monkeypatch.setattr(module, "_LOOK", 1.0)
    with breaker.circuit().asking():
        waiting = await begun(breaker)
        clock.now += 60
        assert await waiting.goes_on()
        clock.now += SILENCE
        assert not await waiting.goes_on()
        with pytest.raises(SilentError):
            await waiting.task


def asked_of(said: list[str], release: asyncio.Event) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        said.append("asked")
        await release.wait()
        return "an answer"

    return ask


async def test_an_open_circuit_is_told_at_once_and_tried_by_one_at_a_time(clock: Clock) -> None:
    circuit, said, release = Circuit(), list[str](), asyncio.Event()
    ask = asked_of(said, release)
    circuit.trip(UpstreamUnavailableError("It hangs."))
    for _ in range(5):
        with pytest.raises(UpstreamUnavailableError, match="It hangs"):
            await circuit.through(ask)
    assert said == []
    clock.now += 2.0
    for _ in range(5):
        with pytest.raises(UpstreamUnavailableError, match="It hangs"):
            await circuit.through(ask)
        await asyncio.sleep(0)
    assert said == ["asked"]
    with circuit.asking() as question:
        question.heard()
    release.set()
    assert await circuit.through(ask) == "an answer"
    await circuit.end()


async def test_who_waits_for_a_reading_that_fails_does_not_wait_for_another() -> None:
    begun, release, tries = asyncio.Event(), asyncio.Event(), 0

    async def read() -> str:
        nonlocal tries
        tries += 1
        begun.set()
        await release.wait()
        raise UpstreamUnavailableError("It hangs.")

    recent = TimedCache(read, lambda: 1.0)
    waiting = [asyncio.create_task(recent.within(0.0)) for _ in range(20)]
    await begun.wait()
    release.set()
    failed = await asyncio.gather(*waiting, return_exceptions=True)
    assert {str(error) for error in failed} == {"It hangs."}
    assert tries == 1
    with pytest.raises(UpstreamUnavailableError):
        await recent.within(0.0)
    assert tries == 2
