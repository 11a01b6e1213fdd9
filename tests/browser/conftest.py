"""A real console over a real engine, looked at with Debian's Chromium."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from glasshouse.engine import lifecycle, workers
from tests.browser.house import House, house
from tests.engine.peer import Running
from tests.steady import LONG

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The one without windows, which needs half the time; else the whole browser."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


expect.set_options(timeout=1000 * LONG)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="chromium is not installed: make test installs it as root")
    one_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # One Chromium serves them all; it belongs to the loop on which it was started.
            item.add_marker(one_loop, append=False)
            if CHROMIUM is None:
                item.add_marker(skip)


class Console(msgspec.Struct):
    """A running `glasshouse` with its addresses."""

    process: asyncio.subprocess.Process
    url: str
    port: int
    engine: Running
    worker: asyncio.subprocess.Process | None = None
    """The work server, where it is a process of its own."""


async def start(*arguments: str) -> Console:
    """Start `glasshouse` and wait for its ready line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "glasshouse", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert line, "the console ended before it was ready"
    ready = json.loads(line)
    assert ready["event"] == "ready"
    port = int(ready["faktory"].rsplit(":", 1)[1])
    return Console(process, ready["console"], port, Running(Path(), port, None))


async def stop(console: Console) -> None:
    await console.engine.close()
    for process in (console.process, console.worker):
        if process is not None and process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 60)


@pytest.fixture(autouse=True)
def nothing_happens_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no failed job come back and no worker be let go while somebody looks at them."""
    monkeypatch.setattr(lifecycle, "backoff", lambda count, jitter: 7200 + jitter)
    monkeypatch.setattr(workers, "SILENT_AFTER", 1e9)


@pytest_asyncio.fixture(loop_scope="session")
async def empty(tmp_path: Path) -> AsyncIterator[House]:
    """A console on an engine that never had a job, in this process."""
    async with house(tmp_path / "data") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    """The same as two processes, as they are installed."""
    # By itself, on a free port: other programs may hold the usual one.
    data = str(tmp_path / "data")
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "glasshouse", "engine", "--listen", "127.0.0.1:0", "--data", data),
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    assert await asyncio.wait_for(worker.stdout.readline(), 60), "the engine did not start"
    running = await start("serve", "--engine", data, "--listen", "127.0.0.1:0")
    running.worker = worker
    yield running
    await stop(running)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        make = chromium.new_context

        async def patient(**options: Any) -> BrowserContext:
            made = await make(**options)
            made.set_default_timeout(1000 * LONG)
            return made

        chromium.new_context = patient  # type: ignore[method-assign]
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1440, "height": 900})
    yield made
    await made.close()
