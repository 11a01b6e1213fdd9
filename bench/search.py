"""A million dead jobs: how long the index takes to be made, and a search in it.

The jobs are written into the embedded server's store as it would hold them, with the
engine not running: what is measured is reading and indexing them.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.servers import Server
from glasshouse.engine import schema
from glasshouse.engine.lock import FolderLock
from glasshouse.model.job import JobState
from glasshouse.model.jobquery import parse_query
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_scan import EmbeddedScanner

JOBS = 1_000_000
TURNS = 20
_SOME = 10_000
_TYPES = ("SendEmail", "ChargeOrder", "Resize::Image", "Sync_Inventory", "billing.Invoice")
_ERRORS = ("Net::TimeoutError", "KeyError", "psycopg.OperationalError")
_INSERT = (
    "INSERT INTO job (state, score, queue, jid, jobtype, retry, reserve_for, payload)"
    " VALUES (?, ?, 'mail', ?, ?, 25, 1800, ?)"
)
SEARCHES = (
    "timeout", "db-42.internal", "user123456@example.com", "KeyError db-7", "refused by nobody",
    "error:KeyError type:SendEmail", "error:timeout after:2026-11-20", "type:Resize*",
    "args.1.order_id:1234567", "args.**.email:user99*", "jid:00ff*", "before:2026-11-03 charge",
)  # fmt: skip


def _job(number: int, chance: random.Random) -> tuple[object, ...]:
    jid, kind = f"{chance.getrandbits(96):024x}", chance.choice(_TYPES)
    day = chance.randrange(1, 28)
    payload = {
        "jid": jid, "queue": "mail", "jobtype": kind,
        "args": [number, {"order_id": chance.randrange(10**7),
                          "email": f"user{chance.randrange(10**6)}@example.com"}],
        "created_at": "2026-11-01T05:46:44.123456Z", "retry": 25,
        "failure": {
            "retry_count": 3, "failed_at": f"2026-11-{day:02}T05:46:44Z",
            "errtype": chance.choice(_ERRORS),
            "message": f"could not reach db-{chance.randrange(100)}.internal in 5000 ms",
            "backtrace": [f"app/mail.rb:{chance.randrange(900)}:in `call'" for _ in range(3)],
        },
    }  # fmt: skip
    state = schema.STATE_NUMBERS[JobState.DEAD]
    return (state, 2e9 + number / 10, jid, kind, json.dumps(payload).encode())


def _jobs(count: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(1)
    return (_job(number, chance) for number in range(count))


def _fill(folder: Path, count: int) -> None:
    db = schema.open_writer(folder, synchronous="OFF")
    jobs = _jobs(count)
    while some := list(islice(jobs, _SOME)):
        with db:
            db.executemany(_INSERT, some)
    number = schema.STATE_NUMBERS[JobState.DEAD]
    db.execute("INSERT INTO tally VALUES (?, ?)", (f"size:{number}", count))
    db.close()


async def _until_whole(server: ServerMonitor) -> None:
    # Asked from outside, as a page asks.
    while (told := server.coverage()) is None or told.age is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def _search(server: ServerMonitor, line: str) -> list[float]:
    """Return how long some searches took, each of them not asked before."""
    took: list[float] = []
    for turn in range(TURNS):
        wanted = parse_query(line, time.time())
        assert wanted is not None
        began = time.perf_counter()
        # Another size each time: nothing is told from memory.
        await server.search(wanted, start=None, per_page=25 + turn)
        took.append(time.perf_counter() - began)
    return took


async def measure(count: int = JOBS) -> list[dict[str, object]]:
    """Measure making the index and searching it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fill(folder, count)
        lock, reader = FolderLock(folder), EmbeddedReader(folder)
        server = ServerMonitor("main", reader, clock=time.time, scanner=EmbeddedScanner(folder))
        began = time.perf_counter()
        tasks = [asyncio.create_task(server.run()), asyncio.create_task(_beat(lock))]
        await _until_whole(server)
        built = time.perf_counter() - began
        took = [t for line in SEARCHES for t in await _search(server, line)]
        memory = Server(0, os.getpid()).rss_mb()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        lock.close()
    ranked = sorted(took)
    return [
        {"name": f"{count:,} dead jobs: index made in", "value": round(built, 1), "unit": "s",
         "goal": "< 120"},
        {"name": f"{count:,} dead jobs: search, 95th percentile",
         "value": round(1000 * ranked[int(len(ranked) * 0.95)], 1), "unit": "ms", "goal": "< 200"},
        {"name": f"{count:,} dead jobs: search, median",
         "value": round(1000 * statistics.median(took), 1), "unit": "ms"},
        {"name": f"{count:,} dead jobs: memory with the index", "value": round(memory),
         "unit": "MB"},
    ]  # fmt: skip


async def _beat(lock: FolderLock) -> None:
    """Keep the folder's lock alive, as an engine does."""
    while True:
        lock.touch()
        await asyncio.sleep(1)
