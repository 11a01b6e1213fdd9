"""Whole worker programs of real clients take the embedded server for Faktory.

Each is a process of its own with the library's own loop, pool and heartbeat.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from glasshouse.engine.memory import DEAD, RETRIES
from glasshouse.model.server import WorkerState
from tests.engine.certificate import needs_openssl
from tests.engine.peer import Clock, Peer, Running, running

from .programs import NPM_CLIENT, Program, until, working

WID = "worker-under-test"
needs_npm = pytest.mark.skipif(
    not NPM_CLIENT.is_dir(), reason="faktory-worker (npm) is not installed: make test installs it"
)
npm = pytest.param("faktory-worker", marks=needs_npm)
every_client = pytest.mark.parametrize("client", ["pyfaktory", "faktory", npm])


def url(engine: Running, scheme: str = "tcp") -> str:
    secret = f":{engine.password}@" if engine.password else ""
    return f"{scheme}://{secret}127.0.0.1:{engine.port}"


async def push(peer: Peer, jid: str, jobtype: str, *args: str, **fields: object) -> None:
    job = {"jid": jid, "jobtype": jobtype, "args": args, "queue": "first", **fields}
    assert await peer.ask("PUSH " + json.dumps(job)) == "+OK"


async def settled(peer: Peer, **expected: int) -> None:
    """Wait until INFO shows these sizes."""

    async def shown() -> bool:
        info = await peer.info()
        faktory = info["faktory"]
        seen: dict[str, int] = faktory["sets"] | {
            "processed": faktory["total_processed"],
            "enqueued": faktory["total_enqueued"],
            "workers": faktory["tasks"]["Workers"]["size"],
        }
        return expected.items() <= seen.items()

    await until(shown)


async def reaped(peer: Peer) -> None:
    """Wait until the reaper has been round once more, from its start to its end."""

    async def rounds() -> int:
        return int((await peer.info())["faktory"]["tasks"]["Dead"]["cycles"])

    before = await rounds()

    async def passed() -> bool:
        return await rounds() > before + 1

    await until(passed)


@asynccontextmanager
async def holding(
    client: str, engine: Running, folder: Path
) -> AsyncIterator[tuple[Program, Peer]]:
    """A worker that is in the middle of a job, and a producer beside it."""
    peer = await engine.peer()
    await push(peer, "held-job-1", "Hold", "held", reserve_for=60)
    async with working(client, url(engine), WID, folder) as program:
        await until(lambda: program.held)
        yield program, peer


@every_client
@pytest.mark.parametrize("password", [None, "sésame"])
async def test_it_works_off_both_queues_and_fails_until_the_job_is_dead(
    tmp_path: Path, client: str, password: str | None
) -> None:
    async with running(tmp_path, password=password) as engine:
        peer = await engine.peer()
        await push(peer, "note-job-2", "Note", "zwei", queue="second")
        await push(peer, "fail-job-1", "Break", retry=1, backtrace=5)
        await push(peer, "note-job-1", "Note", "一", priority=5)
        async with working(client, url(engine), WID, tmp_path / "marks") as program:
            await settled(peer, processed=3, retries=1, working=0, workers=1)
            assert program.done == ["一", "zwei"]
            [waiting] = engine.jobs(RETRIES)
            first = waiting["failure"]
            assert first["errtype"] == "ValueError"
            assert first["message"] == "broken on purpose"
            assert (first["retry_count"], first["remaining"]) == (0, 1)
            assert first["next_at"] > first["failed_at"]
            assert await peer.ask('MUTATE {"cmd":"requeue","target":"retries"}') == "+OK"
            await settled(peer, processed=4, dead=1, retries=0, working=0)
            [buried] = engine.jobs(DEAD)
            assert (buried["jid"], buried["failure"]["retry_count"]) == ("fail-job-1", 1)
            assert buried["failure"]["failed_at"] == first["failed_at"]
            assert "next_at" not in buried["failure"]


@every_client
async def test_what_a_crashed_worker_held_is_retried_once_its_reservation_is_over(
    tmp_path: Path, client: str
) -> None:
    clock = Clock()
    async with running(tmp_path, clock=clock) as engine:
        async with holding(client, engine, tmp_path / "marks") as (program, peer):
            await settled(peer, working=1, workers=1)
            program.crash()
            await settled(peer, working=1, workers=0, retries=0)
            clock.ahead += 30
            await reaped(peer)
            await settled(peer, working=1, retries=0)
            clock.ahead += 31
            await settled(peer, working=0, retries=1, processed=1)
            [late] = engine.jobs(RETRIES)
            assert late["failure"]["errtype"] == "ReservationExpired"
            assert late["failure"]["message"] == "Faktory job reservation expired"
        clock.ahead += 60
        async with working(client, url(engine), "another-worker", tmp_path / "marks") as second:
            second.release()
            await until(lambda: second.done == ["held"])
            await settled(peer, working=0, retries=0, dead=0, processed=2)


@every_client
async def test_a_quiet_worker_ends_its_job_and_takes_no_other(tmp_path: Path, client: str) -> None:
    async with (
        running(tmp_path) as engine,
        holding(client, engine, tmp_path / "marks") as (program, peer),
    ):
        assert engine.engine.signal(WID, WorkerState.QUIET) == 1
        await push(peer, "note-job-1", "Note", "not yet")
        program.release()
        await settled(peer, processed=1, working=0, enqueued=1, workers=1)
        assert program.done == ["held"]
        assert engine.engine.signal(WID, WorkerState.TERMINATE) == 1
        await program.ended()
        await settled(peer, workers=0, enqueued=1)
        async with working(client, url(engine), "another-worker", tmp_path / "marks") as second:
            await until(lambda: second.done == ["held", "not yet"])


@every_client
async def test_a_terminated_worker_ends_its_job_and_goes(tmp_path: Path, client: str) -> None:
    async with (
        running(tmp_path) as engine,
        holding(client, engine, tmp_path / "marks") as (program, peer),
    ):
        assert engine.engine.signal(None, WorkerState.TERMINATE) == 1
        await push(peer, "note-job-1", "Note", "not yet")
        program.release()
        await program.ended()
        await settled(peer, processed=1, working=0, retries=0, enqueued=1, workers=0)
        assert program.done == ["held"]


@needs_npm
async def test_a_terminated_worker_fails_the_job_that_it_cannot_end(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await push(peer, "held-job-1", "Hold", "held")
        async with working(
            "faktory-worker", url(engine), WID, tmp_path / "marks", GRACE="0.1"
        ) as program:
            await until(lambda: program.held)
            engine.engine.signal(WID, WorkerState.TERMINATE)
            await settled(peer, working=0, retries=1, processed=1)
            [failed] = engine.jobs(RETRIES)
            assert failed["failure"]["message"] == "faktory worker shutdown timeout exceeded"


@needs_openssl
@pytest.mark.parametrize("client", ["pyfaktory", npm])
async def test_it_works_over_tls(tmp_path: Path, client: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    async with running(data, password="secret", certificate=tmp_path) as engine:
        peer = await engine.peer()
        await push(peer, "note-job-1", "Note", "x" * 100_000)
        await push(peer, "fail-job-1", "Break")
        marks = tmp_path / "marks"
        async with working(client, url(engine, "tcp+tls"), WID, marks) as program:
            await settled(peer, processed=2, retries=1, working=0, workers=1)
            assert program.done == ["x" * 100_000]
            engine.engine.signal(WID, WorkerState.TERMINATE)
            await program.ended()
            await settled(peer, workers=0)
