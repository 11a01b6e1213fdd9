"""All queues as a person sees them: sorted, found, paged, marked, stale."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.engine.peer import push_orders as push

from .house import HOUSES, House, open_live, overflow


@pytest_asyncio.fixture(params=HOUSES, loop_scope="session")
async def shop(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with HOUSES[request.param](tmp_path / "data") as made:
        yield made


def names(page: Page) -> Locator:
    return page.locator("table.queues tbody th a")


async def test_no_queues_are_said_and_the_first_appears_by_itself(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{shop.url}/main/queues")
    await page.get_by_text("No queues yet. A queue appears with its first job.").wait_for()
    await push(await shop.engine.peer(), "mailers", "job-1-aaaa")
    await page.get_by_role("link", name="mailers").wait_for()
    await page.get_by_text("1 queue · 1 job waiting").wait_for()


async def test_queues_are_sorted_by_the_heads_of_their_columns_with_the_keyboard(
    shop: House, context: BrowserContext
) -> None:
    peer = await shop.engine.peer()
    await push(peer, "big", *(f"job-{n}-aaaa" for n in range(9)))
    await push(peer, "middle", *(f"job-{n}-bbbb" for n in range(4)))
    await push(peer, "alpha", "job-1-cccc")
    page = await open_live(context, f"{shop.url}/main/queues")
    await expect(names(page)).to_have_text(["alpha", "big", "middle"])
    await page.get_by_role("link", name="Size").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/queues?sort=size")
    await expect(names(page)).to_have_text(["big", "middle", "alpha"])
    head = page.get_by_role("columnheader", name="Size")
    assert await head.get_attribute("aria-sort") == "descending"
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await push(peer, "alpha", *(f"job-{n}-dddd" for n in range(20)))
    await page.get_by_text("3 queues · 34 jobs waiting").wait_for()
    await expect(names(page)).to_have_text(["alpha", "big", "middle"])
    await page.get_by_role("link", name="Size").click()
    await page.wait_for_url("**order=reverse")
    await expect(names(page)).to_have_text(["middle", "big", "alpha"])
    assert await head.get_attribute("aria-sort") == "ascending"


async def test_a_queue_is_found_by_its_name_and_the_order_is_kept(
    shop: House, context: BrowserContext
) -> None:
    peer = await shop.engine.peer()
    for queue in ("mail-eu", "mail-us", "reports"):
        await push(peer, queue, f"job-1-{queue}")
    page = await open_live(context, f"{shop.url}/main/queues?sort=size")
    await page.get_by_role("searchbox").fill("MAIL*")
    await page.get_by_role("searchbox").press("Enter")
    await page.wait_for_url("**q=MAIL**")
    await page.get_by_text("2 of 3 queues match.").wait_for()
    await expect(names(page)).to_have_text(["mail-eu", "mail-us"])
    assert "sort=size" in page.url
    await page.get_by_role("searchbox").fill("nothing")
    await page.get_by_role("searchbox").press("Enter")
    await page.get_by_text("No matching queues.").wait_for()
    await page.get_by_role("link", name="Show all").click()
    await page.get_by_role("link", name="reports").wait_for()


async def test_many_queues_are_paged_and_none_is_left_out(
    shop: House, context: BrowserContext
) -> None:
    peer = await shop.engine.peer()
    for n in range(230):
        await push(peer, f"queue-{n:03}", f"job-{n:05}")
    page = await open_live(context, f"{shop.url}/main/queues")
    await page.get_by_text("1–100 of 230").wait_for()
    seen = await names(page).all_inner_texts()
    await page.get_by_role("link", name="Next", exact=True).click()
    await page.get_by_text("101–200 of 230").wait_for()
    seen += await names(page).all_inner_texts()
    await page.get_by_role("link", name="Last", exact=True).click()
    await page.get_by_text("201–230 of 230").wait_for()
    seen += await names(page).all_inner_texts()
    assert seen == [f"queue-{n:03}" for n in range(230)]
    for width in (390, 700, 900, 1100, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await overflow(page) <= 0, width


async def test_a_paused_queue_is_marked_in_words_and_counted(
    shop: House, context: BrowserContext
) -> None:
    peer = await shop.engine.peer()
    await push(peer, "reports", "job-1-aaaa", "job-2-aaaa")
    page = await open_live(context, f"{shop.url}/main/queues")
    assert await peer.ask("QUEUE PAUSE reports") == "+OK"
    await page.locator("tr", has_text="reports").get_by_text("Paused").wait_for()
    await page.get_by_text("1 queue · 2 jobs waiting · 1 paused, holding 2").wait_for()


async def test_queues_of_a_server_that_is_gone_stay_with_its_age(
    shop: House, context: BrowserContext
) -> None:
    await push(await shop.engine.peer(), "mailers", "job-1-aaaa")
    page = await open_live(context, f"{shop.url}/main/queues?sort=size")
    await expect(names(page)).to_have_text(["mailers"])
    await shop.end_engine()
    await page.locator("#banner:visible").wait_for()
    await expect(names(page)).to_have_text(["mailers"])
    await page.reload()
    await expect(names(page)).to_have_text(["mailers"])
    await expect(page.locator("#banner")).to_contain_text("unreachable since")
