"""The finished log and the parameters as a person sees them, in each state."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import BrowserContext, expect

from tests.engine.peer import Peer

from .house import House, house, open_live, overflow, texts


async def run(worker: Peer, jid: str, jobtype: str, error: str = "") -> None:
    await worker.push(jid, jobtype=jobtype, queue="orders", retry=3)
    await worker.fetch("orders")
    failure = {"jid": jid, "errtype": error, "message": "no"}
    said = f"FAIL {json.dumps(failure)}" if error else f'ACK {{"jid":"{jid}"}}'
    assert await worker.ask(said) == "+OK"


async def full(home: House) -> Peer:
    worker = await home.worker("worker-1")
    for number in range(30):
        await run(worker, f"send-{number:04}", "SendMail")
    for number in range(4):
        await run(worker, f"charge-{number:04}", "ChargeOrder", "CardError")
    return worker


async def test_an_empty_log_says_so_and_fills_by_itself(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        page = await open_live(context, f"{home.url}/main/finished")
        assert "No finished jobs yet." in await page.locator("main").inner_text()
        await run(await home.worker("worker-1"), "send-0001", "SendMail")
        await expect(page.locator("main .log tbody tr")).to_have_count(1)
        await expect(page.locator("main")).to_contain_text("Times per type")
        assert "done" in (await texts(page, "main .log tbody tr"))[0]


async def test_the_log_is_walked_and_narrowed_and_leads_to_the_job(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        await full(home)
        page = await open_live(context, f"{home.url}/main/finished")
        await expect(page.locator("main")).to_contain_text("1–25 of 34")
        await page.get_by_role("link", name="Next").click()
        await expect(page.locator("main")).to_contain_text("26–34 of 34")
        await page.get_by_label("Type", exact=True).fill("ChargeOrder")
        await page.get_by_label("Outcome").select_option("failed")
        await page.get_by_role("button", name="Show", exact=True).click()
        await expect(page.locator("main .log tbody tr")).to_have_count(4)
        assert all("CardError" in row for row in await texts(page, "main .log tbody tr"))
        assert "type=ChargeOrder" in page.url
        await page.get_by_label("Error").fill("nothing like it")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_contain_text("No matching executions.")
        await page.get_by_role("link", name="Show all").last.click()
        await page.get_by_role("link", name="send-0029").click()
        await expect(page.locator("main")).to_contain_text("The job is no longer on the server")


async def test_a_time_is_gone_to_and_a_wrong_one_is_said_to_be_wrong(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        await full(home)
        page = await open_live(context, f"{home.url}/main/finished")
        box = page.get_by_label("Go to a page or time")
        await box.fill("half past nine")
        await box.press("Enter")
        await expect(page.locator("main .fault")).to_be_visible()
        assert await page.locator("main .log tbody tr").count() == 25
        box = page.get_by_label("Go to a page or time")
        await box.fill("2001-01-01")
        await box.press("Enter")
        await expect(page.locator("main")).to_contain_text("had ended by then")


async def test_a_log_of_a_server_that_is_gone_stays_with_its_age(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        await full(home)
        page = await open_live(context, f"{home.url}/main/finished")
        await expect(page.locator("main .log tbody tr")).to_have_count(25)
        await home.end_engine()
        await page.locator("#banner:visible").wait_for()
        await expect(page.locator("#banner")).to_contain_text("Server unreachable since")
        assert len(await texts(page, "main .log tbody tr")) == 25


async def test_a_log_and_parameters_fit_a_phone(tmp_path: Path, context: BrowserContext) -> None:
    async with house(tmp_path / "data") as home:
        await full(home)
        for path in ("/main/finished", "/main/parameters"):
            page = await open_live(context, home.url + path)
            await page.set_viewport_size({"width": 390, "height": 844})
            assert await overflow(page) <= 0


async def test_parameters_are_told_with_what_they_mean_and_where_they_end(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        page = await open_live(context, f"{home.url}/main/parameters")
        row = page.locator("tr", has_text="finished_most")
        await expect(row).to_contain_text("default")
        await expect(row).to_contain_text(" to ")
        await home.end_engine()
        await page.locator("#banner:visible").wait_for()
        await expect(row).to_be_visible()
