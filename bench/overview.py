"""A thousand queues, five hundred workers: the server's time for a page, the browser's for a tick.

The state changes all the time. Pages are asked for on one connection and never
told from memory. In Chromium a tick is everything that the main thread does
when live data arrives: parsing, changing the page, style and layout.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import CDPSession, Page, async_playwright

from bench import answers, servers
from bench.fwp import Client
from tests.browser.conftest import CHROMIUM, FLAGS

QUEUES = 1_000
WORKERS = 500
BUSY = 100
PAGES = ("", "/queues", "/busy")
TIMES = 200
SECONDS = 15.0
_BEAT = 10.0
# Changes that come together are one update; a time that is said anew is none.
_COUNT = """() => {
  const byTime = ({target}) => target.nodeName === "TIME" || target.parentNode?.nodeName === "TIME";
  window.shown = 0;
  new MutationObserver((records) => { if (!records.every(byTime)) window.shown += 1; }).observe(
    document.getElementById("live"),
    {subtree: true, childList: true, characterData: true, attributes: true});
}"""
_PARTS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")


async def _fill(port: int) -> None:
    client = await Client.connect(port)
    jobs: list[dict[str, object]] = [
        {"jid": f"fill-{queue:04}-{number:06}", "jobtype": "Bench", "queue": f"queue-{queue:04}",
         "args": [{"order_id": number, "customer": "somebody@example.com"}, "some text"]}
        for queue in range(QUEUES)
        for number in range(queue % 37 + 5)
    ]  # fmt: skip
    for first in range(0, len(jobs), 1000):
        await client.push_all(jobs[first : first + 1000])
    for number in range(25):
        jid = f"failed-{number:06}"
        await client.push(jid, queue="failing", retry=25)
        await client.ask("FETCH failing")
        fails = {"jid": jid, "errtype": "Timeout", "message": "no answer", "backtrace": ["a"]}
        await client.ask(f"FAIL {json.dumps(fails)}")
    client.close()


async def _hire(port: int) -> list[Client]:
    """Connect all workers; some of them hold a job."""
    workers = []
    for number in range(WORKERS):
        wid, host = f"worker-{number:04}", f"host-{number % 40:02}"
        labels = ["python", "bench", f"rack-{number % 5}"]
        worker = await Client.connect(port, wid=wid, host=host, labels=labels)
        if number < BUSY:
            await worker.ask(f"FETCH queue-{number:04}")
        workers.append(worker)
    return workers


async def _stir(port: int, workers: list[Client]) -> None:
    """Push into ten queues, run jobs and send beats, again and again, until cancelled."""
    client = await Client.connect(port)
    for number in range(10**9):
        for queue in range(10):
            name = f"queue-{(number * 97 + queue * 101) % QUEUES:04}"
            await client.push(f"stir-{number:06}-{queue}", queue=name, args=[number])
        jid = json.loads(await client.ask(f"FETCH queue-{number % QUEUES:04}"))["jid"]
        await client.ask(f'ACK {{"jid":"{jid}"}}')
        for which in range(10):
            worker = (number * 10 + which) % WORKERS
            beat = {"wid": f"worker-{worker:04}", "rss_kb": 50_000 + number % 1000}
            await workers[worker].ask(f"BEAT {json.dumps(beat)}")
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def _stage() -> AsyncIterator[servers.Server]:
    """Yield a console over a server that is full and moves."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        async with servers.engine(folder) as engine, servers.console(folder) as console:
            await _fill(engine.port)
            workers = await _hire(engine.port)
            stir = asyncio.create_task(_stir(engine.port, workers))
            try:
                yield console
            finally:
                failed = stir.done() and stir.exception()
                stir.cancel()
                for worker in workers:
                    worker.close()
            assert not failed, failed


async def _metrics(session: CDPSession) -> dict[str, float]:
    answer = await session.send("Performance.getMetrics")
    return {item["name"]: float(item["value"]) for item in answer["metrics"]}


async def _tick(page: Page, url: str) -> dict[str, float]:
    """Return the main thread's milliseconds for each update, by kind, and how many came."""
    await page.goto(url)
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await page.evaluate(_COUNT)
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    # The first update brings the whole page; what is measured are those that follow.
    await asyncio.sleep(3)
    shown = int(await page.evaluate("window.shown"))
    before, begun = await _metrics(session), time.perf_counter()
    await asyncio.sleep(SECONDS)
    after, took = await _metrics(session), time.perf_counter() - begun
    updates = int(await page.evaluate("window.shown")) - shown
    assert updates, "no update came"
    spent = {name: (after[name] - before[name]) * 1000 / updates for name in _PARTS}
    return spent | {"updates": updates / took}


async def _transferred(page: Page, url: str) -> float:
    """Return the kB that a browser without a cache takes for a page, the live worker included."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    await page.goto(url, wait_until="load")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    # The shared worker loads its script beside the page's own requests.
    worker = await page.evaluate("document.documentElement.dataset.worker")
    await page.goto(url.removesuffix("/main") + worker)
    return sum(sizes) / 1000


async def _browser(url: str) -> list[dict[str, object]]:
    if CHROMIUM is None:
        return [{"name": "live tick: chromium is not installed", "value": "-", "unit": ""}]
    rows: list[dict[str, object]] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context()
        kilobytes = await _transferred(await context.new_page(), f"{url}/main")
        await context.close()
        rows.append({
            "name": "first page, cold cache: transferred", "value": round(kilobytes, 1),
            "unit": "kB", "goal": "< 120",
        })  # fmt: skip
        for path in PAGES:
            context = await browser.new_context(viewport={"width": 1440, "height": 900})
            spent = await _tick(await context.new_page(), f"{url}/main{path}")
            await context.close()
            label = f"live tick on /main{path}"
            parts = "script {:.1f}, layout {:.1f}, style {:.1f}".format(
                *(spent[name] for name in _PARTS[:3])
            )
            row: dict[str, object] = {
                "name": f"{label} ({parts})", "value": round(spent["TaskDuration"], 1),
                "unit": "ms",
            }  # fmt: skip
            rows += [
                row if path else row | {"goal": "< 8"},
                {"name": f"{label}: how often", "value": round(spent["updates"], 1), "unit": "/s"},
            ]
        await browser.close()
    return rows


async def measure() -> list[dict[str, object]]:
    """Measure pages over HTTP, then live ticks in Chromium."""
    rows: list[dict[str, object]] = []
    async with _stage() as console:
        for path in PAGES:
            took = await answers.times(console.port, f"/main{path}", TIMES)
            row: dict[str, object] = {
                "name": f"{QUEUES:,} queues, {WORKERS} workers: /main{path}, 95th percentile",
                "value": round(took[int(len(took) * 0.95)], 1), "unit": "ms",
            }  # fmt: skip
            rows.append(row if path else row | {"goal": "< 50"})
        rows += await _browser(console.url)
    return rows
