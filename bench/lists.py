"""A million jobs in a set: how long the server takes for a page, at its head, deep down, moving.

One connection asks, page after page, each another one, so that nothing is told
from memory; then again while jobs are pushed into the set and out of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bench import answers, servers

JOBS = 1_000_000
LINE = 1_000
PAGES = 200
DEEP = 30_000
SEARCHES = 10
MOVES = 50
"""Jobs that come and go in a second meanwhile."""


class _Engine:
    """A connection to the work server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> _Engine:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        await client._reader.readline()
        await client.ask(b'HELLO {"v":2}')
        return client

    async def ask(self, command: bytes) -> None:
        self._writer.write(command + b"\r\n")
        line = await self._reader.readline()
        assert not line.startswith(b"-"), line
        if line.startswith(b"$"):
            await self._reader.readline()

    def close(self) -> None:
        self._writer.close()


def _job(number: int, begin: datetime) -> dict[str, object]:
    # Due in an order that has nothing to do with the order of pushing.
    due = begin + timedelta(seconds=(number * 7919) % JOBS)
    return {
        "jid": f"fill-{number:010}", "jobtype": "Bench", "queue": f"q{number % 5}",
        "at": due.isoformat().replace("+00:00", "Z"),
        "args": [{"order_id": number, "customer": f"user{number}@example.com"}, "some text"],
    }  # fmt: skip


async def _fill(client: _Engine) -> None:
    begin = datetime.now(UTC) + timedelta(days=1)
    for first in range(0, JOBS, LINE):
        line = [_job(number, begin) for number in range(first, first + LINE)]
        await client.ask(b"PUSHB " + msgspec.json.encode(line))


async def _moves(port: int) -> None:
    """Push into the head of the set and let jobs run out of it, until cancelled."""
    client = await _Engine.connect(port)
    for number in range(10**9):
        due = datetime.now(UTC) + timedelta(seconds=2 + number % 40)
        job = _job(number, due) | {"jid": f"move-{number:010}"}
        job["at"] = due.isoformat().replace("+00:00", "Z")
        await client.ask(b"PUSH " + msgspec.json.encode(job))
        await asyncio.sleep(1 / MOVES)


@contextlib.asynccontextmanager
async def _moving(port: int) -> AsyncIterator[None]:
    task = asyncio.create_task(_moves(port))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def measure() -> list[dict[str, object]]:
    """Measure pages of a set of a million jobs, and searches through it."""
    pages: dict[str, Callable[[int], str]] = {
        "page 1": lambda _: "/main/scheduled",
        f"page {DEEP:,} and on": lambda n: f"/main/scheduled?page={DEEP + n}",
        "page 20,000 and on (the middle)": lambda n: f"/main/scheduled?page={20_000 + n}",
        "from a time on": lambda n: (
            f"/main/scheduled?at={(datetime.now(UTC) + timedelta(days=9, minutes=n)):%Y-%m-%d}"
            f"T10:{n % 60:02}:00Z"
        ),
    }
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        async with servers.engine(folder) as engine, servers.console(folder) as console:
            client = await _Engine.connect(engine.port)
            await _fill(client)
            for label, path in pages.items():
                rows.append(_row(label, await answers.times(console.port, path, PAGES)))
            async with _moving(engine.port):
                for label, path in pages.items():
                    took = await answers.times(console.port, path, PAGES)
                    rows.append(_row(f"{label}, while jobs move", took))
            took = await answers.times(
                console.port, lambda n: f"/main/scheduled?q=user{999_999 - n}@", SEARCHES
            )
            rows.append({"name": "1,000,000 jobs: a word that is in one, median",
                         "value": round(took[len(took) // 2]), "unit": "ms"})  # fmt: skip
            client.close()
    return rows


def _row(label: str, took: list[float]) -> dict[str, object]:
    value = answers.rank(took, 0.95)
    return {"name": f"1,000,000 jobs: {label}, 95th percentile", "value": round(value, 1),
            "unit": "ms", "goal": "< 50"}  # fmt: skip
