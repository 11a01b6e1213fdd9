"""Who asks much waits for himself, and a search that nobody waits for does not go on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from glasshouse.model.job import JobSet
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.monitor.fair_queue import FairQueue
from glasshouse.monitor.list_cache import ListCache
from glasshouse.monitor.monitor import ServerMonitor
from tests.web.fakes import FAST


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Line:
    """Who has a turn, in the order in which they got it."""

    def __init__(self, turns: FairQueue) -> None:
        self.turns = turns
        self.now: list[str] = []
        self.done: list[str] = []
        self.go_on = asyncio.Event()

    async def wait(self, name: str) -> None:
        async with self.turns.turn(name[0]):
            self.now.append(name)
            await self.go_on.wait()
            self.now.remove(name)
            self.done.append(name)


async def test_one_who_asks_sixty_times_is_before_nobody() -> None:
    line = Line(FairQueue(at_once=3, each=2))
    async with asyncio.TaskGroup() as group:
        for number in range(60):
            group.create_task(line.wait(f"a{number}"))
        await settled()
        assert line.now == ["a0", "a1"]
        group.create_task(line.wait("b"))
        await settled()
        assert line.now == ["a0", "a1", "b"]
        group.create_task(line.wait("c"))
        await settled()
        line.go_on.set()
    # Those of one person stand in a line of their own: c came after sixty, and is before them.
    assert line.done.index("c") <= 5
    assert line.turns._lines == {}


async def test_who_leaves_the_line_holds_nobody_up() -> None:
    line = Line(FairQueue(at_once=1, each=1))
    tasks = [asyncio.create_task(line.wait(name)) for name in ("a0", "a1", "b")]
    await settled()
    assert line.now == ["a0"]
    tasks[0].cancel()
    tasks[1].cancel()
    await settled()
    assert line.now[-1] == "b"
    line.go_on.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert line.turns._lines == {}


class Slow:
    """A reader whose searches take until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: list[str] = []
        self.go_on = asyncio.Event()

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        assert query.wanted is not None
        word = query.wanted.words[0]
        self.asked.append(word)
        try:
            await self.go_on.wait()
        finally:
            self.ended.append(word)
        return JobPage(items=(), total=0, page=1, per_page=25, read_at=0.0)


def searching() -> tuple[ServerMonitor, Slow]:
    reader = Slow()
    monitor = ServerMonitor("main", reader, clock=lambda: 0.0, pace=FAST)  # type: ignore[arg-type]
    monitor._sampler = SimpleNamespace(snapshot=SimpleNamespace(fault=None, generation=1))  # type: ignore[assignment]
    return monitor, reader


def asking(monitor: ServerMonitor, word: str, person: str) -> asyncio.Task[Any]:
    query = ListQuery(wanted=JobQuery(words=(word,)))
    return asyncio.create_task(monitor.set_jobs(JobSet.DEAD, query, person))


async def test_what_one_person_asks_for_does_not_keep_others_from_the_server() -> None:
    monitor, reader = searching()
    tasks = [asking(monitor, f"a{number}", "a") for number in range(60)]
    await settled()
    tasks.append(asking(monitor, "b", "b"))
    await settled()
    assert reader.asked == ["a0", "a1", "b"]
    reader.go_on.set()
    await asyncio.gather(*tasks)
    assert len(reader.ended) == 61


async def test_a_search_ends_when_the_last_who_waits_for_it_has_left() -> None:
    monitor, reader = searching()
    first, second = asking(monitor, "x", "a"), asking(monitor, "x", "b")
    await settled()
    assert reader.asked == ["x"]
    first.cancel()
    await settled()
    assert reader.ended == []
    second.cancel()
    await settled()
    assert reader.ended == ["x"]
    # Who asks after that begins anew.
    third = asking(monitor, "x", "c")
    await settled()
    assert reader.asked == ["x", "x"]
    reader.go_on.set()
    assert (await third).total == 0


async def test_a_page_that_is_read_for_all_goes_on_without_who_asked() -> None:
    kept: ListCache[int] = ListCache(weigh=lambda _: 1)
    go_on, reads = asyncio.Event(), []

    async def read() -> int:
        reads.append(1)
        await go_on.wait()
        return 7

    first = asyncio.create_task(kept.get("a", 1, read))
    await settled()
    first.cancel()
    await settled()
    go_on.set()
    await settled()
    assert await kept.get("a", 1, read) == 7
    assert reads == [1]


@pytest.mark.parametrize("each", [1, 2])
async def test_a_failure_gives_the_turn_back(each: int) -> None:
    turns = FairQueue(at_once=each, each=each)
    for _ in range(5):
        with pytest.raises(ValueError, match="no"):
            async with turns.turn("a"):
                raise ValueError("no")
    async with turns.turn("a"):
        pass
    assert turns._lines == {}
