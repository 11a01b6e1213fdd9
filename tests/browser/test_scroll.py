"""What somebody reads does not move while rows come in above it."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import BrowserContext, expect

from tests.engine.peer import Peer

from .house import house, open_live

TOP = "(row) => row.getBoundingClientRect().top"


async def test_rows_that_come_in_above_do_not_move_what_is_read(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        worker = await home.worker("worker-1")
        for number in range(25):
            await run(worker, f"order-{number:04}")
        page = await open_live(context, f"{home.url}/main/finished")
        await expect(page.locator("main .log tbody tr")).to_have_count(25)
        row = page.locator("main .log tbody tr", has_text="order-0010")
        # Far enough down for new rows to come in above of what is seen; by the wheel, as people do.
        await page.mouse.wheel(0, 500)
        await page.wait_for_function("scrollY >= 500")
        top = await row.evaluate(TOP)
        await run(worker, "order-1000")
        await expect(page.locator("main")).to_contain_text("order-1000")
        assert abs(await row.evaluate(TOP) - top) <= 1


async def run(worker: Peer, jid: str) -> None:
    await worker.push(jid, jobtype="ChargeOrder", queue="orders")
    await worker.fetch("orders")
    assert await worker.ask(f'ACK {{"jid":"{jid}"}}') == "+OK"
