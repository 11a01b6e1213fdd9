"""A thousand open event streams while jobs move: processor, memory, and how late an update is.

An engine and a console as processes; the viewers are a process of their own
(``python -m bench.streams PORT COUNT``), plain sockets over HTTP/1.1. A load
pushes, fetches and acknowledges, so that every page changes all the time. Once
a second a job is scheduled: how long it takes until each stream has shown the
new number of scheduled jobs is how late an update is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import uvloop

from bench import servers
from bench.fwp import Client

STREAMS = 1_000
SECONDS = 30.0
SETTLE = 5.0
JOBS_A_SECOND = 40
QUEUES = 20
# Most look at the overview; the others at what somebody looks at in an incident.
TOPICS = ("",) * 6 + ("/queues", "/queues/q1", "/retries", "/busy")
_MARK = re.compile(rb'data-scheduled=\\"([0-9,]+)')
_FAR = "2099-01-01T00:00:00Z"


class Viewer(asyncio.Protocol):
    """One stream: counts its updates, and notes when it saw each number of scheduled jobs."""

    def __init__(self, port: int, topic: str) -> None:
        """Look at ``topic``."""
        self._request = (
            f"GET /main/live?lang=en&topic=/main{topic} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
        )
        self._tail = b""
        self.opened = False
        self.updates = self.ticks = self.bytes = 0
        self.seen: dict[int, float] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast("asyncio.Transport", transport).write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        """Count what came."""
        self.bytes += len(data)
        if not self.opened:
            assert data.startswith(b"HTTP/1.1 200 "), data
            self.opened = True
        # A word may be cut in two by the end of what was read.
        text = self._tail + data
        self._tail = text[-64:]
        old = len(text) - len(data)
        self.ticks += text.count(b"event: tick", max(0, old - 10))
        self.updates += text.count(b"event: fragment", max(0, old - 14))
        self.updates += text.count(b"event: patch", max(0, old - 11))
        for found in _MARK.findall(text):
            self.seen.setdefault(int(found.replace(b",", b"")), time.time())


async def _view(port: int, count: int) -> None:
    """Open the streams, say so, and at the end of stdin report what they saw."""
    loop = asyncio.get_running_loop()
    viewers = [Viewer(port, TOPICS[number % len(TOPICS)]) for number in range(count)]
    for viewer in viewers:
        await loop.create_connection(lambda viewer=viewer: viewer, "127.0.0.1", port)  # type: ignore[misc]
    while not all(viewer.opened for viewer in viewers):  # noqa: ASYNC110 - once, at the start
        await asyncio.sleep(0.05)
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    for line in ("begin", "end"):
        print(line, flush=True)
        await stdin.readline()
        if line == "begin":
            for viewer in viewers:
                viewer.updates = viewer.ticks = viewer.bytes = 0
                viewer.seen.clear()
    report = [
        {"updates": v.updates, "ticks": v.ticks, "bytes": v.bytes, "seen": v.seen} for v in viewers
    ]
    print(json.dumps(report), flush=True)


async def move_jobs(port: int) -> None:
    """Push, fetch and acknowledge, one job in ten fails, until cancelled."""
    client = await Client.connect(port, wid="bench-worker")
    for number in range(10**9):
        jid = f"work-{number:010}"
        await client.push(jid, queue=f"q{number % QUEUES}", args=[number, "some text"])
        fetched = await client.ask(f"FETCH q{number % QUEUES}")
        jid = json.loads(fetched)["jid"]
        fails = {"jid": jid, "errtype": "Oops", "message": "no", "backtrace": ["a"]}
        verb = f"FAIL {json.dumps(fails)}" if number % 10 == 0 else f'ACK {{"jid":"{jid}"}}'
        await client.ask(verb)
        await asyncio.sleep(1 / JOBS_A_SECOND)


async def _fill(port: int) -> None:
    client = await Client.connect(port)
    for number in range(QUEUES * 50):
        await client.push(f"fill-{number:010}", queue=f"q{number % QUEUES}", args=[number, "text"])
    client.close()


async def _marks(port: int, seconds: float) -> dict[int, float]:
    """Schedule a job each second; return when each number of scheduled jobs was reached."""
    client = await Client.connect(port)
    marks: dict[int, float] = {}
    for number in range(1, int(seconds) + 1):
        await client.push(f"mark-{number:06}", at=_FAR)
        marks[number] = time.time()
        # Not at the same moment of each second: the console paces itself too.
        await asyncio.sleep(0.93 + 0.14 * (number * 7 % 10) / 10)
    client.close()
    return marks


@contextlib.asynccontextmanager
async def viewers(port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process that opens the streams."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.streams", str(port), str(STREAMS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 28,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def begin(process: asyncio.subprocess.Process, *, settle: float) -> None:
    """Return when every stream is open, and what they see is counted from now on."""
    assert await _turn(process) == "begin"
    assert process.stdin is not None
    await asyncio.sleep(settle)
    process.stdin.write(b"\n")


async def _turn(process: asyncio.subprocess.Process) -> str:
    """Return the next line that the viewers print."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 120)).decode().strip()


