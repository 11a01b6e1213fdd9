"""What is not there: a server that is being read, that cannot be read, or that keeps no log."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest
from playwright.async_api import BrowserContext, Page, expect

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import ServerState
from glasshouse.monitor import monitor
from tests.engine.peer import Clock
from tests.web.fakes import FakeReader

from .house import open_live, served
from .stages import PAGES

TOLD = ("/", "/main", "/main/search", "/main/queues")
"""Pages of what is read all the time; the others read for themselves."""


class Slow(FakeReader):
    """A server that answers when ``answers`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def change_token(self) -> Hashable:
        await self.answers.wait()
        return await super().change_token()

    async def state(self) -> ServerState:
        await self.answers.wait()
        return await super().state()


class Away(FakeReader):
    """A server that cannot be reached while it is ``gone``: nothing can be read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = True

    def __getattribute__(self, name: str) -> object:
        if name in READS and super().__getattribute__("gone"):
            return self._refuse
        return super().__getattribute__(name)

    async def _refuse(self, *_: object, **__: object) -> JobPage:
        raise UpstreamUnavailableError(
            "The job server cannot be reached.", remedy="Start it, or look at the network."
        )


READS = (
    "state", "queue_jobs", "set_jobs", "working_jobs", "jobs", "finished", "executions",
    "type_times", "parameters", "history",
)  # fmt: skip


async def body(page: Page) -> str:
    return await page.locator("main").inner_text()


async def test_a_server_that_is_being_read_is_said_to_be_read_and_appears_by_itself(
    context: BrowserContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitor, "_FIRST_LOOK", 0.1)
    reader = Slow()
    async with served(reader, Clock()) as url:
        page = await context.new_page()
        for path in TOLD:
            await page.goto(url + path)
            assert "Reading the server…" in await body(page)
        reader.answers.set()
        await expect(page.locator("main")).to_contain_text("mail")


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_server_that_cannot_be_read_says_what_to_do_on_every_page(
    context: BrowserContext, width: int
) -> None:
    async with served(Away(), Clock()) as url:
        page = await context.new_page()
        await page.set_viewport_size({"width": width, "height": 900})
        for path in (paths[0] for paths in PAGES.values()):
            answer = await page.goto(url + path)
            assert answer is not None
            assert answer.status == (200 if path in TOLD else 503), path
            await expect(page.locator("#banner")).to_contain_text("Server unreachable since")
            if path in TOLD:
                await expect(page.locator("#banner")).to_contain_text("no data yet")
                assert "No data from this server yet." in await body(page)
            else:
                assert "The job server cannot be reached." in await body(page)
                assert "Start it, or look at the network." in await body(page)
            wide = "document.documentElement.scrollWidth - innerWidth"
            assert await page.evaluate(wide) <= 0, path


async def test_a_page_that_could_not_be_read_comes_by_itself_when_it_can(
    context: BrowserContext,
) -> None:
    reader = Away()
    async with served(reader, Clock()) as url:
        page = await context.new_page()
        await page.goto(f"{url}/main/queues/mail")
        assert "The page appears as soon as" in await body(page)
        reader.gone = False
        await expect(page.locator("main")).to_contain_text("mail0001")


async def test_a_server_without_a_log_or_parameters_says_so_and_why(
    context: BrowserContext,
) -> None:
    reader = FakeReader()
    reader.log, reader.settings = None, None
    async with served(reader, Clock()) as url:
        page = await open_live(context, f"{url}/main/finished")
        assert "This server keeps no log of finished jobs." in await body(page)
        page = await open_live(context, f"{url}/main/parameters")
        assert "no parameters that can be viewed or changed" in await body(page)
        page = await open_live(context, f"{url}/main/jobs/mail0001")
        assert "Did it run?" not in await body(page)


async def test_a_list_that_cannot_be_searched_in_places_is_a_list_all_the_same(
    context: BrowserContext,
) -> None:
    reader = FakeReader()
    async with served(reader, Clock()) as url:
        page = await open_live(context, f"{url}/main/queues/mail")
        await page.get_by_role("searchbox").fill("nothing like it")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_contain_text("No matching jobs in this list.")
        found = await reader.queue_jobs("mail", ListQuery())
        assert found.total == 1
