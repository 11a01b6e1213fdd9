"""The search of a whole server: what is found, where it is, and how much was looked at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest

from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.web.app import create_app

from .fakes import ASSETS, FAST, NOW, FakeReader, FakeScanner, House, stored

MISSING = {"jid": "other-1"}


def dead(number: int) -> StoredJob:
    failed = f"2027-01-15T07:{number // 60:02}:{number % 60:02}Z"
    failure = {"errtype": "Card<b>", "message": "refused", "failed_at": failed}
    job = stored(f"dead-{number:03}", failure=failure)
    return msgspec.structs.replace(
        job, state=JobState.DEAD, at=NOW + number, key=f"2027-01-15T08:00:00Z|{job.jid}"
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Pages as they are over a server with sixty dead jobs and one that waits."""
    reader = FakeReader()
    reader.sets[JobSet.DEAD] = [dead(number) for number in range(60)]
    scanner = FakeScanner(reader)
    servers = {
        "main": ServerMonitor("main", reader, clock=lambda: NOW, pace=FAST, scanner=scanner),
        "bare": ServerMonitor("bare", FakeReader(), clock=lambda: NOW, pace=FAST),
    }
    monitor = Monitor(servers)
    app = create_app(monitor, clock=lambda: NOW, assets=ASSETS)
    async with (
        monitor.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://h") as client,
    ):
        async with asyncio.timeout(60):
            while (told := servers["main"].coverage()) is None or told.age is None:
                await asyncio.sleep(0.01)
        yield client
        app.close()


async def listing(client: httpx.AsyncClient, path: str, status: int = 200) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_jobs_of_every_list_are_found_the_latest_first(client: httpx.AsyncClient) -> None:
    page = unescape((await client.get("/main/search?q=send")).text)
    # One of each state, and where it is.
    assert page.index("dead-059") < page.index("dead-058")
    assert 'href="/main/dead">dead</a>' in page
    assert "<b>Card<b></b> refused" in page
    assert "The latest 25 from here; more follow." in page


async def test_the_parts_follow_each_other_and_end(client: httpx.AsyncClient) -> None:
    api = "/api/v1/servers/main/search?q=type:Send&per_page=40"
    first = await listing(client, api)
    second = await listing(client, f"{api}&from={first['next']}")
    jids = [job["jid"] for part in (first, second) for job in part["items"]]
    assert sorted(jids) == sorted({*(f"dead-{n:03}" for n in range(60)), "mail0001"})
    assert "next" not in second
    assert first["complete"] is second["complete"] is True
    assert first["indexed"] == 61
    page = unescape((await client.get("/main/search?q=type:Send")).text)
    following = page.partition('rel="next" href="')[2].partition('"')[0]
    assert "dead-034" in (await client.get(following)).text


async def test_without_words_the_page_says_what_can_be_found(client: httpx.AsyncClient) -> None:
    page = (await client.get("/main/search")).text
    assert "dead and running jobs at once" in page
    assert "61 of" in page
    assert "Show all" not in page


async def test_words_that_cannot_be_understood_are_said(client: httpx.AsyncClient) -> None:
    answer = await client.get("/main/search?q=before:never")
    assert answer.status_code == 400
    assert "is not a time" in answer.text
    problem = await listing(client, "/api/v1/servers/main/search?q=before:never", 400)
    assert problem["code"] == "invalid"
    assert (
        "Put the search in q"
        in (await listing(client, "/api/v1/servers/main/search", 400))["remedy"]
    )


async def test_nothing_found_is_said(client: httpx.AsyncClient) -> None:
    assert "No matching jobs on this server." in (await client.get("/main/search?q=nowhere")).text


async def test_a_server_without_an_index_says_so(client: httpx.AsyncClient) -> None:
    assert "cannot be searched as a whole" in (await client.get("/bare/search?q=x")).text
    await listing(client, "/api/v1/servers/bare/search?q=x", 404)


async def test_the_page_is_chinese_for_who_wants_it(client: httpx.AsyncClient) -> None:
    page = (await client.get("/main/search?q=send", headers={"accept-language": "zh-CN"})).text
    assert "从此处起最新的 25 个" in page
    assert "已索引" in page


async def test_an_index_that_is_being_filled_says_so() -> None:
    house = House()
    async with (
        house.sampled(),
        httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://h") as client,
    ):
        answer = await client.get("/api/v1/servers/main/search?q=x")
        told = json.loads(answer.content)
        assert told["of"] == 1


async def test_what_was_found_and_counted_stays_while_the_server_is_gone() -> None:
    house = House()
    async with (
        house.sampled(),
        httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://h") as client,
    ):
        async with asyncio.timeout(60):
            while not (await listing(client, "/api/v1/servers/main/search?q=mail0001"))["items"]:
                await asyncio.sleep(0.05)
        days = (await listing(client, "/api/v1/servers/main/history"))["items"]
        house.reader.gone = True
        async with asyncio.timeout(60):
            while house.server.snapshot.fault is None:
                await asyncio.sleep(0.01)
        # Also what nobody has looked for before: the index is here.
        found = await listing(client, "/api/v1/servers/main/search?q=type:Send")
        assert [job["jid"] for job in found["items"]] == ["mail0001"]
        assert (await listing(client, "/api/v1/servers/main/history"))["items"] == days
