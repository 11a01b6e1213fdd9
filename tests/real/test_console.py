"""A whole console over a real Faktory: each of its pages says what Faktory itself says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from glasshouse.app.remote import REMOTE, remote_reader
from glasshouse.faktory_ui.jobs import JobRow, read_job, read_queue, read_set, set_path
from glasshouse.faktory_ui.server import read_busy, read_history, read_queues
from glasshouse.model.job import JobSet
from glasshouse.model.versions import before
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.settings import RedisSettings, Secret, parse_faktory
from glasshouse.web.app import create_app
from tests.engine.peer import Peer
from tests.web.fakes import ASSETS

from .conftest import PASSWORD, Faktory

MARKUP = [1, "<b>&amp;</b>", {"order": 48_213, "note": "Zoë"}, None, True, 0.25]
API = "/api/v1/servers/main"


async def fill(faktory: Faktory) -> Peer:
    """Put jobs of every kind everywhere; return the worker that holds one."""
    peer, worker = await faktory.peer(), await faktory.peer("worker-<1>")
    for number in range(30):
        await peer.push(
            f"wait-{number:04}", jobtype="Wait", queue="mail.er", args=[number, *MARKUP]
        )
        at = f"2999-01-01T00:00:{number:02}Z"
        await peer.push(f"later-{number:04}", jobtype="Later", queue="q", at=at, args=MARKUP)
        for kind, retry in (("retry", 25), ("dead", -1)):
            jid = f"{kind}-{number:04}"
            await peer.push(jid, jobtype="Charge<T>", queue="f", retry=retry, args=MARKUP)
            await worker.fetch("f")
            failure = {"jid": jid, "errtype": "Card::Refused", "message": f"no <b> {jid}",
                       "backtrace": ["a.py:1", "b.py:2"]}  # fmt: skip
            assert await worker.ask(f"FAIL {json.dumps(failure)}") == "+OK"
    await peer.push("paused-0001", queue="stopped")
    assert await peer.ask("QUEUE PAUSE stopped") == "+OK"
    await peer.push("held-0001", jobtype="Hold", queue="h", args=MARKUP)
    await worker.fetch("h")
    return worker


@contextlib.asynccontextmanager
async def console(faktory: Faktory, how: str) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a console as the command line makes it."""
    made = parse_faktory(f"tcp://127.0.0.1:{faktory.port}", str(faktory.web.base_url))
    secret = Secret(PASSWORD)
    made = msgspec.structs.replace(
        made,
        password=secret,
        web_password=secret,
        redis=RedisSettings(path=faktory.redis) if how == "redis" else None,
    )
    reader, scanner, breaker = remote_reader(made)
    server = ServerMonitor(
        "main", reader, clock=time.time, pace=REMOTE, scanner=scanner, breaker=breaker
    )
    monitor = Monitor({"main": server})
    app = create_app(monitor, clock=time.time, assets=ASSETS)
    transport = httpx.ASGITransport(app)
    async with (
        monitor.running(),
        httpx.AsyncClient(transport=transport, base_url="http://h", timeout=30) as client,
    ):
        yield client
        app.close()


