"""Operations: a hundred thousand dead jobs retried while others look, and many small ones at once.

The bulk: 100,000 jobs become dead and are retried through the console's API, by preview and
agreement, while strangers look at pages. Memory is the console's, before and at its peak. The
small ones: 64 at a time, each a queue paused or resumed, with its two records on the disk.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench import servers
from bench.answers import rank
from bench.fwp import Client
from bench.servers import Server
from glasshouse.control.control import Control
from glasshouse.control.requester import Requester
from glasshouse.identity import passwords
from glasshouse.ledger.record import Subject
from glasshouse.model.access import Actor, Context
from glasshouse.model.operation import Operation
from glasshouse.model.request import OperationRequest
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.upstream.embedded_operator import EmbeddedOperator

JOBS, LINE = 100_000, 1_000
FAR = "2040-01-01T00:00:00Z"
AT_ONCE, SECONDS = 64, 8.0
READERS, PAGES = 4, ("/main", "/main/dead", "/main/queues", "/main/scheduled", "/main/busy")
PASSWORD = "correct horse"
API = "/api/v1/servers/main/operations"
_PAUSE = 0.01
_SETTINGS = """
[roles.boss]
inherits = "viewer"
allow = ["*"]
factor_age = "none"

[[servers]]
name = "main"
engine = "{engine}"
"""


async def measure() -> list[dict[str, object]]:
    """Measure the bulk, then the small ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with servers.engine(folder / "engine") as engine:
            await _fill(engine.port)
            _person(folder / "state")
            config = folder / "glasshouse.toml"
            config.write_text(_SETTINGS.format(engine=folder / "engine"))
            named = ("-c", str(config), "--state", str(folder / "state"))
            async with servers.serving(*named) as console:
                connector = aiohttp.TCPConnector(limit=AT_ONCE)
                auth = aiohttp.BasicAuth("ops", PASSWORD)
                async with aiohttp.ClientSession(
                    console.url, connector=connector, auth=auth
                ) as session:
                    rows = await _bulk(console, session) + await _small(session)
            return rows + await _control(folder)


async def _fill(port: int) -> None:
    client = await Client.connect(port)
    for first in range(0, JOBS, LINE):
        await client.push_all(
            {"jid": f"fill-{n:010}", "jobtype": "ChargeOrder", "queue": f"q{n % 5}", "at": FAR,
             "args": [{"order_id": n, "customer": f"customer-{n % 977}", "note": "x" * 100}]}
            for n in range(first, first + LINE)
        )  # fmt: skip
    for n in range(AT_ONCE):
        await client.push(f"small-{n:06}", queue=f"small-{n}")
    client.close()


def _person(state: Path) -> None:
    database = Database(sqlite_url(state))
    stored = passwords.hashed(PASSWORD, secrets.token_bytes(passwords.SALT_BYTES))
    account = Account(name="ops", password=stored, role="boss", created_at=time.time())
    database.call(accounts.add, account)
    database.close()


async def _bulk(console: Server, session: aiohttp.ClientSession) -> list[dict[str, object]]:
    quiet = asyncio.create_task(_look(console.url, asyncio.sleep(4)))
    alone = await quiet
    await _done(session, {"operation": "job.kill", "set": "scheduled", "query": ""})
    before = console.rss_mb()
    begun = time.perf_counter()
    looked = await _look(
        console.url, _done(session, {"operation": "job.retry", "set": "dead", "query": ""})
    )
    took = time.perf_counter() - begun
    return [
        {"name": "retry of 100,000 dead jobs, preview and all", "value": round(took, 1),
         "unit": "s", "goal": "< 30"},
        {"name": "the console's memory before", "value": round(before, 1), "unit": "MB"},
        {"name": "at its peak, over that", "value": round(console.peak_mb() - before, 1),
         "unit": "MB"},
        {"name": "others' pages meanwhile: 95th percentile", "value": round(rank(looked, 0.95), 1),
         "unit": "ms", "goal": "< 100"},
        {"name": "the same before: 95th percentile", "value": round(rank(alone, 0.95), 1),
         "unit": "ms"},
        {"name": "pages that were looked at meanwhile", "value": len(looked), "unit": "pages"},
    ]  # fmt: skip


