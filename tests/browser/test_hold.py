"""Nothing moves under a pointer or a focus that rests on a row, and a page can be held still."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.engine.peer import Peer
from tests.engine.peer import push_orders as push

from .house import House, house, open_live

TOP = "(row) => row.getBoundingClientRect().top"
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift" });
"""
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def run(worker: Peer, jid: str) -> None:
    await worker.push(jid, jobtype="ChargeOrder", queue="orders")
    await worker.fetch("orders")
    assert await worker.ask(f'ACK {{"jid":"{jid}"}}') == "+OK"


async def finished(home: House, context: BrowserContext) -> tuple[Peer, Page, Locator]:
    """Open the log with a page full of executions; return who makes more, the page, and a row."""
    worker = await home.worker("worker-1")
    for number in range(25):
        await run(worker, f"order-{number:04}")
    page = await open_live(context, f"{home.url}/main/finished")
    await expect(page.locator("main .log tbody tr")).to_have_count(25)
    return worker, page, page.locator("main .log tbody tr", has_text="order-0020")


async def shift(page: Page) -> float:
    """Return how much has moved by itself since it was watched, once all of it is painted."""
    await page.evaluate(PAINTED)
    return float(await page.evaluate("window.shift"))


async def test_nothing_moves_under_a_pointer_and_what_waits_is_counted(
    empty: House, context: BrowserContext
) -> None:
    worker, page, row = await finished(empty, context)
    await row.hover()
    top = await row.evaluate(TOP)
    await run(worker, "order-1000")
    # One that came, and the oldest of the page, which is marked instead of taken out.
    await expect(page.locator("#waiting")).to_have_text("2 pending")
    await expect(page.locator("tr[data-gone]")).to_contain_text("order-0000")
    assert await row.evaluate(TOP) == top
    assert await page.locator("main", has_text="order-1000").count() == 0
    await page.mouse.move(2, 2)
    await expect(page.locator("main .log")).to_contain_text("order-1000")
    await expect(page.locator("#waiting")).to_be_empty()
    assert await page.locator("tr[data-gone]").count() == 0


async def test_nothing_moves_under_a_focus_until_it_is_let_go(
    empty: House, context: BrowserContext
) -> None:
    worker, page, row = await finished(empty, context)
    await row.get_by_role("link", name="order-0020").focus()
    top = await row.evaluate(TOP)
    for number in range(3):
        await run(worker, f"order-100{number}")
    await expect(page.locator("#waiting")).to_have_text("6 pending")
    assert await row.evaluate(TOP) == top
    assert "order-0020" in await page.evaluate("document.activeElement.innerText")
    await page.keyboard.press("Escape")
    await expect(page.locator("main .log")).to_contain_text("order-1002")


async def test_what_stays_is_kept_up_to_date_under_a_pointer(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await push(peer, "orders", "order-0001")
    page = await open_live(context, f"{empty.url}/main/queues")
    row = page.locator("tr", has_text="orders")
    await row.hover()
    await push(peer, "orders", "order-0002")
    await push(peer, "another", "order-0003")
    await expect(row.locator("td").first).to_have_text("2")
    await expect(page.locator("#waiting")).to_have_text("1 pending")
    assert await page.locator("tr", has_text="another").count() == 0


@pytest.mark.parametrize("by", ["button", "key"])
async def test_a_page_that_is_held_says_how_many_wait(
    empty: House, context: BrowserContext, by: str
) -> None:
    worker, page, _ = await finished(empty, context)

    async def press() -> None:
        if by == "key":
            await page.keyboard.press("h")
        else:
            await page.get_by_role("button", name="Hold").click()

    async def waiting(least: int) -> None:
        # The row of times per type may be one more.
        await page.wait_for_function(
            "least => parseInt(document.getElementById('waiting').textContent) >= least", arg=least
        )

    await press()
    await expect(page.locator("#indicator")).to_contain_text("Held")
    await run(worker, "order-1000")
    await waiting(2)
    await run(worker, "order-1001")
    await waiting(4)
    assert await page.locator("main", has_text="order-1000").count() == 0
    await press()
    await expect(page.locator("main .log")).to_contain_text("order-1001")
    await expect(page.locator("#indicator")).to_contain_text("Live")
    await expect(page.locator("#waiting")).to_be_empty()


async def test_a_list_that_grows_at_its_top_moves_nothing(
    empty: House, context: BrowserContext
) -> None:
    worker, page, _ = await finished(empty, context)
    await page.evaluate(WATCH)
    for number in range(20):
        await run(worker, f"order-1{number:03}")
        await expect(page.locator("main .log tbody tr").first).to_contain_text(
            f"order-1{number:03}"
        )
    assert await shift(page) < 0.1


@pytest.mark.parametrize("width", [1440, 390])
async def test_running_jobs_keep_their_places_and_others_take_those_that_are_free(
    tmp_path: Path, context: BrowserContext, width: int
) -> None:
    async with house(tmp_path / "data") as home:
        above, below = await home.worker("worker-1"), await home.worker("worker-2", "app-2", 8)
        await push(below, "orders", *(f"job-{number:04}" for number in range(20)))
        await below.fetch("orders")
        for _ in range(3):
            await above.fetch("orders")
        page = await open_live(context, f"{home.url}/main/busy")
        await page.set_viewport_size({"width": width, "height": 900})
        line, last = page.locator("tr.proc").nth(1), page.locator("tr.run", has_text="job-0003")
        await last.wait_for()
        await page.evaluate(WATCH)
        tops = [await line.evaluate(TOP), await last.evaluate(TOP)]
        for number in range(1, 12):
            # The oldest ends, as does the one that came last; neither leaves a gap.
            ends = "job-0001" if number == 1 else f"job-{number + 2:04}"
            if ends == "job-0003":
                continue
            assert await above.ask(f'ACK {{"jid":"{ends}"}}') == "+OK"
            await expect(page.locator("tr.run", has_text=ends)).to_have_count(0)
            assert [await line.evaluate(TOP), await last.evaluate(TOP)] == tops
            new = await above.fetch("orders")
            assert new is not None
            await expect(page.locator("tr.run", has_text=new["jid"])).to_have_count(1)
            assert [await line.evaluate(TOP), await last.evaluate(TOP)] == tops
        assert await shift(page) < 0.1
