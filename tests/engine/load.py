"""Clients that push and work at random and remember what they were told."""

from __future__ import annotations

import asyncio
import collections
import random
from collections.abc import Callable, Collection
from typing import Any

from glasshouse.engine.memory import DEAD, ENQUEUED, WORKING

from .peer import Peer, Running

Stored = list[tuple[str, int]]


class Known:
    """What the clients know: acknowledged, or asked for without having heard."""

    def __init__(self) -> None:
        self.pushed: set[str] = set()
        self.asked: set[str] = set()
        self.held: set[str] = set()
        self.ended: set[str] = set()
        self.failed: set[str] = set()
        self.unsure: set[str] = set()

    def problems(self, stored: Stored) -> list[str]:
        """Return what a server that holds ``stored`` (jid, state) has lost or undone."""
        state = dict(stored)
        return [
            *self._lost(stored),
            *self._moved(state, self.held - self.unsure, "was handed out", {WORKING}),
            *self._moved(state, self.failed, "has failed", {DEAD}),
        ]

    def problems_without_power(self, stored: Stored) -> list[str]:
        """Likewise after a loss of power, which may undo a reservation but no answer."""
        state = dict(stored)
        held = (self.held - self.unsure) & state.keys()
        return [
            *self._lost(stored),
            *self._moved(state, held, "was handed out", {WORKING, ENQUEUED}),
            *self._moved(state, self.failed, "has failed", {DEAD}),
        ]

    def _lost(self, stored: Stored) -> list[str]:
        counts = collections.Counter(jid for jid, _ in stored)
        there = counts.keys()
        return [
            *(f"{jid} is there {n} times" for jid, n in counts.items() if n > 1),
            *(f"{jid} was never pushed" for jid in there - self.pushed - self.asked),
            *(f"{jid} is lost" for jid in self.pushed - there - self.ended - self.unsure),
            *(f"{jid} is back" for jid in self.ended & there),
        ]

    @staticmethod
    def _moved(
        state: dict[str, int], jids: Collection[str], what: str, wanted: set[int]
    ) -> list[str]:
        return [
            f"{jid} {what} and is in state {state.get(jid)}"
            for jid in jids
            if state.get(jid) not in wanted
        ]


async def _push(peer: Peer, known: Known, name: str) -> None:
    number = 0
    while True:
        jids = [f"{name}-{number:06}-{n}" for n in range(3 if number % 20 == 0 else 1)]
        number += 1
        known.asked.update(jids)
        # One that fails is buried: a retry would be due again while a long test still runs.
        fields = '"jobtype":"T","queue":"q","retry":-1,"args":[]'
        jobs = [f'{{"jid":"{jid}",{fields}}}' for jid in jids]
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


async def load(
    engine: Running, known: Known, turn: int, rng: random.Random
) -> list[asyncio.Task[None]]:
    """Let three push and four work without end; ``turn`` makes the ids differ from others."""

    def worker(peer: Peer) -> Any:
        return _work(peer, known, rng)

    def pusher(number: int) -> Callable[[Peer], Any]:
        return lambda peer: _push(peer, known, f"{turn:03}-{number}")

    peers = [await engine.peer() for _ in range(7)]
    plays = [*(pusher(n) for n in range(3)), *[worker] * 4]
    return [asyncio.create_task(play(peer)) for play, peer in zip(plays, peers, strict=True)]
