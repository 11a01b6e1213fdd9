"""Take a screenshot of each page in both themes and widths into docs/screens/.

    python -m scripts.screens [FOLDER]

Runs a demo of its own on free ports; needs Debian's chromium.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, start, stop
from tests.browser.test_operations import sign_in
from tests.control.shop import Shop, shop

PAGES = {
    "fleet": "/",
    "overview": "/main",
    "queues": "/main/queues",
    "queue": "/main/queues/mailers",
    "retries": "/main/retries",
    "scheduled": "/main/scheduled",
    "dead": "/main/dead",
    "filter": "/main/dead?q=type%3A*Order*",
    "search": "/main/search?q=error",
    "busy": "/main/busy",
    "ends": "/main/busy?sort=expires",
    "finished": "/main/finished",
    "history": "/main/history",
    "failures": "/main/finished?outcome=failed",
    "parameters": "/main/parameters",
}
JOBS = {
    "job": "/main/dead",
    "retry": "/main/retries",
    "ran": "/main/finished?outcome=done",
}
"""Pages of one job: the first in a list."""
WRONG = {"error": "/main/jobs/never-was"}
BIG = "big-import-of-rows"
SIZES = {1440: 900, 390: 844}
FIRST_JOB = 'document.querySelector("main a[href*=\'/jobs/\']").getAttribute("href")'


async def shoot(browser: Browser, url: str, theme: str, width: int, folder: Path) -> None:
    """Take every page in one theme and width."""
    context = await browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if theme == "dark" else "light",
    )
    page = await context.new_page()
    for name, path in PAGES.items():
        await page.goto(url + path)
        if name != "fleet":
            await page.locator("#indicator[data-state=live]").wait_for(state="attached")
        await page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
    for name, path in WRONG.items():
        await page.goto(url + path)
        await page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
    await page.goto(f"{url}/main/jobs/{BIG}")
    await page.locator(".jv-load").first.click()
    await page.locator(".jv-row").first.wait_for()
    await page.locator(".stored").first.scroll_into_view_if_needed()
    await page.screenshot(path=folder / f"payload-{theme}-{width}.png")
    await page.goto(f"{url}/main/retries")
    await page.keyboard.press("?")
    await page.screenshot(path=folder / f"keys-{theme}-{width}.png")
    for name, path in JOBS.items():
        await page.goto(url + path)
        await page.goto(url + await page.evaluate(FIRST_JOB))
        await page.locator("#indicator[data-state=live]").wait_for(state="attached")
        await page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
    await context.close()


async def act(browser: Browser, open_shop: Shop, theme: str, width: int, folder: Path) -> None:
    """Take the pages of somebody who acts: boxes, a preview, an outcome, the trash, the ledger."""
    context = await browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if theme == "dark" else "light",
    )
    page = await context.new_page()

    async def take(name: str) -> None:
        await page.screenshot(path=folder / f"{name}-{theme}-{width}.png")

    await sign_in(page, open_shop)
    await page.locator("td.pick input").nth(1).check()
    await page.locator("td.pick input").nth(2).check()
    await take("choose")
    await page.goto(open_shop.url + "/main/dead?q=error:refused")
    await page.get_by_label("All matches").check()
    await page.get_by_role("button", name="Delete").click()
    await page.wait_for_url("**/operations/*")
    await take("preview")
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_label("Reason").fill("the orders were charged by hand")
    await page.get_by_role("button", name="Delete jobs").click()
    await page.locator(".after form").wait_for()
    await take("outcome")
    await page.goto(open_shop.url + "/main/trash")
    await take("trash")
    await page.goto(open_shop.url + "/audit")
    await take("audit")
    await page.goto(open_shop.url + "/main/trash")
    await page.get_by_role("button", name="Restore").click()
    await page.get_by_role("button", name="Restore from the trash").click()
    await page.locator("#follow .badge.good").wait_for()
    # Each code is good once.
    open_shop.clock.ahead += 60
    await context.close()


async def main(folder: Path) -> None:
    """Run a demo for a while and take its pictures."""
    with tempfile.TemporaryDirectory() as data:
        demo = await start(
            "demo", "--data", f"{data}/demo", "--listen", "127.0.0.1:0", "--faktory", "127.0.0.1:0"
        )
        try:
            peer = await demo.engine.peer()
            rows = [{"row": n, "name": f"customer {n}", "cents": n * 17} for n in range(9_000)]
            await peer.push(BIG, jobtype="ImportRows", queue="imports", args=[{"rows": rows}],
                            at="2999-01-01T00:00:00Z")  # fmt: skip
            await asyncio.sleep(60)  # the charts want a past
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                for theme in ("dark", "light"):
                    for width in SIZES:
                        await shoot(browser, demo.url, theme, width, folder)
                async with shop(Path(data)) as open_shop:
                    await open_shop.failed(34)
                    await open_shop.failed(9, "invoices")
                    for theme in ("dark", "light"):
                        for width in SIZES:
                            await act(browser, open_shop, theme, width, folder)
                await browser.close()
        finally:
            await stop(demo)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
