"""Pages of lists for many: one reading for all, the last known while the next is not there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.monitor import list_cache
from glasshouse.monitor.list_cache import ListCache, ReadSharing
from tests.steady import LONG, stated


class Source:
    """Answers with how often it was read; ``gate`` holds its answers back."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.reads = 0
        self.error: Exception | None = None

    async def read(self) -> int:
        self.reads += 1
        number = self.reads
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return number


def cache(**sharing: object) -> ListCache[int]:
    return ListCache(weigh=lambda _: 1, sharing=ReadSharing(**({"patience": LONG} | sharing)))  # type: ignore[arg-type]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_at_once_shares_a_reading_and_who_asks_later_of_the_same_gets_it() -> None:
    kept, source = cache(), Source()
    found = await asyncio.gather(*(kept.get("a", 1, source.read) for _ in range(100)))
    assert set(found) == {1}
    assert await kept.look("a", 1, source.read) == (1, None)
    assert await kept.look("a", 2, source.read) == (2, None)


async def test_a_reading_is_good_for_so_long_only_where_a_generation_does_not_tell_all() -> None:
    kept, source = cache(most_age=0.0), Source()
    assert await kept.get("a", 1, source.read) == 1
    assert await kept.get("a", 1, source.read) == 2


async def test_the_last_known_page_is_given_while_a_newer_one_is_not_there() -> None:
    kept, source = cache(patience=0.01), Source()
    await kept.get("a", 1, source.read)
    source.gate.clear()
    assert await kept.look("a", 2, source.read) == (1, "")
    source.gate.set()
    async with asyncio.timeout(LONG):
        while await kept.look("a", 2, source.read) != (2, None):
            await asyncio.sleep(0)


async def test_why_nothing_newer_is_there_is_said() -> None:
    kept, source = cache(), Source()
    await kept.get("a", 1, source.read)
    source.error = UpstreamUnavailableError("The Web UI is gone.")
    assert await kept.look("a", 2, source.read) == (1, "The Web UI is gone.")
    with pytest.raises(UpstreamUnavailableError):
        await kept.look("b", 2, source.read)


async def test_what_is_gone_from_the_server_is_not_shown_any_more() -> None:
    kept, source = cache(), Source()
    await kept.get("a", 1, source.read)
    source.error = NotFoundError("There is no queue 'a'.")
    with pytest.raises(NotFoundError):
        await kept.look("a", 2, source.read)
    source.error = UpstreamUnavailableError("gone")
    with pytest.raises(UpstreamUnavailableError):
        await kept.look("a", 3, source.read)


async def test_renewals_wait_in_a_line_and_a_page_that_nobody_has_seen_does_not() -> None:
    kept, source = cache(renewals=2, patience=0.01), Source()
    for name in range(20):
        await kept.get(name, 1, source.read)
    source.gate.clear()
    assert {(await kept.look(name, 2, source.read)).late for name in range(20)} == {""}
    assert source.reads == 20 + 2
    new = asyncio.create_task(kept.get("new", 2, source.read))
    await settled()
    assert source.reads == 20 + 2 + 1
    source.gate.set()
    assert await new == 23


async def test_a_reading_that_has_yet_to_begin_serves_whatever_is_newer_by_then() -> None:
    kept, source = cache(renewals=1, patience=0.01), Source()
    for name in ("a", "b"):
        await kept.get(name, 1, source.read)
    source.gate.clear()
    await kept.look("a", 2, source.read)
    for generation in range(2, 50):
        await kept.look("b", generation, source.read)
    source.gate.set()
    await settled()
    assert source.reads == 4
    async with asyncio.timeout(LONG):
        while await kept.look("b", 49, source.read) != (4, None):
            await asyncio.sleep(0)
    assert source.reads == 4


async def test_a_page_that_takes_long_is_read_the_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(list_cache, "_SLOW", stated(list_cache, "_SLOW"))
    monkeypatch.setattr(list_cache, "time", SimpleNamespace(monotonic=lambda: now))
    kept, source, took = cache(), Source(), 0.2

    async def slowly() -> int:
        nonlocal now
        now += took
        return await source.read()

    assert await kept.look("quick", 1, slowly) == (1, None)
    assert await kept.look("quick", 2, slowly) == (2, None)
    source.reads, took = 0, 0.3
    assert await kept.look("a", 1, slowly) == (1, None)
    now += 0.8
    assert await kept.look("a", 2, slowly) == (1, "")
    now += 0.2
    took = 40.0
    assert await kept.look("a", 2, slowly) == (2, None)
    now += 14
    assert await kept.look("a", 3, slowly) == (2, "")
    now += 2
    assert await kept.look("a", 3, slowly) == (3, None)


async def test_an_older_reading_that_ends_late_does_not_replace_a_newer_one() -> None:
    kept, old, new = cache(), Source(), Source()
    await kept.get("a", 1, new.read)
    old.gate.clear()
    waits = asyncio.create_task(kept.look("a", 2, old.read))
    await settled()
    assert await kept.get("a", 3, new.read) == 2
    old.gate.set()
    await waits
    await settled()
    assert await kept.get("a", 3, new.read) == 2
