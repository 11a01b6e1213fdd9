"""Lists of jobs as a person sees them: steps, filter, states, and nothing that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import BrowserContext, Page

from tests.engine.peer import Peer

from .house import House, open_live, texts

LISTS = ("retries", "scheduled", "dead", "queues/orders")
EMPTY = {
    "retries": "No retries. Nothing has failed recently.",
    "scheduled": "No scheduled jobs.",
    "dead": "No dead jobs.",
    "queues/orders": "This queue is empty.",
}


async def fill(peer: Peer, name: str, count: int) -> None:
    """Put jobs ``item-000`` … into a list, in its order."""
    for n in range(count):
        jid, extra = f"item-{n:03}", ""
        if name == "scheduled":
            at = datetime.now(UTC) + timedelta(hours=1, minutes=n)
            extra = f',"at":"{at.isoformat().replace("+00:00", "Z")}"'
        if name == "retries":
            # So many failures that its next retry is hours away.
            extra = ',"failure":{"retry_count":9,"failed_at":"2026-11-26T07:00:00Z"}'
        retry = -1 if name == "dead" else 25
        job = (
            f'{{"jid":"{jid}","jobtype":"ChargeOrder","queue":"orders","retry":{retry},'
            f'"args":[{{"order":"GH-{n:03}"}}]{extra}}}'
        )
        assert await peer.ask(f"PUSH {job}") == "+OK"
        if name in {"retries", "dead"}:
            await peer.fetch("orders")
            fail = f'{{"jid":"{jid}","errtype":"CardError","message":"card of GH-{n:03} refused"}}'
            assert await peer.ask(f"FAIL {fail}") == "+OK"


async def find(page: Page, words: str) -> None:
    await page.get_by_role("searchbox").fill(words)
    await page.get_by_role("searchbox").press("Enter")
    await page.wait_for_url("**q=**")


@pytest.mark.parametrize("name", LISTS)
async def test_an_empty_list_says_so_and_fills_by_itself(
    name: str, empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    if name == "queues/orders":
        await peer.push("item-first", queue="orders")
        await peer.fetch("orders")
    page = await open_live(context, f"{empty.url}/main/{name}")
    await page.get_by_text(EMPTY[name]).wait_for()
    await page.evaluate("window.neverReloaded = true")
    await fill(peer, name, 1)
    await page.get_by_role("link", name="item-000").wait_for()
    assert await page.get_by_text(EMPTY[name]).count() == 0
    assert await page.evaluate("window.neverReloaded")


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_walked_filtered_and_turned_round(
    name: str, empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await fill(peer, name, 60)
    page = await open_live(context, f"{empty.url}/main/{name}")
    await page.get_by_text("1–25 of 60").wait_for()
    first = await texts(page)
    assert len(first) == 25
    await page.get_by_role("link", name="Next", exact=True).click()
    await page.get_by_text("26–50 of 60").wait_for()
    second = await texts(page)
    assert not set(first) & set(second)
    await page.get_by_label("Go to a page or time").fill("3")
    await page.get_by_label("Go to a page or time").press("Enter")
    await page.get_by_text("51–60 of 60").wait_for()
    everything = [*first, *second, *await texts(page)]
    assert len(set(everything)) == 60
    await page.locator("a.turn").click()
    await page.get_by_text("1–25 of 60").wait_for()
    assert await texts(page) == everything[::-1][:25]

    await find(page, "args.0.order:GH-042")
    await page.get_by_text("1 found; all 60 were searched.").wait_for()
    assert await texts(page) == ["item-042"]
    await find(page, "type:NoSuchType")
    await page.get_by_text("No matching jobs in this list.").wait_for()
    await find(page, "before:whenever")
    await page.get_by_text("'whenever' is not a time.").wait_for()
    assert await page.get_by_role("searchbox").input_value() == "before:whenever"
    assert await page.get_by_role("searchbox").get_attribute("aria-invalid") == "true"
    await page.get_by_role("searchbox").fill("")
    await page.get_by_role("searchbox").press("Enter")
    await page.get_by_text("1–25 of 60").wait_for()


async def test_a_page_further_down_keeps_still_while_the_head_of_the_list_runs(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    for n in range(60):
        await peer.push(f"item-{n:03}", queue="orders")
    page = await open_live(context, f"{empty.url}/main/queues/orders")
    await page.get_by_role("link", name="Next", exact=True).click()
    await page.get_by_text("26–50 of 60").wait_for()
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    before = await texts(page)
    link = page.get_by_role("link", name="item-030")
    await link.focus()
    for n in range(10):
        await peer.fetch("orders")
        assert await peer.ask(f'ACK {{"jid":"item-{n:03}"}}') == "+OK"
    await page.get_by_text("16–40 of 50").wait_for()
    assert await texts(page) == before
    assert await link.evaluate("node => node === document.activeElement")


async def test_words_being_typed_stay_while_the_list_changes(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders")
    page = await open_live(context, f"{empty.url}/main/queues/orders")
    box = page.get_by_role("searchbox")
    await box.press_sequentially("args.0.or")
    await peer.push("item-other", queue="orders")
    await page.get_by_role("link", name="item-other").wait_for()
    assert await box.input_value() == "args.0.or"
    assert await box.evaluate("node => node === document.activeElement")


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_of_a_server_that_went_away_stays_with_its_age(
    name: str, empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await fill(peer, name, 2)
    page = await open_live(context, f"{empty.url}/main/{name}")
    await page.get_by_role("link", name="item-001").wait_for()
    await empty.end_console()
    await page.locator("#banner:visible").wait_for()
    assert "lost" in await page.locator("#banner").inner_text()
    assert len(await texts(page)) == 2


async def test_a_list_fits_a_phone_with_its_filter_and_its_steps(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await fill(peer, "retries", 30)
    page = await context.new_page()
    for width in (390, 700, 900, 1100, 1440):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.goto(f"{empty.url}/main/retries")
        await page.get_by_text("Search syntax").click()
        overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, width
        table = page.locator("main .panel")
        assert await table.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), width


async def test_a_page_that_says_what_was_mistyped_is_live_all_the_same(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders")
    for query in ("go=soon", "q=after:soon"):
        page = await open_live(context, f"{empty.url}/main/queues/orders?{query}")
        await page.get_by_text("'soon' is not a time.").wait_for()