async def measure() -> list[dict[str, object]]:
    """Measure the console with a thousand streams."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        async with servers.engine(folder) as engine, servers.console(folder) as console:
            await _fill(engine.port)
            work = asyncio.create_task(move_jobs(engine.port))
            try:
                async with viewers(console.port) as process:
                    await begin(process, settle=SETTLE)
                    assert process.stdin is not None
                    cpu, begun = console.cpu_seconds(), time.time()
                    marks = await _marks(engine.port, SECONDS)
                    took = time.time() - begun
                    cores = (console.cpu_seconds() - cpu) / took
                    assert await _turn(process) == "end"
                    process.stdin.write(b"\n")
                    report = json.loads(await _turn(process))
                    peak = console.peak_mb()
            finally:
                failed = work.done() and work.exception()
                work.cancel()
    assert not failed, failed
    return _rows(report, marks, took, cores, peak)


def _rows(
    report: list[dict[str, object]],
    marks: dict[int, float],
    took: float,
    cores: float,
    peak: float,
) -> list[dict[str, object]]:
    rates = sorted(cast("int", stream["updates"]) / took for stream in report)
    sent = sum(cast("int", stream["bytes"]) for stream in report)
    ages = sorted(
        age for stream in report for age in _ages(cast("dict[str, float]", stream["seen"]), marks)
    )
    name = f"{STREAMS:,} streams"
    rows: list[tuple[str, float, str, str]] = [
        ("the console's processor", round(cores, 2), "cores", "< 1"),
        ("the console's memory at its highest", round(peak), "MB", "< 300"),
        ("updates a second of each, the least", round(rates[0], 2), "/s", ""),
        ("updates a second of each, median", round(rates[len(rates) // 2], 2), "/s", ""),
        ("how late an update is, median", round(1000 * ages[len(ages) // 2]), "ms", ""),
        (
            "how late an update is, 99th percentile",
            round(1000 * ages[int(len(ages) * 0.99)]),
            "ms",
            "",
        ),
        ("sent to all", round(sent / took / 1e6, 1), "MB/s", ""),
    ]
    return [
        {"name": f"{name}: {label}", "value": value, "unit": unit}
        | ({"goal": goal} if goal else {})
        for label, value, unit, goal in rows
    ]


def _ages(seen: dict[str, float], marks: dict[int, float]) -> list[float]:
    """Return how late each mark was seen; the last two may not have come yet."""
    times = {int(number): at for number, at in seen.items()}
    ages = []
    for number, at in list(marks.items())[:-2]:
        # A number that was never shown was overtaken by a later one.
        first = min((when for other, when in times.items() if other >= number), default=None)
        ages.append(float("inf") if first is None else first - at)
    return [min(age, 1e6) for age in ages]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_view(int(sys.argv[1]), int(sys.argv[2])))
