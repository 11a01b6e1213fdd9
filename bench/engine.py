"""The embedded server's job rate with fsync on, against itself with fsync off.

The clients are a process of their own (``bench.load``); so is the server.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from glasshouse.engine.disk import Disk, PlainFile
from tests.engine.peer import running

JOBS = 10_000


class _Careless(PlainFile):
    """A file that is believed to be on the disk without asking."""

    def sync(self) -> None:
        """Do nothing."""


CARELESS = Disk(synchronous="OFF", log=_Careless)


async def rate(connections: int, disk: Disk | None = None) -> float:
    """Return jobs pushed, fetched and acknowledged per second."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), timers=None, disk=disk) as engine:
            load = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.load"),
                *(str(engine.port), str(connections), str(JOBS)),
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await asyncio.wait_for(load.communicate(), 120)
            return float(out)


async def measure() -> list[dict[str, object]]:
    """Measure with 10 and 50 connections."""
    rows: list[dict[str, object]] = []
    for connections in (10, 50):
        durable = await rate(connections)
        careless = await rate(connections, CARELESS)
        name = f"jobs a second, {connections} connections"
        rows += [
            {"name": name, "value": round(durable), "unit": "jobs/s"},
            {
                "name": "  fsync on against off",
                "value": round(durable / careless, 2),
                "unit": "ratio",
            },
        ]
    return rows
