"""A ledger that cannot be written: nothing is done, looking goes on, and it passes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from glasshouse.ledger.verify import verify
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from tests.engine.peer import Running, running
from tests.small import FileSize, Small, mounted
from tests.steady import LONG
from tests.storage.postgres import needs_postgres, postgres_server

from .console import Console, add_boss, console, outcomes, records, settled
from .house import House


@pytest.fixture
def state(tmp_path: Path) -> Path:
    at = tmp_path / "small"
    at.mkdir(mode=0o700)
    return at


@pytest.fixture
def room(state: Path) -> Iterator[Small]:
    """A small file system, or where none can be mounted a limit on files."""
    with contextlib.ExitStack() as stack:
        made: Small = FileSize()
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            made = stack.enter_context(mounted(state, "3m"))
        yield made


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path / "engine") as made:
        yield made


def paused(engine: Running) -> bool:
    return engine.engine.memory.queues["q"].paused


async def looks(served: Console) -> None:
    """Look at everything that somebody looks at all day."""
    for path in ("/main", "/main/queues", "/main/queues/q", "/main/dead", "/main/busy"):
        assert (await served.client.get(path)).status_code == 200, path
    for path in ("state", "queues", "sets/dead/jobs"):
        assert (await served.client.get(f"/api/v1/servers/main/{path}")).status_code == 200, path


async def until_refused(served: Console, engine: Running) -> None:
    """Pause and resume until that cannot be recorded any more."""
    for _ in range(100_000):
        now = paused(engine)
        wanted = "queue.resume" if now else "queue.pause"
        answer = await served.post("/operations", operation=wanted, queue="q")
        if answer.status_code == 503:
            assert answer.json()["code"] == "audit_unavailable"
            assert "nothing was done" in answer.json()["detail"]
            assert paused(engine) is now
            return
        assert answer.status_code in {200, 202}
        if answer.status_code == 202:
            # On a slow disk: it is on its way, unless its progress has found no room.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    while paused(engine) is now:
                        await asyncio.sleep(0.01)
    raise AssertionError("the disk was never full")


async def until_done(served: Console, operation: str) -> None:
    """Ask until it is done: within seconds of there being room."""
    async with asyncio.timeout(LONG):
        while True:
            answer = await served.post("/operations", operation=operation, queue="q")
            if answer.status_code == 200:
                assert answer.json()["outcome"] == "done"
                return
            assert answer.status_code in {202, 503}
            await asyncio.sleep(0.05)


def whole(database: Database) -> None:
    name, head = database.call(ledger.ledger_id), database.call(ledger.end)
    assert verify(name, ledger.walk(database), [], head).fault is None


async def test_a_full_disk_refuses_operations_and_nothing_else(
    room: Small, state: Path, engine: Running, tmp_path: Path
) -> None:
    house = House(engine, None, engine.data, tmp_path)  # type: ignore[arg-type]
    await house.fill("q", 3)
    before = house.jobs()
    database = Database(sqlite_url(state))
    add_boss(database)
    async with console(tmp_path / "console", engine.data) as served:
        served.state = state
        await served.start()
        room.limit(served.pid)
        await until_refused(served, engine)
        for order in (
            {"operation": "queue.delete_jobs", "queue": "q", "jids": ["q-0000001"]},
            {"operation": "job.push", "job": '{"jid":"p-1234567","jobtype":"T","args":[]}'},
            {"operation": "server.configure", "parameters": {"default_retry": 3}},
        ):
            assert (await served.post("/operations", **order)).status_code == 503, order
        assert house.jobs() == before
        assert engine.engine.memory.parameters.default_retry != 3
        await looks(served)
        room.widen(served.pid)
        await until_done(served, "queue.pause")
        await settled(database)
    outcomes(records(database))
    whole(database)
    database.close()


async def test_what_meets_a_full_disk_on_its_way_goes_on_when_there_is_room(
    room: Small, state: Path, engine: Running, tmp_path: Path
) -> None:
    house = House(engine, None, engine.data, tmp_path)  # type: ignore[arg-type]
    await house.fill("q", 1500, args=["x" * 4000])
    before = house.jobs()
    database = Database(sqlite_url(state))
    add_boss(database)
    async with console(tmp_path / "console", engine.data) as served:
        served.state = state
        await served.start()
        room.limit(served.pid)
        answer = await served.agree(operation="queue.clear", queue="q")
        assert answer.status_code == 202
        assert "outcome" not in answer.json()
        assert 0 < len(house.jobs()) <= len(before)
        await looks(served)
        room.widen(served.pid)
        await settled(database)
        assert house.jobs() == []
        told = outcomes(records(database))[answer.json()["record"]]
        assert (told["outcome"], told["jobs"]) == ("done", "1500")
        back = await served.agree(operation="trash.restore", record=answer.json()["record"])
        assert back.status_code in {200, 202}
        await settled(database)
    assert house.jobs() == before
    whole(database)
    database.close()


@needs_postgres
async def test_a_stopped_postgresql_refuses_operations_and_nothing_else(
    engine: Running, tmp_path: Path
) -> None:
    house = House(engine, None, engine.data, tmp_path)  # type: ignore[arg-type]
    await house.fill("q", 3)
    with postgres_server() as server:
        database = Database(server.url)
        add_boss(database)
        async with console(tmp_path / "console", engine.data, server.url) as served:
            await served.start()
            await until_done(served, "queue.pause")
            await looks(served)
            server.stop()
            try:
                refused = await served.post("/operations", operation="queue.resume", queue="q")
                assert refused.status_code == 503
                assert paused(engine)
                await looks(served)
                assert refused.json()["code"] == "audit_unavailable"
                # Strangers look on as well.
                async with httpx.AsyncClient(base_url=served.url) as stranger:
                    assert (await stranger.get("/main/dead")).status_code == 200
            finally:
                server.start()
            await until_done(served, "queue.resume")
            assert not paused(engine)
            await settled(database)
        outcomes(records(database))
        whole(database)
        database.close()
