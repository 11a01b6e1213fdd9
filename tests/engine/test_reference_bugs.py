"""What is known to go wrong in the reference server (fwp.md §9), going right here.

Not of a work server, so not here: B7, B8, B11, B13, B14, B15 (Faktory's own Web
UI; B7's cause is, see below), B12 (keys of Redis).
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from glasshouse.engine import timers
from glasshouse.engine.run import Timers
from glasshouse.model.times import format_time

from .folders import fill
from .peer import Clock, Peer, Running, running

BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)


async def totals(peer: Peer) -> dict[str, Any]:
    return dict((await peer.info())["faktory"])


async def failed(peer: Peer, jid: str, **fields: Any) -> None:
    await peer.push(jid, **fields)
    assert (await peer.fetch(fields.get("queue", "default")) or {})["jid"] == jid
    assert await peer.ask(f'FAIL {{"jid":"{jid}"}}') == "+OK"


async def test_what_an_older_version_left_is_fetched_after_an_upgrade(tmp_path: Path) -> None:
    """B1; the file of version 1 itself is in test_faults.py."""
    await fill(tmp_path)
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert (await totals(peer))["queues"] == {"default": 1, "other": 1}
        assert (await peer.fetch("default", "other") or {})["jid"] == "job-waits-1"
        assert (await peer.fetch("default", "other") or {})["jid"] == "job-waits-2"


async def test_looking_while_queues_come_and_go_disturbs_nobody(tmp_path: Path) -> None:
    """B2."""
    async with running(tmp_path) as engine:

        async def come_and_go(peer: Peer, number: int) -> None:
            for turn in range(40):
                name = f"q-{number}-{turn}"
                await peer.push(f"job-{number}-{turn:04}", queue=name)
                if turn % 2:
                    assert await peer.ask(f"QUEUE REMOVE {name}") == "+OK"

        async def look(peer: Peer) -> int:
            most = 0
            for _ in range(60):
                most = max(most, len((await totals(peer))["queues"]))
                engine.engine.status("")
            return most

        peers = [await engine.peer(wid=f"w{n}") for n in range(6)]
        looks = [look(peer) for peer in peers[3:]]
        await asyncio.gather(*(come_and_go(p, n) for n, p in enumerate(peers[:3])), *looks)
        assert len((await totals(peers[0]))["queues"]) == 60


async def test_all_means_all_of_a_large_set(tmp_path: Path) -> None:
    """B3."""
    at = format_time(time.time() + 9999)
    jobs = [{"jid": f"job-{n:06}", "jobtype": "T", "args": [], "at": at} for n in range(4500)]
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert await peer.ask("PUSHB " + json.dumps(jobs)) == b"{}"
        assert await peer.ask('MUTATE {"cmd":"kill","target":"scheduled","filter":{}}') == "+OK"
        assert (await totals(peer))["sets"] == {
            "scheduled": 0, "retries": 0, "dead": 4500, "working": 0,
        }  # fmt: skip
        assert await peer.ask('MUTATE {"cmd":"requeue","target":"dead"}') == "+OK"
        assert (await totals(peer))["queues"] == {"default": 4500}
        assert (await peer.fetch() or {})["jid"] == "job-000000"


async def test_a_requeued_job_is_dated_and_latency_answers(tmp_path: Path) -> None:
    """B4."""
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-later-1", queue="a", at=format_time(time.time() + 9999))
        await peer.push("job-ready-1", queue="b")
        assert await peer.ask('MUTATE {"cmd":"requeue","target":"scheduled"}') == "+OK"
        told = await peer.ask("QUEUE LATENCY a b nothing")
        assert isinstance(told, bytes)
        latency = json.loads(told)
        assert latency.keys() == {"a", "b", "nothing"}
        assert 0 <= latency["a"] <= latency["b"] < 600
        assert "enqueued_at" in (await peer.fetch("a") or {})


async def test_a_scheduled_job_with_an_illegal_queue_is_refused_when_it_comes(
    tmp_path: Path,
) -> None:
    """B5: nothing is accepted that must be lost later."""
    at = format_time(time.time() + 9999)
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        job = json.dumps({"jid": "job-00001", "jobtype": "T", "args": [], "queue": "a b", "at": at})
        assert str(await peer.ask(f"PUSH {job}")).startswith("-ERR cannot get")
        assert (await totals(peer))["sets"]["scheduled"] == 0


async def test_a_worker_that_goes_while_it_waits_takes_no_job_with_it(tmp_path: Path) -> None:
    """B5: a job is never between two places; that a kill finds none there, test_kills.py shows."""
    async with running(tmp_path) as engine:
        other = await engine.peer()
        for number in range(30):
            worker = await engine.peer(wid=f"w{number}")
            worker.send("FETCH default")
            if number % 2:
                await other.info()
            worker.writer.transport.abort()
            await other.push(f"job-{number:05}")
        there = await totals(other)
        assert there["queues"]["default"] + there["sets"]["working"] == 30


async def test_flush_forgets_pauses_queues_and_reservations_and_what_comes_after_stays(
    tmp_path: Path,
) -> None:
    """B6 and, as a removed queue is a new one when it comes again, B7's cause."""
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-before-1", queue="a")
        await peer.push("job-before-2", queue="a")
        assert await peer.fetch("a") is not None
        assert await peer.ask("QUEUE PAUSE a") == "+OK"
        assert await peer.ask("FLUSH") == "+OK"
        there = await totals(peer)
        assert (there["queues"], there["sets"]["working"]) == ({}, 0)
        assert await peer.ask('FAIL {"jid":"job-before-1"}') == "-ERR Job not found job-before-1"
        await peer.push("job-after-1", queue="a")
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert (await totals(peer))["queues"] == {"a": 1}
        assert (await peer.fetch("a") or {})["jid"] == "job-after-1"


