"""Whose a reservation is: an ACK or a FAIL ends the sender's own, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glasshouse.engine import timers
from glasshouse.engine.run import Timers

from .peer import Clock, Peer, Running, running

BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)
ACK = 'ACK {"jid":"job-00001"}'
FAIL = 'FAIL {"jid":"job-00001","errtype":"E","message":"m"}'
NOT_FOUND = "-ERR Job not found job-00001"


async def twice(engine: Running, *peers: Peer) -> None:
    """Let each of them have a copy of one job."""
    for peer in peers:
        await peer.push("job-00001")
        assert await peer.fetch() is not None


def held(engine: Running) -> list[str | None]:
    """Return by whom jobs are held, in the order of reservation."""
    return [row.wid for rows in engine.engine.memory.working.values() for row in rows]


def ended(engine: Running) -> list[Any]:
    return engine.stored("SELECT wid FROM finished ORDER BY id")


async def sets(peer: Peer) -> dict[str, int]:
    return dict((await peer.info())["faktory"]["sets"])


@pytest.mark.parametrize("line", [ACK, FAIL])
async def test_of_two_copies_each_worker_ends_its_own(tmp_path: Path, line: str) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        a, b = await engine.peer(wid="worker-a"), await engine.peer(wid="worker-b")
        await twice(engine, a, b)
        assert await b.ask(line) == "+OK"
        assert held(engine) == ["worker-a"]
        assert ended(engine) == ["worker-b"]
        assert await a.ask(line) == "+OK"
        assert held(engine) == []
        assert ended(engine) == ["worker-b", "worker-a"]


@pytest.mark.parametrize(("line", "answer"), [(ACK, "+OK"), (FAIL, NOT_FOUND)])
async def test_one_who_is_late_ends_nobody_elses(tmp_path: Path, line: str, answer: str) -> None:
    clock = Clock()
    async with running(tmp_path, timers=BY_HAND, clock=clock) as engine:
        a, b = await engine.peer(wid="worker-a"), await engine.peer(wid="worker-b")
        await a.push("job-00001", reserve_for=60)
        assert await a.fetch() is not None
        clock.ahead += 61
        for peer, wid in ((a, "worker-a"), (b, "worker-b")):
            assert await peer.ask(f'BEAT {{"wid":"{wid}"}}') == "+OK"
        timers.reap(engine.engine)
        clock.ahead += 3600
        assert await a.ask("QUEUE RESUME nothing") == "+OK"
        assert engine.engine.committer.settle()
        timers.move_due(engine.engine)
        assert (await b.fetch() or {})["jid"] == "job-00001"
        assert await a.ask(line) == answer
        assert held(engine) == ["worker-b"]
        assert await b.ask(ACK) == "+OK"
        assert ended(engine) == ["worker-a", "worker-b"]
        assert (await sets(a))["retries"] == 0


@pytest.mark.parametrize(("line", "answer"), [(ACK, "+OK"), (FAIL, NOT_FOUND)])
async def test_one_who_holds_nothing_ends_nothing(tmp_path: Path, line: str, answer: str) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        worker, other = await engine.peer(wid="worker-1"), await engine.peer(wid="worker-2")
        nobody = await engine.peer()
        for peer in (worker, nobody):
            await peer.push("job-00001")
            assert await peer.fetch() is not None
        assert await other.ask(line) == answer
        assert held(engine) == ["worker-1", ""]
        assert (await sets(nobody))["working"] == 2
        assert ended(engine) == []


@pytest.mark.parametrize("line", [ACK, FAIL])
async def test_a_client_that_is_no_worker_ends_its_own_and_then_any(
    tmp_path: Path, line: str
) -> None:
    """As in the reference; but the log does not say that a worker did it."""
    async with running(tmp_path, timers=BY_HAND) as engine:
        nobody = await engine.peer()
        for wid in ("worker-1", "", "worker-2"):
            peer = await engine.peer(wid=wid)
            await peer.push("job-00001")
            assert await peer.fetch() is not None
        for left in (["worker-1", "worker-2"], ["worker-2"], []):
            assert await nobody.ask(line) == "+OK"
            assert held(engine) == left
        assert ended(engine) == ["", "", ""]


async def test_a_worker_ends_its_job_on_any_of_its_connections(tmp_path: Path) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        one, two = await engine.peer(wid="worker-1"), await engine.peer(wid="worker-1")
        await one.push("job-00001")
        assert await one.fetch() is not None
        one.close()
        assert await two.ask(ACK) == "+OK"
        assert held(engine) == []


@pytest.mark.parametrize("wid", ["worker-1", ""])
async def test_of_copies_of_one_worker_that_of_the_connection_is_meant(
    tmp_path: Path, wid: str
) -> None:
    hello = {"wid": wid} if wid else {}
    async with running(tmp_path, timers=BY_HAND) as engine:
        one, two = await engine.peer(**hello), await engine.peer(**hello)
        await twice(engine, one, two)
        [first, second] = [r.id for rows in engine.engine.memory.working.values() for r in rows]
        assert await two.ask(ACK) == "+OK"
        left = [row.id for rows in engine.engine.memory.working.values() for row in rows]
        assert left == [first] != [second]


async def test_a_reservation_is_its_workers_after_a_restart_too(tmp_path: Path) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        a, b = await engine.peer(wid="worker-a"), await engine.peer(wid="worker-b")
        await twice(engine, a, b)
    async with running(tmp_path, timers=BY_HAND) as engine:
        b = await engine.peer(wid="worker-b")
        assert await b.ask(ACK) == "+OK"
        assert held(engine) == ["worker-a"]
        assert await b.ask(FAIL) == NOT_FOUND
        assert ended(engine) == ["worker-b"]
