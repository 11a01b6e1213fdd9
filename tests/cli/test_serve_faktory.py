"""``glasshouse serve --server URL --web URL``: no file, and a whole dashboard over a Faktory."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.browser.stages import PAGES
from tests.upstream.faktory import StandIn

AT = "2999-01-01T00:00:00Z"
FAILURE = {"errtype": "Oops", "message": "card refused", "retry_count": 3, "backtrace": ["a.py:1"]}


class Served(msgspec.Struct):
    """A console that runs as a process of its own over a stand-in."""

    process: asyncio.subprocess.Process
    client: httpx.AsyncClient
    faktory: StandIn
    errors: Path

    async def text(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.text


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with StandIn().running() as faktory:
        faktory.push("mailers", "mail-0001", args=[{"order": 7}], custom={"tenant": "a"})
        for name in ("retries", "dead", "scheduled"):
            faktory.put(name, f"{name}-0001", AT, failure=FAILURE, args=[{"order": 48_213}])
        errors = tmp_path / "errors"
        with errors.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "glasshouse", "serve", "--listen", "127.0.0.1:0"),
                *("--server", f"tcp://:hush@127.0.0.1:{faktory.command.port}"),
                *("--web", f"http://127.0.0.1:{faktory.web.port}"),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert process.stdout is not None
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        assert ready["faktory"] == f"tcp://127.0.0.1:{faktory.command.port}"
        async with httpx.AsyncClient(base_url=ready["console"], timeout=60) as client:
            yield Served(process, client, faktory, errors)
        process.terminate()
        await asyncio.wait_for(process.wait(), 60)
        assert "hush" not in errors.read_text()


async def test_each_page_shows_what_faktory_holds(served: Served) -> None:
    assert "mail-0001" in await served.text("/main/queues/mailers")
    for name in ("retries", "dead", "scheduled"):
        page = await served.text(f"/main/{name}")
        assert f"{name}-0001" in page
        assert "48213" in page
    assert "card refused" in await served.text("/main/retries")
    assert "This server keeps no log" in await served.text("/main/finished")
    assert "no parameters" in await served.text("/main/parameters")
    for path in (paths[0] for name, paths in PAGES.items() if name != "job"):
        assert "hush" not in await served.text(path)


async def test_a_job_says_what_is_not_known_of_it(served: Served) -> None:
    page = await served.text("/main/jobs/retries-0001")
    assert "a.py:1" in page
    assert "It failed and will be retried" in page
    assert "what is missing here is unknown" in page
    assert "/stored?entry=" not in page
    await served.text("/api/v1/servers/main/jobs/retries-0001/stored", 404)
    (entry,) = json.loads(await served.text("/api/v1/servers/main/jobs/retries-0001"))["items"]
    assert entry["partial"] is True
    assert entry["failure"]["backtrace"] == ["a.py:1"]
    page = await served.text("/main/jobs/mail-0001")
    assert "what is missing here is unknown" not in page
    assert "tenant" in page
    assert "was not found" not in page


async def test_a_job_that_was_not_seen_is_not_said_to_be_gone(served: Served) -> None:
    page = await served.text("/main/jobs/never-seen-1", 404)
    assert "is not among those searched" in page
    assert "Open it from a list" in page


async def test_a_faktory_that_goes_leaves_the_last_known_and_is_logged_once(
    served: Served,
) -> None:
    assert "mailers" in await served.text("/main")
    served.faktory.gone = True
    await _until(served, faulty=True)
    page = await served.text("/main")
    assert "mailers" in page
    assert 'data-state="fault"' in page
    assert served.errors.read_text().count("server cannot be read") == 1
    served.faktory.gone = False
    await _until(served, faulty=False)
    assert served.errors.read_text().count("server cannot be read") == 1


async def _until(served: Served, *, faulty: bool) -> None:
    async with asyncio.timeout(60):
        while True:
            (server,) = (await served.client.get("/api/v1/servers")).json()["items"]
            if ("fault" in server) == faulty:
                return
            await asyncio.sleep(0.05)
