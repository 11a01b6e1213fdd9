"""While a page is awaited: a bar, no bar where none is due, and a server that comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from glasshouse.upstream.embedded import EmbeddedReader
from tests.engine.peer import Clock, running

from .house import House, open_live, served

RETURN = """() => addEventListener("keydown", (event) => {
  if (event.key === "F2") dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
})"""

WATCH = """() => new MutationObserver(() => {
  const bar = document.getElementById("progress");
  const shown = bar.checkVisibility() && bar.getBoundingClientRect().height > 0;
  console.log(`shown ${shown}, busy ${document.querySelector("main").ariaBusy}`);
}).observe(document.body, { subtree: true, attributeFilter: ["aria-busy"] })"""
SHOWN, HIDDEN = "shown true, busy true", "shown false, busy null"


@contextlib.asynccontextmanager
async def slow(page: Page, pattern: str) -> AsyncIterator[asyncio.Event]:
    """Hold answers back while the block runs, or until the event is set."""
    held = asyncio.Event()

    async def wait(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route(pattern, wait)
    try:
        yield held
    finally:
        held.set()
        await page.unroute_all(behavior="wait")


async def watch(page: Page) -> asyncio.Queue[str]:
    """Return what the bar does from now on: no locator can look while a page is awaited."""
    told: asyncio.Queue[str] = asyncio.Queue()
    page.on("console", lambda message: told.put_nowait(message.text))
    await page.evaluate(WATCH)
    return told


async def after(told: asyncio.Queue[str]) -> str:
    return await asyncio.wait_for(told.get(), 60)


async def test_a_slow_page_shows_a_bar_until_it_is_there(
    empty: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{empty.url}/main")
    await expect(page.get_by_role("progressbar")).to_be_hidden()
    told = await watch(page)
    async with slow(page, "**/main/dead*") as held:
        await page.keyboard.press("g")
        await page.keyboard.press("d")
        assert await after(told) == SHOWN
        held.set()
        await page.get_by_text("No dead jobs.").wait_for()
    await expect(page.get_by_role("progressbar")).to_be_hidden()
    assert await page.locator("main").get_attribute("aria-busy") is None


@pytest.mark.parametrize("end", ["Escape", "F2"])
async def test_the_bar_of_a_slow_search_ends_with_escape_and_with_coming_back(
    end: str, empty: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{empty.url}/main/dead")
    await page.evaluate(RETURN)
    told = await watch(page)
    async with slow(page, "**/main/dead?q=*"):
        await page.get_by_role("searchbox").fill("CardError")
        await page.keyboard.press("Enter")
        assert await after(told) == SHOWN
        await page.keyboard.press(end)
        assert await after(told) == HIDDEN
    if end == "F2":
        # Nothing stopped the page: it comes, and a browser closes only when it has.
        await page.wait_for_url("**/main/dead?q=*")


async def test_a_download_or_another_tab_is_not_awaited(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{empty.url}/main/jobs/item-first")
    async with page.expect_download():
        await page.get_by_role("link", name="Download").last.click()
    for modifier in ("Control", "Shift"):
        async with context.expect_page():
            await page.get_by_role("link", name="orders").first.click(modifiers=[modifier])
    await page.locator("a.skip").focus()
    await page.keyboard.press("Enter")
    await page.clock.run_for(1000)
    await expect(page.get_by_role("progressbar")).to_be_hidden()
    await page.evaluate("addEventListener('click', event => event.preventDefault(), true)")
    await page.get_by_role("link", name="orders").first.click()
    await page.clock.run_for(1000)
    await expect(page.get_by_role("progressbar")).to_be_hidden()


async def test_a_list_that_was_never_read_appears_when_its_server_does(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with served(EmbeddedReader(tmp_path), Clock()) as url:
        page = await context.new_page()
        await page.goto(f"{url}/main/retries")
        await page.get_by_text("Reading the server…").wait_for()
        async with running(tmp_path):
            await page.get_by_text("No retries. Nothing has failed recently.").wait_for()
