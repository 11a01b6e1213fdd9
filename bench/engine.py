"""The embedded server's job rate with fsync on, against itself with fsync off."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

from glasshouse.engine.run import Timers
from tests.engine.peer import Peer, running

JOBS = 10_000
QUIET = Timers(due=5, reap=15, status=1)


async def _push(peer: Peer, name: str, count: int) -> None:
    for number in range(count):
        job = {"jid": f"{name}-{number:08}", "jobtype": "Bench", "args": [number, "text", {"a": 1}]}
        assert await peer.ask(f"PUSH {json.dumps({**job, 'queue': f'q{number % 5}'})}") == "+OK"


async def _work(peer: Peer, left: list[int]) -> None:
    while left[0] > 0:
        job = await peer.fetch("q0", "q1", "q2", "q3", "q4")
        if job is None:
            continue
        left[0] -= 1
        verb = "FAIL" if left[0] % 100 == 0 else "ACK"
        assert await peer.ask(f'{verb} {{"jid":"{job["jid"]}"}}') == "+OK"


async def rate(connections: int, synchronous: str) -> float:
    """Return jobs pushed, fetched and acknowledged per second."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), timers=QUIET, synchronous=synchronous) as engine:
            peers = [await engine.peer() for _ in range(connections)]
            half = connections // 2
            left = [JOBS // half * half]
            start = time.perf_counter()
            await asyncio.gather(
                *(_push(peer, f"p{n}", JOBS // half) for n, peer in enumerate(peers[:half])),
                *(_work(peer, left) for peer in peers[half:]),
            )
            return JOBS / (time.perf_counter() - start)


async def measure() -> list[dict[str, object]]:
    """Measure with 10 and 50 connections; clients share the process and its core."""
    rows: list[dict[str, object]] = []
    for connections in (10, 50):
        durable = await rate(connections, "FULL")
        careless = await rate(connections, "OFF")
        rows += [
            {"name": f"jobs a second, {connections} connections", "value": round(durable),
             "unit": "jobs/s"},
            {"name": "  the same with fsync off, ratio on/off", "unit": "x",
             "value": round(durable / careless, 2)},
        ]  # fmt: skip
    return rows
