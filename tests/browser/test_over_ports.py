"""The dashboard over a Faktory's two ports: what is listed, opened, searched and followed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, expect

from tests.engine.peer import push_orders as push

from .house import House, open_live, over_ports, overflow, texts

PAGES = (
    "/", "/main", "/main/search?q=order", "/main/queues", "/main/queues/mailers", "/main/retries",
    "/main/scheduled", "/main/dead", "/main/busy", "/main/finished", "/main/parameters",
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path) -> AsyncIterator[House]:
    """A Faktory with jobs in every list."""
    async with over_ports(tmp_path / "data") as made:
        await filled(made)
        yield made


async def filled(shop: House) -> None:
    peer, worker = await shop.engine.peer(), await shop.worker("w-1")
    await push(peer, "mailers", *(f"mail-{n:03}" for n in range(40)))
    await push(peer, "mailers", *(f"later-{n:03}" for n in range(3)), at="2999-01-01T00:00:00Z")
    for number in range(30):
        await push(peer, "orders", f"dead-order-{number}", retry=-1)
        await worker.ask("FETCH orders")
        failure = {
            "jid": f"dead-order-{number}",
            "errtype": "Card::Refused",
            "message": "<b>no</b> money",
            "backtrace": ["app/charge.py:12", "app/run.py:3"],
        }
        await worker.ask("FAIL " + json.dumps(failure))
    await push(peer, "orders", "held-order")
    await worker.ask("FETCH orders")


@pytest.mark.parametrize("width", [1440, 390])
async def test_every_page_is_shown_and_fits(
    shop: House, context: BrowserContext, width: int
) -> None:
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        answer = await page.goto(shop.url + path)
        assert answer is not None
        assert answer.status == 200, path
        assert await overflow(page) <= 0, path
    assert faults == []


async def test_lists_are_walked_in_their_order_and_followed_live(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{shop.url}/main/queues/mailers")
    assert (await texts(page))[:2] == ["mail-000", "mail-001"]
    await page.get_by_role("link", name="Next").click()
    await page.get_by_role("link", name="mail-039").wait_for()
    worker = await shop.worker("w-2")
    await page.goto(f"{shop.url}/main/queues/mailers")
    await worker.ask("FETCH mailers")
    await expect(page.locator("main tbody tr")).not_to_contain_text(["mail-000"])
    await expect(page.locator("main tbody th .jid a").first).to_have_text("mail-001")


async def test_a_dead_job_is_opened_with_its_trace(shop: House, context: BrowserContext) -> None:
    page = await open_live(context, f"{shop.url}/main/dead")
    assert (await texts(page))[0] == "dead-order-29"
    await page.get_by_role("link", name="dead-order-7", exact=True).click()
    await page.get_by_text("app/charge.py:12").wait_for()
    assert "<b>no</b> money" in await page.locator("main").inner_text()


async def test_all_lists_are_searched_at_once_with_the_keyboard(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{shop.url}/main")
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await page.wait_for_url("**/main/search")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.get_by_text("74 of 74 indexed").wait_for()
    await page.keyboard.type("refused order-12")
    await page.keyboard.press("Enter")
    await page.get_by_text("1 found.").wait_for()
    assert await texts(page) == ["dead-order-12"]
    await page.get_by_role("link", name="dead", exact=True).click()
    await page.wait_for_url("**/main/dead")


async def test_a_job_that_no_page_has_shown_is_found_by_its_id(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{shop.url}/main/search")
    await page.get_by_text("74 of 74 indexed").wait_for()
    await page.goto(f"{shop.url}/main/jobs/dead-order-3")
    await page.get_by_text("app/charge.py:12").wait_for()
