"""The embedded server's job rate with fsync on: against fsync off, and against real Faktory.

Clients (``bench.load``) and servers are processes of their own. What is
compared is run in turns, and medians are compared. Real Faktory, which does not
fsync, takes part where the environment's FAKTORY names its program.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
from pathlib import Path

from bench import servers

JOBS = 20_000
TURNS = 5
GOALS = {10: 1.5, 50: 3.0}


async def _rate(kind: str, connections: int) -> float:
    binary = os.environ.get("FAKTORY", "")
    with tempfile.TemporaryDirectory() as folder:
        run = (
            servers.faktory(binary)
            if kind == "faktory"
            else servers.engine(Path(folder) / "data", durable=kind == "durable")
        )
        async with run as server:
            return await servers.load(server.port, connections, JOBS)


async def measure() -> list[dict[str, object]]:
    """Measure with 10 and 50 connections."""
    kinds = ["durable", "careless", *(["faktory"] if os.environ.get("FAKTORY") else [])]
    rows: list[dict[str, object]] = []
    for connections, goal in GOALS.items():
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(TURNS):
            for kind in kinds:
                rates[kind].append(await _rate(kind, connections))
        rows += _rows(connections, goal, {k: statistics.median(v) for k, v in rates.items()})
    return rows


def _rows(connections: int, goal: float, rate: dict[str, float]) -> list[dict[str, object]]:
    name = f"engine, {connections} connections"
    rows: list[dict[str, object]] = [
        {"name": f"{name}: jobs a second", "value": round(rate["durable"]), "unit": "jobs/s"},
        {"name": f"{name}: against fsync off",
         "value": round(rate["durable"] / rate["careless"], 2), "unit": "ratio"},
    ]  # fmt: skip
    if "faktory" in rate:
        rows += [
            {"name": f"Faktory, {connections} connections: jobs a second",
             "value": round(rate["faktory"]), "unit": "jobs/s"},
            {"name": f"{name}: against Faktory",
             "value": round(rate["durable"] / rate["faktory"], 2), "unit": "ratio",
             "goal": f"> {goal}"},
        ]  # fmt: skip
    return rows


if __name__ == "__main__":
    print(asyncio.run(measure()))
