"""From a push over FWP to the row in sight, in eight open tabs of Chromium."""

from __future__ import annotations

import asyncio
import tempfile
import time

from playwright.async_api import BrowserContext, Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, Console, start, stop

TURNS = 40
TABS = 8


async def _times(console: Console, context: BrowserContext) -> list[float]:
    peer = await console.engine.peer()
    await peer.push("job-first-1", queue="orders")
    tabs = [await context.new_page() for _ in range(TABS)]
    for tab in tabs:
        await tab.goto(f"{console.url}/main/queues/orders")
        await tab.locator("#indicator[data-state=live]").wait_for(state="attached")
    seen: list[float] = []
    for turn in range(TURNS):
        jid = f"job-turn-{turn:03}"
        begun = time.perf_counter()
        await peer.push(jid, queue="orders")

        async def arrives(tab: Page, jid: str = jid, begun: float = begun) -> None:
            await tab.get_by_text(jid).first.wait_for(state="attached")
            seen.append((time.perf_counter() - begun) * 1000)

        await asyncio.gather(*(arrives(tab) for tab in tabs))
        assert await peer.ask("QUEUE REMOVE orders") == "+OK"
        await peer.push("job-first-1", queue="orders")
    return sorted(seen)


async def measure() -> list[dict[str, object]]:
    """Measure the median and the 99th percentile in milliseconds."""
    if CHROMIUM is None:
        return [{"name": "push to sight: chromium is not installed", "value": "-", "unit": ""}]
    with tempfile.TemporaryDirectory() as folder:
        console = await start("serve", "--engine", folder, "--listen", "127.0.0.1:0")
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                seen = await _times(console, await browser.new_context())
                await browser.close()
        finally:
            await stop(console)
    p99 = seen[min(len(seen) - 1, int(len(seen) * 0.99))]
    return [
        {"name": f"push to sight, {TABS} tabs, median", "value": round(seen[len(seen) // 2]),
         "unit": "ms"},
        {"name": f"push to sight, {TABS} tabs, 99th percentile", "value": round(p99),
         "unit": "ms", "goal": "< 500"},
    ]  # fmt: skip
