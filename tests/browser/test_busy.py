"""Who runs what, as a person sees it: hosts, workers, their jobs, and jobs of nobody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext

from tests.engine.peer import push_orders as push

from .house import HOUSES, House, open_live, overflow, whole_story


@pytest_asyncio.fixture(params=HOUSES, loop_scope="session")
async def shop(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with HOUSES[request.param](tmp_path / "data") as made:
        yield made


async def test_nobody_and_nothing_is_said_and_a_worker_appears_by_itself(
    shop: House, context: BrowserContext
) -> None:
    page = await open_live(context, f"{shop.url}/main/busy")
    await page.get_by_text("No workers are connected.").wait_for()
    await page.get_by_text("No jobs are running.").wait_for()
    await shop.worker("worker-1", host="app-7", pid=4127)
    await page.get_by_text("pid 4127").wait_for()
    await page.get_by_text("0 jobs running · 1 worker · 1 host").wait_for()
    assert "idle" in await page.locator("tr.proc").inner_text()


@whole_story
async def test_each_worker_stands_under_its_host_with_what_it_runs(
    shop: House, context: BrowserContext
) -> None:
    one = await shop.worker("worker-1", host="app-1", pid=11)
    two = await shop.worker("worker-2", host="app-2", pid=22)
    await push(one, "orders", "job-for-one", "job-for-two")
    await one.fetch("orders")
    await two.fetch("orders")
    shop.clock.stop()
    await one.ask('BEAT {"wid":"worker-1","rss_kb":2048,"current_state":"quiet"}')
    page = await open_live(context, f"{shop.url}/main/busy")
    first, second = page.locator("details.host").nth(0), page.locator("details.host").nth(1)
    await first.get_by_text("1 quiet or terminating").wait_for()
    await first.get_by_role("link", name="job-for-one").wait_for()
    text = await first.inner_text()
    for shown in ("app-1", "pid 11", "2.0 MiB", "shop", "quiet", "job-for-one", "ChargeOrder"):
        assert shown in text
    assert re.search(r"in (29|30) min", text)
    assert "job-for-two" in await second.inner_text()
    await two.ask('ACK {"jid":"job-for-two"}')
    await second.get_by_text("idle").wait_for()
    await first.get_by_role("link", name="job-for-one").click()
    await page.wait_for_url("**/main/jobs/job-for-one")


async def test_jobs_of_nobody_are_listed_apart(shop: House, context: BrowserContext) -> None:
    leaving = await shop.worker("worker-9", host="app-9")
    stranger = await shop.engine.peer()
    await push(stranger, "orders", "job-of-leaver", "job-of-client")
    await leaving.fetch("orders")
    await stranger.fetch("orders")
    page = await open_live(context, f"{shop.url}/main/busy")
    apart = page.get_by_role("region", name="Not held by a connected worker")
    await apart.get_by_text("fetched by a client that is not a worker").wait_for()
    leaving.close()
    await apart.get_by_text("its worker has disconnected").wait_for()
    assert "worker-9" in await apart.inner_text()
    await page.get_by_text("2 jobs running").wait_for()


@whole_story
async def test_a_reservation_that_ends_soon_or_is_over_and_a_silent_worker_are_marked(
    shop: House, context: BrowserContext
) -> None:
    worker = await shop.worker("worker-1")
    await push(worker, "orders", "job-long-aaaa", reserve_for=86400)
    await push(worker, "orders", "job-short-aaaa", reserve_for=3000)
    await worker.fetch("orders")
    await worker.fetch("orders")
    page = await open_live(context, f"{shop.url}/main/busy")
    row = page.locator("tr", has_text="job-short-aaaa")
    await row.wait_for()
    assert await page.get_by_text("expires soon").count() == 0
    shop.clock.ahead = 2750
    await row.get_by_text("expires soon").wait_for()
    await page.locator("tr.proc").get_by_text("silent").wait_for()
    assert await page.get_by_text("expires soon").count() == 1
    await page.goto(f"{shop.url}/main")
    await page.get_by_text("Running jobs near the end of their reservation: 1").wait_for()
    shop.clock.ahead = 3050
    await page.get_by_text("Running jobs past their reservation: 1").wait_for()
    await page.goto(f"{shop.url}/main/busy")
    await row.get_by_text("reservation over").wait_for()


async def test_a_fold_stays_as_somebody_left_it(shop: House, context: BrowserContext) -> None:
    worker = await shop.worker("worker-1", host="app-1")
    await push(worker, "orders", "job-1-aaaa", "job-2-aaaa")
    await worker.fetch("orders")
    page = await open_live(context, f"{shop.url}/main/busy")
    link = page.get_by_role("link", name="job-1-aaaa")
    await link.wait_for()
    await page.locator("details.host summary").focus()
    await page.keyboard.press("Enter")
    assert not await link.is_visible()
    await worker.fetch("orders")
    await page.get_by_text("2 running").wait_for()
    assert not await link.is_visible()
    assert await page.evaluate("document.activeElement.nodeName") == "SUMMARY"


async def test_many_workers_are_folded_and_paged_and_all_their_jobs_can_be_listed(
    shop: House, context: BrowserContext
) -> None:
    await push(await shop.engine.peer(), "orders", *(f"job-{n:06}" for n in range(240)))
    workers = [await shop.worker(f"worker-{n:03}", f"app-{n // 10:02}", n) for n in range(120)]
    for worker in workers:
        await worker.fetch("orders")
        await worker.fetch("orders")
    page = await open_live(context, f"{shop.url}/main/busy")
    await page.get_by_text("240 jobs running · 120 workers · 12 hosts").wait_for()
    # Hosts that were open when the first few workers had been seen stay so on a page that is read.
    await page.reload()
    await page.get_by_text("Of 240 running jobs, the 100 whose reservations end first").wait_for()
    assert await page.locator("details.host[open]").count() == 0
    assert await page.locator("tr.proc").count() == 100
    await page.get_by_text("1–100 of 120").wait_for()
    await page.get_by_role("link", name="Next", exact=True).click()
    await page.get_by_text("101–120 of 120").wait_for()
    assert await page.locator("tr.proc").count() == 20
    await page.get_by_role("link", name="By end of reservation", exact=True).click()
    seen: list[str] = []
    for last in (100, 200, 240):
        await page.get_by_text(f"–{last} of 240").wait_for()
        seen += await page.locator("main tbody .jid a").all_inner_texts()
        if last < 240:
            await page.get_by_role("link", name="Next", exact=True).click()
    assert sorted(seen) == [f"job-{n:06}" for n in range(240)]
    for width in (390, 700, 900, 1100, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        for path in ("busy", "busy?sort=expires"):
            await page.goto(f"{shop.url}/main/{path}")
            await page.locator("details.host").evaluate_all(
                "all => all.forEach(d => d.open = true)"
            )
            assert await overflow(page) <= 0, (width, path)


async def test_what_ran_on_a_server_that_is_gone_stays_and_nobody_is_called_silent(
    shop: House, context: BrowserContext
) -> None:
    worker = await shop.worker("worker-1")
    await push(worker, "orders", "job-1-aaaa")
    await worker.fetch("orders")
    page = await open_live(context, f"{shop.url}/main/busy")
    await page.get_by_role("link", name="job-1-aaaa").wait_for()
    await shop.end_engine()
    await page.locator("#banner:visible").wait_for()
    shop.clock.ahead = 3600
    await page.reload()
    await page.get_by_role("link", name="job-1-aaaa").wait_for()
    assert await page.get_by_text("silent").count() == 0
    assert await page.get_by_text("reservation over").count() == 0
