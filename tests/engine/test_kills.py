"""SIGKILL at random under load, again and again on one folder: nothing acknowledged is undone.

More of them by hand: ``ENGINE_KILLS=200 pytest tests/engine/test_kills.py``.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glasshouse.engine import schema
from glasshouse.engine.attachment import Attachment
from glasshouse.engine.check import check

from .peer import Peer
from .process import EngineProcess, process

KILLS = int(os.environ.get("ENGINE_KILLS", "8"))
WORKING, RETRIES = 5, 3


class Known:
    """What the clients know: acknowledged, or asked for without having heard."""

    def __init__(self) -> None:
        self.pushed: set[str] = set()
        self.asked: set[str] = set()
        self.held: set[str] = set()
        self.ended: set[str] = set()
        self.failed: set[str] = set()
        self.unsure: set[str] = set()

    def problems(self, stored: list[tuple[str, int]]) -> list[str]:
        """Return what a server that holds ``stored`` (jid, state) has lost or undone."""
        state = dict(stored)
        counts = collections.Counter(jid for jid, _ in stored)
        return [
            *(f"{jid} is there {n} times" for jid, n in counts.items() if n > 1),
            *(f"{jid} was never pushed" for jid in state.keys() - self.pushed - self.asked),
            *(f"{jid} is lost" for jid in self.pushed - state.keys() - self.ended - self.unsure),
            *(f"{jid} is back" for jid in self.ended & state.keys()),
            *(
                f"{jid} was handed out and is in state {state.get(jid)}"
                for jid in self.held - self.unsure
                if state.get(jid) != WORKING
            ),
            *(
                f"{jid} has failed and is in state {state.get(jid)}"
                for jid in self.failed
                if state.get(jid) != RETRIES
            ),
        ]


async def _push(peer: Peer, known: Known, name: str) -> None:
    number = 0
    while True:
        jids = [f"{name}-{number:06}-{n}" for n in range(3 if number % 20 == 0 else 1)]
        number += 1
        known.asked.update(jids)
        jobs = [f'{{"jid":"{jid}","jobtype":"T","queue":"q","args":[]}}' for jid in jids]
        bulk = len(jobs) > 1
        answer = await peer.ask(f"PUSHB [{','.join(jobs)}]" if bulk else f"PUSH {jobs[0]}")
        assert answer == (b"{}" if bulk else "+OK")
        known.pushed.update(jids)


async def _work(peer: Peer, known: Known, rng: random.Random) -> None:
    while True:
        job = await peer.fetch("q")
        if job is None:
            continue
        jid = job["jid"]
        known.held.add(jid)
        if rng.random() < 0.1:
            continue  # a worker that has forgotten it
        done = rng.random() < 0.9
        known.unsure.add(jid)
        assert await peer.ask(f'{"ACK" if done else "FAIL"} {{"jid":"{jid}"}}') == "+OK"
        known.held.discard(jid)
        known.unsure.discard(jid)
        (known.ended if done else known.failed).add(jid)


async def _until_killed(engine: EngineProcess, known: Known, turn: int, rng: random.Random) -> None:
    def worker(peer: Peer) -> Any:
        return _work(peer, known, rng)

    def pusher(number: int) -> Callable[[Peer], Any]:
        return lambda peer: _push(peer, known, f"{turn:03}-{number}")

    peers = [await engine.peer() for _ in range(7)]
    plays = [*(pusher(n) for n in range(3)), *[worker] * 4]
    tasks = [asyncio.create_task(play(peer)) for play, peer in zip(plays, peers, strict=True)]
    await asyncio.sleep(rng.uniform(0.02, 0.35))
    engine.process.kill()
    await engine.ended()
    for task in tasks:
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await task


async def _stored(folder: Path) -> list[tuple[str, int]]:
    attachment = Attachment(folder)
    assert await attachment.settle()
    await attachment.close()
    db = schema.open_reader(folder)
    try:
        return list(db.execute("SELECT jid, state FROM job"))
    finally:
        db.close()


async def test_random_kills_under_load_undo_nothing(tmp_path: Path) -> None:
    rng = random.Random(KILLS)
    known, data = Known(), tmp_path / "data"
    for turn in range(KILLS):
        async with process(data, tmp_path / "log") as engine:
            known_at_start = known.problems(await _stored(data))
            assert known_at_start == []
            await _until_killed(engine, known, turn, rng)
    async with process(data, tmp_path / "log") as engine:
        assert known.problems(await _stored(data)) == []
        peer = await engine.peer()
        info = (await peer.info())["faktory"]
        assert await engine.terminate() == 0
    assert check(data).problems == []
    assert info["total_processed"] >= len(known.ended) + len(known.failed)
    assert len(known.pushed) > 50 * KILLS
    assert len(known.ended) > 10 * KILLS
    print(f"{KILLS} kills, {len(known.pushed)} pushes, {len(known.ended)} ends")


def test_what_is_undone_would_be_found() -> None:
    known = Known()
    known.asked = known.pushed = {"a", "b", "c", "d"}
    known.ended, known.held, known.failed = {"b"}, {"c"}, {"d"}
    assert known.problems([("a", 1), ("c", WORKING), ("d", RETRIES)]) == []
    found = known.problems([("b", 1), ("c", 1), ("c", 1), ("d", WORKING), ("x", 1)])
    assert [problem.split(" ", 1)[0] for problem in found] == ["c", "x", "a", "b", "c", "d"]
