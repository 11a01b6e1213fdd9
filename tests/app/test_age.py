"""Nothing claims to be fresher than its data, measured from outside while everything fails.

A driver pushes numbered jobs into a queue that nobody works on, and notes when each
was acknowledged. Whatever the demo then says, with the age that it says of itself, must
hold every job that was acknowledged before that age. Meanwhile readers raise exceptions,
and the work server is stopped, hung and killed. Longer by hand: ``AGE_SECONDS=1800``.
"""

from __future__ import annotations

import asyncio
import bisect
import collections
import contextlib
import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from glasshouse.web.probes import READY_AGE
from tests.engine.peer import Peer
from tests.steady import LONG

SECONDS = float(os.environ.get("AGE_SECONDS", "12"))
QUEUE = "numbered"
# What is said in tenths of a second may be rounded by as much.
ROUNDING = 0.05
# A demo, some of whose reads fail after they have read, while a file is there.
FAILING = """
import asyncio, random, sys
from pathlib import Path
from glasshouse.cli import main
from glasshouse.upstream.embedded_db import ReadThread
flag, run = Path(sys.argv.pop(1)), ReadThread.run

def failing(read):
    def work(db):
        found = read(db)
        if flag.exists() and random.random() < 0.3:
            raise ZeroDivisionError("division by zero")
        return found
    return work

ReadThread.run = lambda self, read: run(self, failing(read))
main()
"""


