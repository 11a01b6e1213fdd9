"""Random commands: the engine over real sockets and a model of lists agree, across restarts.

A longer run by hand: ``MACHINE_EXAMPLES=8000 pytest tests/engine/test_machine.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glasshouse.engine import journal, timers
from glasshouse.engine.memory import DEAD, RETRIES, SCHEDULED
from glasshouse.engine.run import Timers
from glasshouse.model.times import format_time

from .model import Job, Model
from .peer import Running, running

BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "250"))
START = 1_800_000_000.0
STATES = {"scheduled": SCHEDULED, "retries": RETRIES, "dead": DEAD}

jids = st.sampled_from([f"job-{n:05}" for n in range(5)])
queues = st.sampled_from(["a", "b", "c"])
names = st.lists(queues, min_size=1, max_size=3)
jobs = st.fixed_dictionaries(
    {"jid": jids, "jobtype": st.sampled_from(["T", "U"]), "queue": queues},
    optional={
        "retry": st.sampled_from([0, -1, 1, 2, 25]),
        "reserve_for": st.sampled_from([1, 60, 600, 3600]),
        "wait": st.sampled_from([-5.0, 10.0, 40.0]),
    },
)
filters: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "jids": st.lists(jids, min_size=1, max_size=2),
        "jobtype": st.sampled_from(["T", "U"]),
        "regexp": jids.map(lambda jid: f'*"jid":"{jid}"*'),
    },
)
# Whose connection: two of one worker, one of another, and one of nobody.
WIDS = ("w1", "w1", "w2", "")
hands = st.sampled_from(range(len(WIDS)))
steps = st.one_of(
    st.tuples(st.just("push"), jobs),
    st.tuples(st.just("push"), jobs),
    st.tuples(st.just("bulk"), st.lists(jobs, max_size=6)),
    st.tuples(st.just("fetch"), st.tuples(hands, names)),
    st.tuples(st.just("fetch"), st.tuples(hands, names)),
    st.tuples(st.just("ack"), st.tuples(hands, jids)),
    st.tuples(st.just("fail"), st.tuples(hands, jids)),
    st.tuples(st.just("fail"), st.tuples(hands, jids)),
    st.tuples(st.sampled_from(["pause", "resume"]), st.one_of(names, st.just(["*"]))),
    st.tuples(st.just("remove"), st.one_of(names, st.just(["*"]))),
    st.tuples(st.just("latency"), names),
    st.tuples(
        st.just("mutate"),
        st.tuples(
            st.sampled_from(["kill", "requeue", "discard", "clear"]),
            st.sampled_from(["scheduled", "retries", "dead"]),
            filters,
        ),
    ),
    st.tuples(st.just("time"), st.sampled_from([12.0, 61.0, 4000.0, 181 * 86400.0])),
    st.tuples(st.just("restart"), st.sampled_from(["closed", "killed"])),
    st.tuples(st.just("flush"), st.none()),
)
# FLUSH leaves little to look at; most plays do without.
plays = st.lists(
    steps.filter(lambda step: step[0] != "flush"), min_size=40, max_size=90
) | st.lists(steps, min_size=40, max_size=90)


class Play:
    """One engine and its model, at one moment."""

    def __init__(self, engine: Running, model: Model, clock: list[float]) -> None:
        self.engine, self.model, self.clock = engine, model, clock

    async def begin(self) -> None:
        self.pusher = await self.engine.peer()
        self.workers = [await self.engine.peer(**({"wid": wid} if wid else {})) for wid in WIDS]
        # What was handed over before belongs to none of these connections.
        self.first = self.model.connections
        self.model.connections += len(WIDS)

    async def step(self, kind: str, value: Any) -> None:
        self.clock[0] += 0.01
        await getattr(self, kind)(value)

    def _job(self, given: dict[str, Any]) -> tuple[str, Job, float | None]:
        now = self.clock[0]
        job = {k: v for k, v in given.items() if k != "wait"} | {"args": []}
        at = now + given["wait"] if "wait" in given else None
        if at is not None:
            job["at"] = format_time(at)
        known = Job(
            0, job["jid"], job["jobtype"], job["queue"],
            job.get("retry", 25), job.get("reserve_for", 0),
        )  # fmt: skip
        return json.dumps(job, separators=(",", ":")), known, at

    async def push(self, given: dict[str, Any]) -> None:
        text, job, at = self._job(given)
        assert await self.pusher.ask(f"PUSH {text}") == "+OK"
        self.model.push(job, self.clock[0], at)

    async def bulk(self, given: list[dict[str, Any]]) -> None:
        made = [self._job(job) for job in given]
        text = ",".join(text for text, _, _ in made)
        assert await self.pusher.ask(f"PUSHB [{text}]") == b"{}"
        for _, job, at in made:
            self.model.push(job, self.clock[0], at)

    async def fetch(self, given: tuple[int, list[str]]) -> None:
        hand, names = given
        job = self.model.fetch(names, self.clock[0], WIDS[hand], self.first + hand)
        if job is None:
            return  # it would wait for two seconds; other tests do
        got = await self.workers[hand].fetch(*names)
        assert got is not None
        assert (got["jid"], got["jobtype"], got["queue"]) == (job.jid, job.jobtype, job.queue)
        assert got.get("failure", {}).get("retry_count") == job.fails

    async def ack(self, given: tuple[int, str]) -> None:
        hand, jid = given
        assert await self.workers[hand].ask(f'ACK {{"jid":"{jid}"}}') == "+OK"
        self.model.ack(jid, WIDS[hand], self.first + hand)

    async def fail(self, given: tuple[int, str]) -> None:
        hand, jid = given
        line = f'FAIL {{"jid":"{jid}","errtype":"E","message":"m"}}'
        answer = await self.workers[hand].ask(line)
        found = self.model.fail(jid, self.clock[0], WIDS[hand], self.first + hand)
        assert answer == ("+OK" if found else f"-ERR Job not found {jid}")

    async def pause(self, names: list[str]) -> None:
        assert await self.pusher.ask("QUEUE PAUSE " + " ".join(names)) == "+OK"
        self.model.pause(names, paused=True)

    async def resume(self, names: list[str]) -> None:
        assert await self.pusher.ask("QUEUE RESUME " + " ".join(names)) == "+OK"
        self.model.pause(names, paused=False)

    async def remove(self, names: list[str]) -> None:
        assert await self.pusher.ask("QUEUE REMOVE " + " ".join(names)) == "+OK"
        self.model.remove(names)

    async def latency(self, names: list[str]) -> None:
        answer = await self.pusher.ask("QUEUE LATENCY " + " ".join(names))
        assert isinstance(answer, bytes)
        told = json.loads(answer)
        assert told.keys() == set(names)
        for name in names:
            assert abs(told[name] - self.model.latency(name, self.clock[0])) < 1e-3

    async def mutate(self, given: tuple[str, str, dict[str, Any]]) -> None:
        command, target, wanted = given
        if command == "clear":
            wanted = {}
        body = {"cmd": command, "target": target, "filter": wanted}
        text = json.dumps(body, separators=(",", ":"))
        assert await self.pusher.ask(f"MUTATE {text}") == "+OK"
        self.model.mutate(command, target, wanted, self.clock[0])

    async def flush(self, _: None) -> None:
        assert await self.pusher.ask("FLUSH") == "+OK"
        self.model.flush()

    async def time(self, seconds: float) -> None:
        self.clock[0] += seconds
        timers.move_due(self.engine.engine)
        self.model.move_due(self.clock[0])
        for hand in (0, 2):  # one connection of each worker
            assert await self.workers[hand].ask(f'BEAT {{"wid":"{WIDS[hand]}"}}') == "+OK"
        timers.reap(self.engine.engine)
        self.model.reap(self.clock[0])
        # What timers do is promised to nobody; it is durable once this is answered.
        assert await self.pusher.ask("QUEUE RESUME nothing") == "+OK"

    async def compare(self) -> None:
        """Compare everything: what INFO says, and every job's place."""
        model, memory = self.model, self.engine.engine.memory
        info = (await self.pusher.info())["faktory"]
        assert info["queues"] == {name: len(queue.jobs) for name, queue in model.queues.items()}
        assert info["sets"] == {
            **{name: len(found) for name, found in model.sets.items()},
            "working": len(model.working),
        }
        assert info["total_enqueued"] == sum(len(queue.jobs) for queue in model.queues.values())
        assert (info["total_processed"], info["total_failures"]) == (
            model.processed,
            model.failures,
        )
        for name, queue in model.queues.items():
            found = [memory.row(job_id) for job_id in memory.queues[name].ids]
            assert [row and row.jid for row in found] == [job.jid for job in queue.jobs]
            assert memory.queues[name].paused == queue.paused
        for name, state in STATES.items():
            rows = [row for row in memory.in_state(state) if row is not None]
            assert [row.jid for row in rows] == [job.jid for job in model.sets[name]]
        reserved = [(row.jid, row.wid) for rows in memory.working.values() for row in rows]
        assert sorted(reserved) == sorted((job.jid, job.wid) for job in model.working)


async def play(moves: list[tuple[str, Any]], folder: Path) -> None:
    model, clock = Model(), [START]
    data, number = folder / "data-0", 0
    left = list(moves)
    while True:
        killed = False
        async with running(data, timers=BY_HAND, clock=lambda: clock[0]) as engine:
            at = Play(engine, model, clock)
            await at.begin()
            await at.compare()
            while left:
                kind, value = left.pop(0)
                if kind == "restart":
                    killed = value == "killed"
                    break
                await at.step(kind, value)
                if kind in {"time", "mutate", "remove"}:
                    await at.compare()
            else:
                await at.compare()
                return
            if killed:
                # What the files hold now is what a killed process leaves.
                number += 1
                data = Path(shutil.copytree(data, folder / f"data-{number}", ignore=_no_sockets))


def _no_sockets(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".sock")]


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    derandomize=EXAMPLES == 250,
)  # fmt: skip
@given(plays)
def test_engine_and_model_agree(moves: list[tuple[str, Any]]) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(journal, "SEGMENT", 32 << 10))
        stack.enter_context(mock.patch.object(random, "randrange", return_value=0))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        asyncio.run(play(moves, Path(folder)))