async def test_a_queue_that_was_paused_and_removed_comes_again_unpaused(tmp_path: Path) -> None:
    """B7: the pause goes with the queue."""
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-before-1", queue="a")
        assert await peer.ask("QUEUE PAUSE a") == "+OK"
        assert await peer.ask("QUEUE REMOVE a") == "+OK"
        await peer.push("job-after-1", queue="a")
        assert (await peer.fetch("a") or {})["jid"] == "job-after-1"


async def test_a_quiet_worker_gets_no_job_on_any_of_its_connections(tmp_path: Path) -> None:
    """B9."""
    async with running(tmp_path) as engine:
        peers = [await engine.peer(wid="w1") for _ in range(3)]
        producer = await engine.peer()
        assert await peers[0].ask('BEAT {"wid":"w1","current_state":"quiet"}') == (
            b'{"state":"quiet"}'
        )
        await producer.push("job-00001")
        for peer in peers:
            peer.send("FETCH default")
        assert [await peer.reply() for peer in peers] == [None] * 3
        assert (await totals(producer))["queues"] == {"default": 1}
        assert (await producer.fetch() or {})["jid"] == "job-00001"


async def _three_retries(engine: Running) -> Peer:
    """Leave three retries, two of whose ids are parts of the third's or of its arguments."""
    peer = await engine.peer()
    await failed(peer, "job-00001")
    await failed(peer, "job-00001-long", args=["job-00001"])
    await failed(peer, "other-0001", args=[{"jid": "job-00001"}])
    return peer


async def test_a_job_is_found_by_its_own_id_and_nothing_else(tmp_path: Path) -> None:
    """B10."""
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await _three_retries(engine)
        discard = 'MUTATE {"cmd":"discard","target":"retries","filter":{"jids":["%s"]}}'
        for jid in ("job-0000", "00001", "nobody-01", "args"):
            assert await peer.ask(discard % jid) == "+OK"
            assert (await totals(peer))["sets"]["retries"] == 3
        assert await peer.ask(discard % "job-00001") == "+OK"
        left = {job["jid"] for job in engine.jobs(3)}
        assert left == {"job-00001-long", "other-0001"}


async def test_a_type_is_the_jobs_own_and_not_a_word_in_its_arguments(tmp_path: Path) -> None:
    """B10, for ``jobtype``."""
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await engine.peer()
        await failed(peer, "job-00001", jobtype="Mail")
        await failed(peer, "job-00002", jobtype="MailMore", args=['"jobtype":"Mail"'])
        line = 'MUTATE {"cmd":"kill","target":"retries","filter":{"jobtype":"Mail"}}'
        assert await peer.ask(line) == "+OK"
        assert [job["jid"] for job in engine.jobs(3)] == ["job-00002"]
        assert [job["jid"] for job in engine.jobs(4)] == ["job-00001"]


async def test_an_odd_id_is_as_good_as_any(tmp_path: Path) -> None:
    """B11, as far as it is the server's: bars and slashes part nothing."""
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await engine.peer()
        for jid in ("a|b|c|12345", "../../etc/passwd", 'quo"te"-12345', "ünï-ço-dé-01"):
            await peer.push(jid)
            assert (await peer.fetch() or {})["jid"] == jid
            assert await peer.ask("FAIL " + json.dumps({"jid": jid})) == "+OK"
            one = {"cmd": "requeue", "target": "retries", "filter": {"jids": [jid]}}
            assert await peer.ask("MUTATE " + json.dumps(one, separators=(",", ":"))) == "+OK"
            assert (await peer.fetch() or {})["jid"] == jid
            assert await peer.ask("ACK " + json.dumps({"jid": jid})) == "+OK"
        assert (await totals(peer))["total_processed"] == 8


async def test_both_of_two_jobs_with_one_id_expire_into_the_retries(tmp_path: Path) -> None:
    """B16."""
    clock = Clock()
    async with running(tmp_path, clock=clock, timers=BY_HAND) as engine:
        peer = await engine.peer()
        for _ in range(2):
            await peer.push("job-twice-1", reserve_for=60)
            assert await peer.fetch() is not None
        clock.ahead = 61
        timers.reap(engine.engine)
        there = await totals(peer)
        assert (there["sets"]["retries"], there["sets"]["working"]) == (2, 0)
        assert there["total_failures"] == 2


async def test_retries_of_one_moment_are_spread_over_half_a_minute(tmp_path: Path) -> None:
    """B17: chance has a part in when a retry is due, and no round of the timers is skipped."""
    now = time.time()
    async with running(tmp_path, timers=BY_HAND, clock=lambda: now) as engine:
        peer = await engine.peer()
        for number in range(40):
            await failed(peer, f"job-{number:05}")
        due = engine.stored("SELECT score FROM job WHERE state = 3")
        assert 5 < max(due) - min(due) < 30
    async with running(tmp_path, timers=Timers(due=0.01, reap=0.01)) as engine:
        peer = await engine.peer()
        counted = -1
        for _ in range(3):
            before = counted
            while (counted := (await totals(peer))["tasks"]["Retries"]["cycles"]) <= before:
                await asyncio.sleep(0)