async def _done(session: aiohttp.ClientSession, order: dict[str, Any]) -> None:
    """Look at a preview, agree, and wait for the end."""
    async with session.post(API + "/preview", json=order) as answer:
        told = await answer.json()
        assert told["count"] == JOBS, told
    async with session.post(API, json={**order, "preview": told["preview"]}) as answer:
        told = await answer.json()
        assert answer.status in {200, 202}, told
    while told.get("outcome") is None:
        await asyncio.sleep(0.2)
        async with session.get(f"/api/v1/operations/{told.get('operation')}") as answer:
            found = await answer.json()
            told = {"operation": found["id"], "outcome": found.get("outcome")}
            if found.get("outcome"):
                assert (found["outcome"], found["done"]) == ("done", JOBS), found


async def _look(url: str, until: Any) -> list[float]:
    """Look at pages until something has ended; return how long each took (ms)."""
    ended = asyncio.create_task(until)
    async with aiohttp.ClientSession(url) as session:
        found = await asyncio.gather(*(_reader(session, n, ended) for n in range(READERS)))
    await ended
    return [ms for some in found for ms in some]


async def _reader(
    session: aiohttp.ClientSession, number: int, ended: asyncio.Task[None]
) -> list[float]:
    took: list[float] = []
    while not ended.done():
        begun = time.perf_counter()
        async with session.get(PAGES[(number + len(took)) % len(PAGES)]) as answer:
            await answer.read()
            assert answer.ok
        took.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(_PAUSE)
    return took


async def _control(folder: Path) -> list[dict[str, object]]:
    """Measure the control by itself: no HTTP, and nobody else on the processor but the server."""
    actor = Actor(name="local:ops", roles=("boss",))
    rules = Rules(roles=resolve({"boss": RoleTable(allow=("*",), factor_age="none")}))
    requester = Requester(
        who=Subject(name=actor.name, roles=actor.roles),
        visibility=rules.visibility(actor, "main", Context()),
        decide=lambda operation, target: rules.decide(actor, operation, target, Context()),
        globs=("*",),
    )
    database = Database(sqlite_url(folder / "desk"))
    control = Control(database=database, operators={"main": EmbeddedOperator(folder / "engine")})
    # Its tables are made before anything is counted.
    await database.run(lambda _connection: None)
    until = time.perf_counter() + SECONDS

    async def clicks(number: int) -> int:
        count = 0
        while time.perf_counter() < until:
            what = Operation.QUEUE_RESUME if count % 2 else Operation.QUEUE_PAUSE
            order = OperationRequest(operation=what, queue=f"small-{number}")
            assert (await control.perform(requester, "main", order)).running.outcome == "done"
            count += 1
        return count

    counts = await asyncio.gather(*(clicks(number) for number in range(AT_ONCE)))
    await control.close()
    database.close()
    return [
        {"name": "the same by the desk itself, without HTTP",
         "value": round(sum(counts) / SECONDS), "unit": "/s", "goal": ">= 500"},
    ]  # fmt: skip


async def _small(session: aiohttp.ClientSession) -> list[dict[str, object]]:
    until = time.perf_counter() + SECONDS
    found = await asyncio.gather(*(_clicks(session, n, until) for n in range(AT_ONCE)))
    took = [ms for some in found for ms in some]
    return [
        {"name": "single operations a second over HTTP, two synced records each",
         "value": round(len(took) / SECONDS), "unit": "/s", "goal": ">= 500"},
        {"name": "each of them: 95th percentile", "value": round(rank(took, 0.95), 1),
         "unit": "ms"},
    ]  # fmt: skip


async def _clicks(session: aiohttp.ClientSession, number: int, until: float) -> list[float]:
    took: list[float] = []
    while (begun := time.perf_counter()) < until:
        what = "queue.resume" if len(took) % 2 else "queue.pause"
        order = {"operation": what, "queue": f"small-{number}"}
        async with session.post(API, json=order) as answer:
            told = await answer.json()
            assert told.get("outcome") == "done", told
        took.append((time.perf_counter() - begun) * 1000)
    return took
