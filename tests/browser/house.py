"""A real engine and a real console in this process, whose clock a test can set ahead."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import BrowserContext, Page

from glasshouse.app.remote import REMOTE
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.monitor.sampler import Pace
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import Reader
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_scan import RemoteScanner
from glasshouse.upstream.scan import Scanner
from glasshouse.web.app import create_app
from tests.engine.peer import Clock, Peer, Running, running
from tests.steady import LONG
from tests.upstream.engine_web import EngineWeb
from tests.web.looks import Looks, caught_up
from tests.web.serving import serving


class House(msgspec.Struct):
    """Both, and the console's clock: what it sees grows old when that is set ahead."""

    engine: Running
    url: str
    clock: Clock
    console: contextlib.AsyncExitStack

    async def worker(self, wid: str, host: str = "app-1", pid: int = 7, **facts: Any) -> Peer:
        """Connect a worker."""
        return await self.engine.peer(wid=wid, hostname=host, pid=pid, labels=["shop"], **facts)

    async def end_engine(self) -> None:
        """End the engine, and leave the console alone."""
        self.engine.stop.set()

    async def end_console(self) -> None:
        """End the console, and leave the engine alone."""
        await self.console.aclose()


QUICK = msgspec.structs.replace(
    REMOTE, watched=0.1, idle=0.2, between_reads=0.1, refresh=0.3, slow=0.3
)


@contextlib.asynccontextmanager
async def served(
    reader: Reader, clock: Clock, scanner: Scanner | None = None, pace: Pace | None = None
) -> AsyncIterator[str]:
    """Serve a console over ``reader``; yield its address."""
    looks = Looks(reader)
    server = ServerMonitor("main", looks.reader, clock=clock, scanner=scanner, pace=pace)
    monitor = Monitor({"main": server})
    app = create_app(monitor, clock=clock)
    async with monitor.running(), serving(app) as port:
        url = f"http://localhost:{port}"
        with looks.known(url, server):
            yield url


@contextlib.asynccontextmanager
async def house(data: Path, engine_clock: Callable[[], float] = time.time) -> AsyncIterator[House]:
    """Run both while the block runs."""
    clock = Clock()
    reader, scanner = EmbeddedReader(data), EmbeddedScanner(data)
    async with (
        running(data, clock=engine_clock) as engine,
        contextlib.AsyncExitStack() as console,
    ):
        url = await console.enter_async_context(served(reader, clock, scanner))
        yield House(engine, url, clock, console)


@contextlib.asynccontextmanager
async def over_ports(data: Path) -> AsyncIterator[House]:
    """Run both, with the console reading nothing but two ports, as those of a real Faktory."""
    clock, budget = Clock(), Budget(10_000)
    async with running(data) as engine:
        told = EngineWeb(EmbeddedReader(data))
        async with told.web.running():
            port = CommandPort("127.0.0.1", engine.port, budget=budget, patience=LONG)
            address = f"http://127.0.0.1:{told.web.port}"
            look, lists, index = (WebPages(address, budget=budget, patience=LONG) for _ in range(3))
            reader = RemoteReader(port, lists, look=look, clock=clock)
            scanner = RemoteScanner(reader, index)
            scanner.heads, scanner.unhurried = 0.2, 0.5
            async with contextlib.AsyncExitStack() as console:
                url = await console.enter_async_context(served(reader, clock, scanner, QUICK))
                yield House(engine, url, clock, console)
        await told.close()


HOUSES = {"embedded": house, "ports": over_ports}
"""Both ways in which a server is read: from its store, or from a Faktory's ports."""
whole_story = pytest.mark.parametrize("shop", ["embedded"], indirect=True)
"""A test of what Faktory's own pages do not tell: last beats, deadlines, the log."""


async def open_live(context: BrowserContext, url: str) -> Page:
    """Open a page of a house as it is now, and wait until it is live."""
    parts = urlsplit(url)
    await caught_up(f"{parts.scheme}://{parts.netloc}")
    page = await context.new_page()
    await page.goto(url)
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    return page


async def texts(page: Page, selector: str = "main tbody th .jid a") -> list[str]:
    """Return what a page shows there, ids of jobs if nothing else is said, once it is whole."""
    await page.wait_for_load_state()  # a click waits for the beginning of a page alone
    return [text.strip() for text in await page.locator(selector).all_inner_texts()]


async def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return int(width)


HEAR = """
window.heard = [];
new MutationObserver((changes) => {
  for (const { target, addedNodes } of changes) {
    for (const node of [target, ...addedNodes]) window.heard.push(node.textContent.slice(0, 200));
  }
}).observe(document.body, { subtree: true, childList: true, characterData: true });
"""


async def hear(page: Page) -> None:
    """Remember what a page says from now on, also what goes by itself."""
    await page.evaluate(HEAR)


async def heard(page: Page, words: str) -> None:
    """Wait until a page has said this since ``hear``."""
    await page.wait_for_function(
        "words => window.heard.some((said) => said.includes(words))", arg=words
    )