async def told(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(API + path)
    assert answer.status_code == 200, (path, answer.text)
    found: dict[str, Any] = answer.json()
    return found


async def rows_of(faktory: Faktory, name: JobSet) -> list[JobRow]:
    found: list[JobRow] = []
    for page in (1, 2):
        found += read_set(name, await faktory.page(f"{set_path(name)}?page={page}"))
    return found


@pytest.mark.parametrize("how", ["ports", "redis"])
async def test_every_page_says_what_faktory_says(faktory: Faktory, how: str) -> None:
    worker = await fill(faktory)
    answer = await worker.ask("INFO")
    assert isinstance(answer, bytes)
    info = json.loads(answer)
    async with console(faktory, how) as client:
        await _totals(faktory, client, info)
        aged = how == "redis" or not before(info["server"]["faktory_version"], 1, 9, 2)
        await _queues(faktory, client, aged=aged)
        for name in JobSet:
            await _set(faktory, client, name, whole=how == "redis")
        await _workers(faktory, client)
        await _history(faktory, client)
        await _search(client, info)
        await _dead_job(faktory, client)


def sizes(info: dict[str, Any]) -> dict[str, int]:
    """What Faktory says of its sets; before 1.9 it told them as tasks."""
    said = info["faktory"]
    tasks = {"retries": "Retries", "scheduled": "Scheduled", "dead": "Dead", "working": "Busy"}
    if "sets" in said:
        return {name: said["sets"][name] for name in tasks}
    return {name: said["tasks"][task]["size"] for name, task in tasks.items()}


async def _totals(faktory: Faktory, client: httpx.AsyncClient, info: dict[str, Any]) -> None:
    state, said = await told(client, "/state"), info["faktory"]
    assert state["version"] == info["server"]["faktory_version"]
    assert (state["processed"], state["failures"]) == (
        said["total_processed"], said["total_failures"],
    )  # fmt: skip
    for name, size in sizes(info).items():
        assert state[name] == size > 0, name
    assert state["enqueued"] == sum(said["queues"].values())
    page = unescape((await client.get("/main")).text)
    assert "Queue stopped is paused with 1 waiting." in page


async def _queues(faktory: Faktory, client: httpx.AsyncClient, *, aged: bool) -> None:
    own = read_queues(await faktory.page("/queues"))
    listed = (await told(client, "/queues"))["items"]
    assert [(q["name"], q["size"], q["paused"]) for q in listed] == [
        (queue.name, queue.size, queue.paused) for queue in own
    ]
    assert all(q["latency"] >= 0 if aged or not q["size"] else "latency" not in q for q in listed)
    # Faktory shows the newest first; what runs next is last there.
    rows = [*read_queue("mail.er", await faktory.page("/queues/mail.er?page=1"))[:25],
            *read_queue("mail.er", await faktory.page("/queues/mail.er?page=2"))]  # fmt: skip
    jobs = (await told(client, "/queues/mail.er/jobs?per_page=100"))["items"]
    for job, row in zip(jobs, reversed(rows), strict=True):
        assert {name: job[name] for name in json.loads(row.payload)} == json.loads(row.payload)
        assert job["state"] == "enqueued"
    page = unescape((await client.get("/main/queues/mail.er")).text)
    assert page.index("wait-0000") < page.index("wait-0024")


async def _set(faktory: Faktory, client: httpx.AsyncClient, name: JobSet, *, whole: bool) -> None:
    own = await rows_of(faktory, name)
    listed = await told(client, f"/sets/{name.value}/jobs?per_page=100")
    jobs = listed["items"][::-1] if name is JobSet.DEAD else listed["items"]
    assert listed["total"] == len(own) == 30
    for job, row in zip(jobs, own, strict=True):
        assert (job["key"], job["jid"], job["jobtype"], job["queue"]) == (
            row.key, row.jid, row.jobtype, row.queue,
        )  # fmt: skip
        assert row.args.items is not None
        assert job["args"] == [json.loads(item) for item in row.args.items] == MARKUP
        assert ("partial" in job) is not whole
        if row.failure is not None:
            kind, message = row.failure.parts
            assert (job["failure"]["errtype"], job["failure"]["message"]) == (kind, message)
    page = unescape((await client.get(f"/main/{name.value}")).text)
    shown = own[::-1] if name is JobSet.DEAD else own
    assert page.index(shown[0].jid) < page.index(shown[24].jid)
    assert shown[25].jid not in page


async def _workers(faktory: Faktory, client: httpx.AsyncClient) -> None:
    busy = read_busy(await faktory.page("/busy"))
    workers = (await told(client, "/workers"))["items"]
    assert [
        (w["wid"], w["hostname"], w["pid"], tuple(w["labels"]), w["busy"]) for w in workers
    ] == [(w.wid, w.hostname, w.pid, w.labels, w.busy) for w in busy.workers]
    held = (await told(client, "/sets/working/jobs"))["items"]
    assert [(job["jid"], job["wid"], job["queue"], job["args"]) for job in held] == [
        (row.jid, row.wid, row.queue, MARKUP) for row in busy.reservations
    ]
    assert "held-0001" in (await client.get("/main/busy")).text


async def _history(faktory: Faktory, client: httpx.AsyncClient) -> None:
    own = read_history(await faktory.page("/?days=30"))
    days = (await told(client, "/history"))["items"]
    assert {day["day"]: day["processed"] for day in days} == {
        day.isoformat(): count for day, count in own.processed.items()
    }
    assert days[0]["failed"] == 60


async def _search(client: httpx.AsyncClient, info: dict[str, Any]) -> None:
    """Wait until everything is indexed, and find it again."""
    total = sum(info["faktory"]["queues"].values()) + sum(sizes(info).values())
    async with asyncio.timeout(60):
        while True:
            found = await told(client, "/search?q=args.**.order:48213%20jid:*-0007")
            if found["indexed"] == found["of"] == total and "age" in found:
                break
            await asyncio.sleep(0.1)
    assert sorted(job["jid"] for job in found["items"]) == [
        "dead-0007", "later-0007", "retry-0007", "wait-0007",
    ]  # fmt: skip


async def _dead_job(faktory: Faktory, client: httpx.AsyncClient) -> None:
    """Open a job that no list has shown yet."""
    (row,) = (row for row in await rows_of(faktory, JobSet.DEAD) if row.jid == "dead-0003")
    own = read_job(
        JobSet.DEAD, await faktory.page(f"{set_path(JobSet.DEAD)}/{quote(row.key, safe='')}")
    )
    (job,) = (await told(client, "/jobs/dead-0003"))["items"]
    assert job["failure"]["backtrace"] == list(own.backtrace) == ["a.py:1", "b.py:2"]
    assert (job["failure"]["errtype"], job["failure"]["message"]) == (own.errtype, own.message)
    assert "b.py:2" in (await client.get("/main/jobs/dead-0003")).text
