"""A real Faktory at work: what is shown is what it says itself, within the age that is told.

Producers, workers, failures and restarts; every answer is held against ``INFO`` and against
what the driver put there. Longer by hand: ``LOAD_SECONDS=600``.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from bench import servers
from tests.app.ages import (
    API,
    LIVE,
    LOOKS,
    QUEUE,
    READY,
    ROUNDING,
    Known,
    Samples,
    job_id,
)
from tests.engine.peer import Peer
from tests.ports import free_port
from tests.steady import LONG

from .conftest import BINARY

SECONDS = float(os.environ.get("LOAD_SECONDS", "20"))
WORKERS, RATE, WAITING = 20, 200, 5000
_EACH = 10
"""Jobs that are pushed at once."""
_RESTARTS = 4


class Told(msgspec.Struct, frozen=True):
    """What ``INFO`` said between two moments (Unix seconds)."""

    began: float
    ended: float
    processed: int
    failures: int


class Faktory:
    """A Faktory that is ended and begins again where it was."""

    def __init__(self, folder: Path) -> None:
        self.port, self.web = free_port(), free_port()
        self.redis = folder / "db" / "redis.sock"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin."""
        self._process = await asyncio.create_subprocess_exec(
            *(BINARY, "-b", f"127.0.0.1:{self.port}", "-w", f"127.0.0.1:{self.web}"),
            *("-e", "development", "-l", "warn"),
            *("-d", str(self._folder / "db"), "-c", str(self._folder / "conf")),
            env=os.environ | {"FAKTORY_SKIP_PASSWORD": "1"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await servers.until_it_listens(self.port)
        await servers.until_it_listens(self.web)

    async def end(self) -> None:
        """End."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    @contextlib.asynccontextmanager
    async def peer(self, wid: str | None = None) -> AsyncIterator[Peer]:
        """Connect while the block runs; with a ``wid`` as a worker."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        try:
            await peer.reply()
            hello = {"v": 2} if wid is None else {"v": 2, "wid": wid, "hostname": "app", "pid": 7}
            assert await peer.ask(f"HELLO {json.dumps(hello)}") == "+OK"
            yield peer
        finally:
            peer.close()
            with contextlib.suppress(OSError):
                await peer.writer.wait_closed()


async def _again(work: Any) -> None:
    """Do something for ever, from the start whenever the server went away."""
    while True:
        with contextlib.suppress(OSError, AssertionError):
            await work()
        await asyncio.sleep(0.1)


async def _number(faktory: Faktory, known: Known) -> None:
    async with faktory.peer() as peer:
        while True:
            number = len(known.times) + 1
            await peer.push(job_id(number), queue=QUEUE)
            known.add()
            await asyncio.sleep(max(0.05, SECONDS / 3000))


async def _produce(faktory: Faktory) -> None:
    ids = itertools.count()
    async with faktory.peer() as peer:
        while True:
            jobs = [
                {"jid": f"job-{time.time_ns():x}-{next(ids)}", "jobtype": "Work", "queue": "work",
                 "args": [1, {"customer": "somebody"}]}
                for _ in range(_EACH)
            ]  # fmt: skip
            assert await peer.ask(f"PUSHB {json.dumps(jobs)}") == b"{}"
            await asyncio.sleep(_EACH / RATE)


async def _work(faktory: Faktory, wid: str) -> None:
    async with faktory.peer(wid) as peer:
        for number in itertools.count():
            job = await peer.fetch("work")
            if job is None:
                continue
            if number % 20 == 0:
                failure = {
                    "jid": job["jid"],
                    "errtype": "Refused",
                    "message": "card",
                    "backtrace": [],
                }
                assert await peer.ask(f"FAIL {json.dumps(failure)}") == "+OK"
            else:
                assert await peer.ask(f"ACK {json.dumps({'jid': job['jid']})}") == "+OK"
            if number % 100 == 0:
                await peer.ask(f"BEAT {json.dumps({'wid': wid})}")


async def _tell(faktory: Faktory, told: list[Told]) -> None:
    async with faktory.peer() as peer:
        while True:
            began = time.time()
            info = (await peer.info())["faktory"]
            told.append(Told(began, time.time(), info["total_processed"], info["total_failures"]))
            await asyncio.sleep(0.2)


async def _restart(faktory: Faktory) -> None:
    while True:
        await asyncio.sleep(SECONDS / _RESTARTS)
        await faktory.end()
        await asyncio.sleep(1)
        await faktory.start()


async def _compare(
    client: httpx.AsyncClient, told: list[Told], wrong: list[str], counts: list[int]
) -> None:
    """Hold the totals of the state against INFO, from before and after, for ever."""
    while True:
        asked = time.time()
        answer = await client.get(f"{API}state")
        answered = time.time()
        shown = answer.json() if answer.status_code == 200 else {}
        if "age" in shown:
            at = asked - shown["age"] - ROUNDING
            before = [one for one in told if one.ended <= at]
            while not (after := [one for one in told if one.began >= answered]):
                await asyncio.sleep(0.05)
            for name in ("processed", "failures"):
                least = getattr(before[-1], name) if before else 0
                most = getattr(after[0], name)
                if not least <= shown[name] <= most:
                    wrong.append(f"{name}: {shown[name]}, INFO {least} to {most}")
            counts[0] += 1
        await asyncio.sleep(0.3)


@contextlib.asynccontextmanager
async def _console(faktory: Faktory, how: str, log: Path) -> AsyncIterator[httpx.AsyncClient]:
    redis = ("--redis", f"unix://{faktory.redis}") if how == "redis" else ()
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "glasshouse", "serve", "--listen", "127.0.0.1:0"),
            *("--server", f"tcp://127.0.0.1:{faktory.port}"),
            *("--web", f"http://127.0.0.1:{faktory.web}", *redis),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdout is not None
        try:
            url = json.loads(await asyncio.wait_for(process.stdout.readline(), LONG))["console"]
            async with httpx.AsyncClient(base_url=url, timeout=LONG) as client:
                yield client
        finally:
            process.terminate()
            await process.wait()


async def _filled(faktory: Faktory) -> None:
    async with faktory.peer() as peer:
        for start in range(0, WAITING, 500):
            jobs = [
                {"jid": f"bulk-{number:05}", "jobtype": "Bulk", "queue": "bulk", "args": [number]}
                for number in range(start, start + 500)
            ]
            assert await peer.ask(f"PUSHB {json.dumps(jobs)}") == b"{}"


@pytest.mark.parametrize("how", ["ports", "redis"])
async def test_what_is_shown_is_what_faktory_says(tmp_path: Path, how: str) -> None:
    known, told, wrong, compared = Known(), list[Told](), list[str](), [0]
    samples, log = Samples(known), tmp_path / "log"
    # A socket's name is short.
    with tempfile.TemporaryDirectory(prefix="f", ignore_cleanup_errors=True) as folder:
        faktory = Faktory(Path(folder))
        await faktory.start()
        tasks: list[asyncio.Task[None]] = []
        try:
            await _filled(faktory)
            async with _console(faktory, how, log) as client:
                works = [
                    lambda: _number(faktory, known),
                    lambda: _produce(faktory),
                    lambda: _tell(faktory, told),
                    *(lambda n=n: _work(faktory, f"worker-{n}") for n in range(WORKERS)),
                ]
                tasks = [asyncio.create_task(_again(work)) for work in works]
                tasks.append(asyncio.create_task(samples.follow(client, LIVE)))
                tasks.append(asyncio.create_task(_compare(client, told, wrong, compared)))
                looks = {**LOOKS, **READY}
                async with asyncio.timeout(LONG):
                    await samples.look(client, looks, lambda: samples.saw((*LOOKS, "live")))
                tasks.append(asyncio.create_task(_restart(faktory)))
                until = time.monotonic() + SECONDS
                await samples.look(client, looks, lambda: time.monotonic() > until)
                for task in tasks:
                    assert not task.done(), task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await faktory.end()
            await servers.end_redis(faktory.redis)
    print(samples.summary(), f"compared with INFO: {compared[0]}, wrong: {len(wrong)}", sep="\n")
    assert (samples.wrong + wrong)[:20] == []
    assert compared[0] > 0
    assert b"Traceback" not in log.read_bytes()