class Driver:
    """Pushes numbered jobs; knows how many had been acknowledged at any moment."""

    def __init__(self) -> None:
        self.acknowledged: list[float] = []
        self.sent = 0

    def least(self, moment: float) -> int:
        """Return how many jobs had been acknowledged by ``moment`` (Unix seconds)."""
        return bisect.bisect_right(self.acknowledged, moment)

    async def run(self, port: int) -> None:
        while True:
            with contextlib.suppress(OSError, AssertionError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    peer = Peer(reader, writer)
                    await peer.reply()
                    assert await peer.ask('HELLO {"v":2}') == "+OK"
                    while True:
                        self.sent += 1
                        await peer.push(f"numbered-{self.sent:07}", queue=QUEUE)
                        self.acknowledged.append(time.time())
                        # So few that all of them are in the search index.
                        await asyncio.sleep(max(0.05, SECONDS / 800))
                finally:
                    writer.close()
            await asyncio.sleep(0.1)


class Demo:
    """A running demo, whose work server may be hurt."""

    def __init__(self, process: asyncio.subprocess.Process, ready: dict[str, str]) -> None:
        self.process = process
        self.console = ready["console"]
        self.port = urlsplit(ready["faktory"]).port or 0

    def engine(self) -> int | None:
        """Return the process id of its work server."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for child in children.split():
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if b"engine" in line:
                    return int(child)
        return None


@contextlib.asynccontextmanager
async def demo(folder: Path, flag: Path) -> AsyncIterator[Demo]:
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", FAILING, str(flag), "demo", "--data", str(folder / "data")),
            *("--listen", "127.0.0.1:0", "--faktory", "127.0.0.1:0", "--jobs", "50"),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), LONG)
        made = Demo(process, json.loads(line))
        try:
            yield made
        finally:
            if (engine := made.engine()) is not None:
                os.kill(engine, signal.SIGCONT)
            process.terminate()
            await process.wait()


class Sample:
    """One answer: how many of the numbered jobs it shows, and as of when it says that is."""

    def __init__(self, count: int, age: float) -> None:
        self.count, self.age = count, age


def _counted(listed: dict[str, object]) -> Sample:
    count, age = listed.get("total", listed.get("looked_at")), listed["age"]
    assert isinstance(count, int)
    assert isinstance(age, int | float)
    return Sample(count, age)


def _of_queue(listed: dict[str, object]) -> Sample | None:
    items, age = listed["items"], listed.get("age")
    assert isinstance(items, list)
    sizes = [item["size"] for item in items if item["name"] == QUEUE]
    return Sample(sizes[0] if sizes else 0, float(str(age))) if age is not None else None


_CHECKED = re.compile(r'id="indicator" data-state="[a-z]*" data-checked-at="([0-9.]+)"')
_NEWEST = re.compile(r"numbered-([0-9]{7})")


def _newest_on(page: str, now: float) -> Sample | None:
    """Return the highest number on a page that lists the newest jobs first."""
    checked = _CHECKED.search(page)
    numbers = [int(found) for found in _NEWEST.findall(page)]
    if checked is None or not numbers:
        return None
    return Sample(max(numbers), now - float(checked[1]))


def _newest_found(listed: dict[str, object]) -> Sample | None:
    items, age = listed["items"], listed.get("age")
    numbers = [int(found) for found in _NEWEST.findall(json.dumps(items))]
    return Sample(max(numbers), float(str(age))) if numbers and age is not None else None


Look = Callable[[httpx.AsyncClient], Awaitable[Sample | None]]
API = "/api/v1/servers/main/"


def _json(path: str, read: Callable[[dict[str, object]], Sample | None]) -> Look:
    async def look(client: httpx.AsyncClient) -> Sample | None:
        answer = await client.get(path)
        return read(answer.json()) if answer.status_code == 200 else None

    return look


def _page(path: str) -> Look:
    async def look(client: httpx.AsyncClient) -> Sample | None:
        answer = await client.get(path)
        return _newest_on(answer.text, time.time()) if answer.status_code == 200 else None

    return look


LOOKS: dict[str, Look] = {
    "list": _json(f"{API}queues/{QUEUE}/jobs?per_page=1", _counted),
    "newest": _json(f"{API}queues/{QUEUE}/jobs?order=reverse", _newest_found),
    "filtered": _json(f"{API}queues/{QUEUE}/jobs?q=type:Test&order=reverse", _newest_found),
    "queues": _json(f"{API}queues", _of_queue),
    "search": _json(f"{API}search?q=queue:{QUEUE}", _newest_found),
    "page": _page(f"/main/queues/{QUEUE}?order=reverse"),
    "filtered page": _page(f"/main/queues/{QUEUE}?order=reverse&q=type:Test"),
    "search page": _page(f"/main/search?q=queue:{QUEUE}"),
}


async def _ready(client: httpx.AsyncClient) -> Sample | None:
    """``/readyz`` says yes while everything is known that was there half a minute ago."""
    answer = await client.get("/readyz")
    if answer.status_code != 200:
        return None
    shown = await LOOKS["queues"](client)
    return None if shown is None else Sample(shown.count, max(shown.age, READY_AGE))


async def _hurt(made: Demo, flag: Path, until: float, rng: random.Random) -> None:
    """Let things fail in turn, with a rest after each."""
    while time.monotonic() < until - 4:
        engine = made.engine()
        match rng.randrange(4):
            case 0:
                await asyncio.to_thread(flag.touch)
                await asyncio.sleep(rng.uniform(0.5, 2))
                await asyncio.to_thread(flag.unlink)
            case 1 if engine is not None:
                os.kill(engine, signal.SIGSTOP)
                await asyncio.sleep(rng.uniform(0.5, 2 if SECONDS < 60 else 14))
                os.kill(engine, signal.SIGCONT)
            case 2 if engine is not None:
                os.kill(engine, signal.SIGKILL)
                await asyncio.sleep(3)
            case 3 if engine is not None:
                os.kill(engine, signal.SIGTERM)
                await asyncio.sleep(3)
            case _:
                pass
        await asyncio.sleep(rng.uniform(0.5, 1.5))


async def _sample(
    made: Demo, driver: Driver, until: Callable[[dict[str, int]], bool]
) -> tuple[list[str], dict[str, int]]:
    """Look at everything in turn; return what was wrong, and how often each was looked at."""
    wrong: list[str] = []
    counts: dict[str, int] = collections.Counter()
    async with httpx.AsyncClient(base_url=made.console, timeout=60) as client:
        while not until(counts):
            for name, look in {**LOOKS, "ready": _ready}.items():
                asked = time.time()
                sample = await look(client)
                if sample is None:
                    continue
                # It is of some moment between question and answer: held against the earlier.
                late = time.time() - asked if "page" in name else 0.0
                least = driver.least(asked - sample.age - ROUNDING - late)
                counts[name] += 1
                if sample.count < least:
                    behind = asked - sample.age - driver.acknowledged[sample.count]
                    wrong.append(f"{name}: {sample.count} of {least}, {behind:.2f} s staler")
            await asyncio.sleep(0.02)
    return wrong, counts


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
async def test_no_answer_is_older_than_it_says_whatever_fails(tmp_path: Path) -> None:
    flag, driver = tmp_path / "readers-fail", Driver()
    async with demo(tmp_path, flag) as made:
        tasks = [asyncio.create_task(driver.run(made.port))]
        try:
            async with asyncio.timeout(LONG):
                calm, _ = await _sample(made, driver, lambda counts: set(counts) >= set(LOOKS))
            until = time.monotonic() + SECONDS
            tasks.append(asyncio.create_task(_hurt(made, flag, until, random.Random(7))))
            wrong, counts = await _sample(made, driver, lambda _: time.monotonic() > until)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    told = collections.Counter(line.partition(":")[0] for line in wrong)
    print(f"{sum(counts.values())} samples: {dict(counts)}; wrong: {dict(told)}")
    assert (calm + wrong)[:20] == []
    assert sum(counts.values()) > 0
