"""Nothing claims to be fresher than its data, while everything of a demo fails.

Readers raise exceptions, and the work server is stopped, hung and killed; see ``ages``.
Longer by hand: ``AGE_SECONDS=1800``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.engine.peer import Peer
from tests.steady import LONG

from .ages import LIVE, LOOKS, QUEUE, READY, SEARCH, Known, Samples, job_id

SECONDS = float(os.environ.get("AGE_SECONDS", "12"))
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


async def _push(port: int, known: Known) -> None:
    """Push numbered jobs for ever, whatever happens to the server."""
    sent = 0
    while True:
        with contextlib.suppress(OSError, AssertionError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                peer = Peer(reader, writer)
                await peer.reply()
                assert await peer.ask('HELLO {"v":2}') == "+OK"
                while True:
                    sent += 1
                    await peer.push(job_id(sent), queue=QUEUE)
                    known.add()
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


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
async def test_no_answer_is_older_than_it_says_whatever_fails(tmp_path: Path) -> None:
    flag, known = tmp_path / "readers-fail", Known()
    samples, looks = Samples(known), {**LOOKS, **SEARCH, **READY}
    async with (
        demo(tmp_path, flag) as made,
        httpx.AsyncClient(base_url=made.console, timeout=LONG) as client,
    ):
        tasks = [
            asyncio.create_task(_push(made.port, known)),
            asyncio.create_task(samples.follow(client, LIVE)),
        ]
        try:
            async with asyncio.timeout(LONG):
                await samples.look(client, looks, lambda: samples.saw((*looks, "live")))
            until = time.monotonic() + SECONDS
            tasks.append(asyncio.create_task(_hurt(made, flag, until, random.Random(7))))
            await samples.look(client, looks, lambda: time.monotonic() > until)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    print(samples.summary())
    assert samples.wrong[:20] == []
