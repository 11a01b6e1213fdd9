"""A push over 7419 is seen in every open tab, without reload."""

from __future__ import annotations

import asyncio
import time

from playwright.async_api import BrowserContext, Page, expect

from .conftest import Console, stop


async def test_a_push_appears_in_eight_open_tabs_without_reload(
    console: Console, context: BrowserContext
) -> None:
    peer = await console.engine.peer()
    await peer.push("job-first-1", queue="orders")
    tabs = [await context.new_page() for _ in range(8)]
    for tab in tabs:
        await tab.goto(f"{console.url}/main/queues/orders")
        await tab.evaluate("window.neverReloaded = true")
        await tab.get_by_text("job-first-1").first.wait_for()
        await tab.locator("#indicator[data-state=live]").wait_for(state="attached")
    seen: list[float] = []
    for turn in range(5):
        jid = f"job-turn-{turn}"
        start = time.perf_counter()
        await peer.push(jid, queue="orders")

        async def arrives(tab: Page, jid: str = jid, start: float = start) -> None:
            await tab.get_by_text(jid).first.wait_for(state="attached")
            seen.append((time.perf_counter() - start) * 1000)

        await asyncio.gather(*(arrives(tab) for tab in tabs))
    seen.sort()
    print(f"\npush to sight in 8 tabs: median {seen[20]:.0f} ms, worst {seen[-1]:.0f} ms")
    assert [await tab.evaluate("window.neverReloaded") for tab in tabs] == [True] * 8


async def test_a_server_that_is_gone_leaves_the_last_known_data_under_a_banner(
    context: BrowserContext, console: Console
) -> None:
    peer = await console.engine.peer()
    await peer.push("job-first-1", queue="orders")
    page = await context.new_page()
    await page.goto(f"{console.url}/main/queues/orders")
    await page.get_by_text("job-first-1").first.wait_for()
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await stop(console)
    banner = page.get_by_role("status").filter(has_text="lost")
    await banner.first.wait_for()
    assert await page.get_by_text("job-first-1").count() > 0


async def test_a_chinese_page_stays_chinese_when_live_data_arrives(
    console: Console, context: BrowserContext
) -> None:
    peer = await console.engine.peer()
    page = await context.new_page()
    await page.set_extra_http_headers({"Accept-Language": "zh-CN"})
    await page.goto(f"{console.url}/main/queues")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await peer.push("job-first-1", queue="orders")
    await page.get_by_text("orders").first.wait_for(state="attached")
    assert await page.locator("th", has_text="队列").count() > 0


async def test_a_form_that_is_being_filled_in_stays_while_the_list_under_it_changes(
    console: Console, context: BrowserContext
) -> None:
    peer = await console.engine.peer(wid="worker-1")
    page = await context.new_page()
    await page.goto(f"{console.url}/main/finished")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await page.get_by_text("No finished jobs yet.").wait_for()
    field = page.get_by_label("Type")
    await field.press_sequentially("Te")
    await peer.push("job-first-1")
    await peer.fetch()
    assert await peer.ask('ACK {"jid":"job-first-1"}') == "+OK"
    await page.get_by_role("link", name="job-first-1").wait_for()
    assert await field.input_value() == "Te"
    assert await field.evaluate("node => node === document.activeElement")
    await field.press_sequentially("st")
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_url("**/main/finished?type=Test&**")
    assert await page.locator("table.log tbody tr").count() == 1


async def test_the_page_of_a_job_tells_that_it_ran_when_it_has_left_the_server(
    console: Console, context: BrowserContext
) -> None:
    peer = await console.engine.peer(wid="worker-1")
    await peer.push("job-first-1")
    page = await context.new_page()
    await page.goto(f"{console.url}/main/jobs/job-first-1")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await page.evaluate("window.neverReloaded = true")
    await page.get_by_text("no execution has ended yet").wait_for()
    await peer.fetch()
    assert await peer.ask('ACK {"jid":"job-first-1"}') == "+OK"
    await page.get_by_text("Yes, it ran successfully.").wait_for()
    await page.get_by_text("The job is no longer on the server").wait_for()
    assert await page.get_by_text("worker-1").count() == 1
    await expect(page.locator("#banner")).to_be_hidden()
    assert await page.evaluate("window.neverReloaded")
    answer = await page.goto(f"{console.url}/main/jobs/job-first-1")
    assert answer is not None
    assert answer.status == 200
