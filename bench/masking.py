"""A page of 25 jobs with 3,000 hidden values each: how long the loop stands still for it.

The console runs on this process's loop, over a data folder as an engine leaves it, and a
beat on the same loop tells when it was late. The page is asked for by somebody who sees
none of the values, then again by many; beside it, the same page without anything hidden.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from glasshouse.cli.loop import run
from glasshouse.model.job import JobState
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.web.app import create_app
from glasshouse.web.request.authenticator import OpenGate
from tests.upstream.store import NOW, put, storing
from tests.web.fakes import ASSETS

JOBS, VALUES = 25, 3_000
ROUNDS = 3
_BEAT = 0.001


def _payload(job: int, turn: int) -> bytes:
    values = [f"tok-{turn}-{job:02}-{value:05}-{value * 7919:08x}" for value in range(VALUES)]
    return json.dumps({
        "jid": f"job-{job}", "jobtype": "Bench", "queue": "bench",
        "args": [{"token": value, "id": number} for number, value in enumerate(values)],
        "failure": {
            "errtype": "Denied", "message": f"401 for {values[-1]}",
            "backtrace": [f"at /x?token={value}" for value in values[:30]],
        },
    }).encode()  # fmt: skip


class _Beat:
    """A beat on the loop: how late it was at the most, and what the process did meanwhile.

    The second is the same on a machine that has other things to do as well.
    """

    def __init__(self) -> None:
        self.late = self.worked = 0.0

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            begun, before = time.perf_counter(), time.process_time()
            await asyncio.sleep(_BEAT)
            self.late = max(self.late, time.perf_counter() - begun - _BEAT)
            self.worked = max(self.worked, time.process_time() - before)


@contextlib.asynccontextmanager
async def _beating() -> AsyncIterator[_Beat]:
    beat = _Beat()
    task = asyncio.create_task(beat.run())
    try:
        yield beat
    finally:
        task.cancel()


@contextlib.asynccontextmanager
async def _client(folder: Path, hidden: tuple[str, ...]) -> AsyncIterator[httpx.AsyncClient]:
    async with storing(folder) as (db, reader):
        for job in range(JOBS):
            put(db, JobState.DEAD, NOW + job, f"job-{job}", payload=_payload(job, 0))
        monitor = Monitor({"main": ServerMonitor("main", reader, clock=lambda: NOW)})
        table = RoleTable(see=("queues:*",), redact=hidden)
        rules = Rules(roles=resolve({"looks": table}), anonymous="looks")
        app = create_app(monitor, clock=lambda: NOW, assets=ASSETS, gate=OpenGate(rules))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house")
        async with monitor.running(), client:
            yield client


async def _asked(hidden: tuple[str, ...], path: str) -> tuple[float, float, float]:
    """Return the seconds that the page took, and the longest stall, at the best of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            async with _client(Path(name), hidden) as client, _beating() as beat:
                await asyncio.sleep(0.1)
                beat.late = beat.worked = 0.0
                begun = time.perf_counter()
                answer = await client.get(path)
                rounds.append((time.perf_counter() - begun, beat.late, beat.worked))
                assert answer.is_success, answer.text[:200]
                assert ("tok-" in answer.text) is not bool(hidden)
    took, late, worked = zip(*rounds, strict=True)
    return min(took), min(late), min(worked)


async def measure() -> list[dict[str, object]]:
    """Measure the list and its JSON, hidden and not."""
    rows: list[dict[str, object]] = []
    for path in ("/main/dead", "/api/v1/servers/main/sets/dead/jobs"):
        for hidden in (("args.**.token",), ()):
            took, late, worked = await asyncio.to_thread(run, _asked(hidden, path))
            what = f"{VALUES:,} hidden values each" if hidden else "nothing hidden"
            label = f"{JOBS} jobs, {what}: {path}"
            stall: dict[str, object] = {
                "name": f"{label}, longest stall", "value": round(late * 1000, 1), "unit": "ms",
            }  # fmt: skip
            rows += [
                stall | {"goal": "< 20"} if hidden else stall,
                {"name": f"{label}, work in it", "value": round(worked * 1000, 1), "unit": "ms"},
                {"name": label, "value": round(took * 1000), "unit": "ms"},
            ]
    return rows
