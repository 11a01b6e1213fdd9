"""The overview and the fleet as a person sees them, in each state of the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.engine.peer import push_orders as push

from .house import HOUSES, House, open_live, overflow, whole_story

ALONE = "Queue mailers has jobs (3) and no worker is connected."


@pytest_asyncio.fixture(params=HOUSES, loop_scope="session")
async def shop(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with HOUSES[request.param](tmp_path / "data") as made:
        yield made


async def attention(page: Page) -> list[str]:
    return await page.locator(".attention li a").all_inner_texts()


@whole_story
async def test_an_empty_server_says_so_and_fills_by_itself(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{shop.url}/main")
    await page.get_by_text("Nothing. No jobs are waiting and no workers are connected.").wait_for()
    await page.get_by_text("No queues yet. A queue appears with its first job.").wait_for()
    await page.get_by_text("No recent failures.").wait_for()
    await page.get_by_text("No workers are connected.", exact=True).wait_for()
    await page.evaluate("window.neverReloaded = true")
    worker = await shop.worker("worker-1")
    await push(worker, "mailers", "job-00000001")
    await page.get_by_role("link", name="mailers", exact=True).wait_for()
    await page.get_by_text("Nothing. Jobs flow and workers respond.").wait_for()
    assert await page.evaluate("window.neverReloaded")


@whole_story
async def test_ordinary_days_are_told_in_one_glance(shop: House, context: BrowserContext) -> None:
    worker = await shop.worker("worker-1", host="app-7", pid=4127)
    await push(worker, "payments", "job-00000001", "job-00000002", "job-00000003")
    for jid, end in (("job-00000001", "ACK"), ("job-00000002", "FAIL")):
        await worker.fetch("payments")
        error = {"errtype": "CardError", "message": "Your card has <b>no</b> funds"}
        report = {"jid": jid, **(error if end == "FAIL" else {})}
        assert await worker.ask(f"{end} {json.dumps(report)}") == "+OK"
    await worker.ask('BEAT {"wid":"worker-1","rss_kb":2048}')
    page = await open_live(context, f"{shop.url}/main")
    failure = page.locator(".failures li")
    await failure.wait_for()
    await page.locator(".tile", has_text="Processed").get_by_text("2", exact=True).wait_for()
    tiles = await page.locator(".tile").all_inner_texts()
    assert [tile.split("\n")[:2] for tile in tiles][:3] == [
        ["Processed", "2"], ["Failed", "1"], ["Enqueued", "1"],
    ]  # fmt: skip
    text = await failure.inner_text()
    assert "ChargeOrder" in text
    assert "CardError Your card has <b>no</b> funds" in text
    assert "retried" in text
    await page.get_by_text("app-7 · 4127").wait_for()
    await page.locator("dl.load").get_by_text("Round trip").wait_for()
    labels = await page.locator("dl.load dt").all_inner_texts()
    assert labels[1:] == ["Uptime", "Connections", "Commands per second", "Memory", "Round trip"]
    await failure.get_by_role("link", name="ChargeOrder").click()
    await page.wait_for_url("**/main/jobs/job-00000002")


async def test_jobs_without_a_worker_are_said_with_a_way_to_look_until_one_comes(
    shop: House, context: BrowserContext
) -> None:
    await push(await shop.engine.peer(), "mailers", "job-1-aaaa", "job-2-aaaa", "job-3-aaaa")
    page = await open_live(context, f"{shop.url}/main")
    link = page.get_by_role("link", name=ALONE)
    await link.wait_for()
    assert await page.locator(".attention li svg[aria-label=Problem]").count() == 1
    await link.click()
    await page.wait_for_url("**/main/queues/mailers")
    await page.go_back()
    await page.get_by_text(ALONE).wait_for()
    worker = await shop.worker("worker-1")
    await page.get_by_text(ALONE).wait_for(state="detached")
    assert await worker.ask('BEAT {"wid":"worker-1","current_state":"quiet"}') is not None
    await page.get_by_text("Queue mailers has jobs (3) and no running worker accepts").wait_for()


async def test_a_paused_queue_is_marked_and_said(shop: House, context: BrowserContext) -> None:
    worker = await shop.worker("worker-1")
    await push(worker, "reports", "job-1-aaaa", "job-2-aaaa")
    assert await worker.ask("QUEUE PAUSE reports") == "+OK"
    page = await open_live(context, f"{shop.url}/main")
    await page.get_by_text("Queue reports is paused with 2 waiting.").wait_for()
    row = page.locator("table.queues tr", has_text="reports")
    assert "Paused" in await row.inner_text()


@whole_story
async def test_a_silent_worker_is_said_and_marked(shop: House, context: BrowserContext) -> None:
    await shop.worker("worker-1", host="app-7", pid=4127)
    page = await open_live(context, f"{shop.url}/main")
    await page.get_by_text("Nothing. Jobs flow and workers respond.").wait_for()
    shop.clock.ahead = 40
    await page.get_by_text("No heartbeat from worker app-7:4127 for").wait_for()
    row = page.locator("table.workers tbody tr")
    assert "silent" in await row.inner_text()


async def test_the_way_a_queue_grows_is_shown_when_it_is_known(
    shop: House, context: BrowserContext
) -> None:
    shop.clock.stop()
    peer = await shop.engine.peer()
    await push(peer, "mailers", "job-1-aaaa")
    page = await open_live(context, f"{shop.url}/main")
    row = page.locator("table.queues tr", has_text="mailers")
    assert (await row.locator("td").nth(2).inner_text()).strip() == "–"
    shop.clock.ahead = 30
    await push(peer, "mailers", *(f"job-{n}-bbbb" for n in range(60)))
    await row.get_by_text("/min").wait_for()
    assert (await row.locator("td").nth(2).inner_text()).startswith("+")


@whole_story
async def test_a_server_that_is_gone_leaves_its_last_numbers_and_no_new_alarms(
    shop: House, context: BrowserContext
) -> None:
    worker = await shop.worker("worker-1")
    await push(worker, "mailers", "job-1-aaaa", "job-2-aaaa")
    page = await open_live(context, f"{shop.url}/main")
    await page.get_by_role("link", name="mailers", exact=True).wait_for()
    await shop.end_engine()
    await page.locator("#banner:visible").wait_for()
    await expect(page.locator("#banner")).to_contain_text("unreachable since")
    sentence = "The server cannot be read; this is its last known state."
    await page.get_by_text(sentence).wait_for()
    shop.clock.ahead = 3600
    await page.reload()
    assert await attention(page) == [sentence]
    assert await page.get_by_role("link", name="mailers", exact=True).count() == 1

    await page.goto(shop.url)
    await page.get_by_text("1 server · 1 unreachable").wait_for()
    said = await page.locator("table.fleet tr.said").inner_text()
    assert "It stopped responding" in said
    assert "Start it with `glasshouse engine --data` on the same folder." in said
    cells = await page.locator("table.fleet tbody tr").first.locator("td").all_inner_texts()
    assert cells[0] == "2"
    assert cells[4] == "–"


async def test_the_fleet_compares_servers_and_says_the_gravest_of_each(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, shop.url)
    await page.get_by_text("Nothing needs attention.").wait_for()
    await push(await shop.engine.peer(), "mailers", "job-1-aaaa", "job-2-aaaa", "job-3-aaaa")
    await page.get_by_role("link", name=ALONE).wait_for()
    await page.get_by_text("1 server · 1 needs attention").wait_for()
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await overflow(page) <= 0


@whole_story
async def test_a_thousand_queues_and_many_workers_stay_one_glance(
    shop: House, context: BrowserContext
) -> None:
    workers = [await shop.worker(f"worker-{n:03}", f"app-{n // 10}", n) for n in range(120)]
    for n in range(1000):
        job = f'{{"jid":"job-{n:08}","jobtype":"T","queue":"queue-{n:04}","args":[]}}'
        workers[0].send(f"PUSH {job}")
    for _ in range(1000):
        assert await workers[0].reply() == "+OK"
    page = await open_live(context, f"{shop.url}/main")
    await page.get_by_text("1,000 queues · 1,000 jobs waiting").wait_for()
    assert await page.locator("table.queues tbody tr").count() == 10
    await page.get_by_text("and 110 more").wait_for()
    await page.get_by_text("0 jobs running · 120 workers · 12 hosts").wait_for()
    shop.clock.ahead = 31
    await page.get_by_text("No heartbeat from 120 workers for").wait_for()
    assert await page.get_by_text("1,000 queues are slow").count() == 0
    for width in (390, 700, 900, 1100, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await overflow(page) <= 0, width


async def test_focus_stays_where_it_was_while_numbers_change(
    shop: House, context: BrowserContext
) -> None:
    worker = await shop.worker("worker-1")
    await push(worker, "mailers", "job-1-aaaa")
    await push(worker, "orders", "job-2-aaaa", "job-3-aaaa")
    page = await open_live(context, f"{shop.url}/main")
    link = page.locator("table.queues").get_by_role("link", name="mailers")
    await link.focus()
    await push(worker, "mailers", *(f"job-{n}-bbbb" for n in range(5)))
    rows = page.locator("table.queues tbody tr")
    await expect(rows.last).to_contain_text("6")
    assert await link.evaluate("node => node === document.activeElement")
    # Its place waits until the focus is let go.
    await expect(rows.last).to_contain_text("mailers")
    await page.keyboard.press("Escape")
    await expect(rows.first).to_contain_text("mailers")
