"""A page that was just laid out is shared, and never longer than it is true."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from glasshouse.model.job import JobSet
from glasshouse.web.presentation import page_cache
from glasshouse.web.presentation.page_cache import LIFE, RenderedPageCache

from .fakes import House, stored


def test_a_page_is_shared_until_a_server_was_looked_at_again_or_time_has_passed() -> None:
    prints = RenderedPageCache()
    made = prints.put("a", (1, 7), 100.0, b"page")
    assert prints.get("a", (1, 7), 100.0 + LIFE / 2) is made
    assert prints.get("a", (1, 8), 100.0) is None
    assert prints.get("a", (1, 7), 100.0 + LIFE) is None
    # A clock that was set back makes nothing fresh.
    assert prints.get("a", (1, 7), 99.0) is None
    assert prints.get("b", (1, 7), 100.0) is None
    assert gzip.decompress(made.packed()) == b"page"
    assert made.packed() is made.packed()


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    prints = RenderedPageCache()
    for number in range(40):
        prints.put(number, (), 0.0, bytes(1 << 20))
    kept = [number for number in range(40) if prints.get(number, (), 0.0) is not None]
    assert kept == list(range(40 - len(kept), 40))
    assert 8 <= len(kept) <= 16
    huge = prints.put("huge", (), 0.0, bytes(64 << 20))
    assert prints.get("huge", (), 0.0) is huge
    assert prints.get(39, (), 0.0) is None


async def test_a_page_is_laid_out_once_for_many_and_anew_when_something_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_cache, "LIFE", 1e9)
    house = House()
    renders: list[str] = []
    lay_out = house.renderer.page

    def counting(result: object, context: object) -> bytes:
        renders.append("")
        return lay_out(result, context)  # type: ignore[arg-type]

    house.renderer.page = counting  # type: ignore[method-assign]
    async with (
        house.sampled(),
        httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://h") as client,
    ):
        house.reader.gone = True
        async with asyncio.timeout(60):
            while house.server.snapshot.fault is None:
                await asyncio.sleep(0.005)
        # Nothing is read any more: the same look at the server for all of these.
        answers = [await client.get("/main/queues") for _ in range(20)]
        assert len(renders) == 1
        assert {answer.headers["etag"] for answer in answers} == {answers[0].headers["etag"]}
        tag = {"if-none-match": answers[0].headers["etag"]}
        assert (await client.get("/main/queues", headers=tag)).status_code == 304
        plain = await client.get("/main/queues", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answers[0].content
        # Another language is another page.
        before = len(renders)
        await client.get("/main/queues", headers={"accept-language": "zh-CN"})
        assert len(renders) == before + 1
        house.reader.gone = False
        house.reader.push(stored("new-1", queue="fresh"))
        async with asyncio.timeout(60):
            while "'total': '1'" not in (await client.get("/main/queues/fresh")).text:
                await asyncio.sleep(0.005)
        assert house.reader.sets[JobSet.DEAD] == []
