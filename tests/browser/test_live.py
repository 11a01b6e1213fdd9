"""A push over 7419 is seen in every open tab, without reload."""

from __future__ import annotations

import asyncio
import time

from playwright.async_api import BrowserContext, Page

from .conftest import Console, stop


async def test_a_push_appears_in_eight_open_tabs_without_reload(
    empty: Console, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await peer.push("job-first-1", queue="orders")
    tabs = [await context.new_page() for _ in range(8)]
    for tab in tabs:
        await tab.goto(f"{empty.url}/main/queues/orders")
        await tab.evaluate("window.neverReloaded = true")
        await tab.get_by_text("job-first-1").first.wait_for()
        await tab.locator("#indicator[data-state=live]").wait_for(state="attached")
    seen: list[float] = []
    for turn in range(5):
        jid = f"job-turn-{turn}"
        start = time.perf_counter()
        await peer.push(jid, queue="orders")

        async def arrives(tab: Page, jid: str = jid, start: float = start) -> None:
            await tab.get_by_text(jid).first.wait_for(state="attached", timeout=10_000)
            seen.append((time.perf_counter() - start) * 1000)

        await asyncio.gather(*(arrives(tab) for tab in tabs))
    seen.sort()
    print(f"\npush to sight in 8 tabs: median {seen[20]:.0f} ms, worst {seen[-1]:.0f} ms")
    assert [await tab.evaluate("window.neverReloaded") for tab in tabs] == [True] * 8


async def test_a_server_that_is_gone_leaves_the_last_known_data_under_a_banner(
    context: BrowserContext, empty: Console
) -> None:
    peer = await empty.engine.peer()
    await peer.push("job-first-1", queue="orders")
    page = await context.new_page()
    await page.goto(f"{empty.url}/main/queues/orders")
    await page.get_by_text("job-first-1").first.wait_for()
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await stop(empty)
    banner = page.get_by_role("status").filter(has_text="lost")
    await banner.first.wait_for(timeout=15_000)
    assert await page.get_by_text("job-first-1").count() > 0


async def test_a_chinese_page_stays_chinese_when_live_data_arrives(
    empty: Console, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    page = await context.new_page()
    await page.set_extra_http_headers({"Accept-Language": "zh-CN"})
    await page.goto(f"{empty.url}/main/queues")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await peer.push("job-first-1", queue="orders")
    await page.get_by_text("orders").first.wait_for(state="attached")
    assert await page.locator("th", has_text="队列").count() > 0
