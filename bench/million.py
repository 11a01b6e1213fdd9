"""A million waiting jobs: memory, how long a start takes, and rates against a short queue's."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from bench import servers

JOBS, FEW = 1_000_000, 1_000
LINE = 1_000
LOAD = 20_000
CONNECTIONS = (10, 50)
TURNS = 3


async def _fill(port: int, jobs: int) -> None:
    """Push into the load's own five queues, so that its workers fetch these."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b'HELLO {"v":2}\r\n')
    await reader.readline()
    for first in range(0, jobs, LINE):
        line = [
            {"jid": f"fill-{n:010}", "jobtype": "Bench", "queue": f"q{n % 5}",
             "args": [n, "some text", {"a": 1}]}
            for n in range(first, min(jobs, first + LINE))
        ]  # fmt: skip
        writer.write(b"PUSHB " + msgspec.json.encode(line) + b"\r\n")
        assert await reader.readline() == b"$2\r\n"
        await reader.readline()
    writer.close()


async def _run(folder: Path, jobs: int) -> tuple[float, float, float, list[float]]:
    """Return (MB after filling, MB after a start, seconds of the start, jobs a second)."""
    async with servers.engine(folder) as server:
        await _fill(server.port, jobs)
        filled = server.rss_mb()
    start = time.perf_counter()
    async with servers.engine(folder) as server:
        took = time.perf_counter() - start
        started = server.rss_mb()
        rates = [
            statistics.median([await servers.load(server.port, n, LOAD) for _ in range(TURNS)])
            for n in CONNECTIONS
        ]
        return filled, max(started, server.rss_mb()), took, rates


async def measure() -> list[dict[str, object]]:
    """Measure with a million jobs and with a thousand."""
    with tempfile.TemporaryDirectory() as folder:
        *_, few = await _run(Path(folder) / "few", FEW)
        filled, started, took, many = await _run(Path(folder) / "many", JOBS)
    return [
        {"name": "1,000,000 jobs: memory after pushing them", "value": round(filled),
         "unit": "MB", "goal": "< 250"},
        {"name": "1,000,000 jobs: memory after a start, under load", "value": round(started),
         "unit": "MB", "goal": "< 250"},
        {"name": "1,000,000 jobs: a start takes", "value": round(took, 2), "unit": "s",
         "goal": "< 3"},
        *(
            {"name": f"1,000,000 jobs: rate against 1,000, {connections} connections",
             "value": round(with_many / with_few, 2), "unit": "ratio", "goal": "> 0.8"}
            for connections, with_many, with_few in zip(CONNECTIONS, many, few, strict=True)
        ),
    ]  # fmt: skip
