"""Power lost at every sync of a session of every command: a state that was, and nothing undone.

The session is sequential, so that what may be there is known exactly: the state
after the last command whose answer waits for the disk, or a later one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from glasshouse.engine import commit, timers
from glasshouse.engine.acting import do
from glasshouse.engine.acts import CallOff, ChangeJobs, KeptJob, PushJob, PutBack, SetPaused
from glasshouse.engine.check import check
from glasshouse.engine.memory import DEAD, RETRIES, SCHEDULED, Memory
from glasshouse.engine.recovery import open_journal
from glasshouse.engine.run import Timers
from glasshouse.engine.schema import values_of
from glasshouse.engine.store import Store
from glasshouse.model.errors import StoreError
from glasshouse.model.parameters import changed
from glasshouse.model.times import format_time

from .peer import Clock, Peer, Running, running
from .power import Files, Honesty, PowerVFS, lay_out, make_small

FAR = "2036-01-01T00:00:00Z"
BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)
# How many ways the unsynced writes fall at each cut; more by hand: POWER_CUTS=200.
WAYS = int(os.environ.get("POWER_CUTS", "6"))

ACTS = [
    f"r{round_}-{name}"
    for round_ in range(2)
    for name in ("delete", "back", "pause", "push", "void", "kill")
]
State = dict[str, Any]


def state_of(memory: Memory) -> State:
    """Return everything that a restart must bring back."""

    def payloads(rows: Any) -> list[tuple[str, bytes]]:
        return sorted((row.jid, row.payload) for row in rows if row is not None)

    def queued(ids: Any) -> list[tuple[str, bytes]]:
        rows = [memory.row(job_id) for job_id in ids]
        return [("gone", b"") if row is None else (row.jid, row.payload) for row in rows]

    return {
        "queues": {n: (queued(q.ids), q.paused) for n, q in memory.queues.items()},
        "sets": [payloads(memory.in_state(state)) for state in (SCHEDULED, RETRIES, DEAD)],
        "sizes": dict(memory.sizes),
        "working": payloads(row for copies in memory.working.values() for row in copies),
        "tallies": {k: v for k, v in memory.tallies.items() if not k.startswith("size:")},
        "parameters": memory.parameters,
        "acts": [name for name in ACTS if memory.acts.result(name, 0) is not None],
        "finished": (
            max(memory.finished._first, memory.finished.forget + 1),
            memory.finished._last,
        ),
    }


class Session:
    """Runs commands and notes after each which state there is, and what had been synced by then."""

    def __init__(self, engine: Running, vfs: PowerVFS, clock: Clock) -> None:
        self.engine, self.vfs, self.clock = engine, vfs, clock
        self.states = [state_of(engine.engine.memory)]
        # Event of the platter by which a state was promised, by its number.
        self.promises = [(0, 0)]

    def done(self, *, durable: bool) -> None:
        self.states.append(state_of(self.engine.engine.memory))
        if durable:
            self.promises.append((len(self.vfs.disk.past.events), len(self.states) - 1))

    async def ask(self, peer: Peer, line: str, *, durable: bool = True) -> None:
        answer = await peer.ask(line)
        assert not str(answer).startswith("-"), (line, answer)
        self.done(durable=durable)

    def lawful(self, event: int) -> list[State]:
        """Return the states that may be found after a cut before ``event``."""
        promised = max(number for at, number in self.promises if at <= event)
        return self.states[promised:]


async def _script(session: Session) -> None:
    """Use every command that changes anything, in an order that meets every kind of row."""
    peer = await session.engine.peer()
    clock, engine = session.clock, session.engine.engine

    def job(jid: str, **more: Any) -> str:
        return json.dumps({"jid": jid, "jobtype": "T", "args": [jid], **more})

    def ack(jid: str) -> str:
        return f'ACK {{"jid":"{jid}"}}'

    later = format_time(clock() + 50)
    for round_ in range(2):
        r = f"r{round_}"
        for number in range(4):
            await session.ask(peer, "PUSH " + job(f"{r}-push-{number}", queue=f"{r}-a"))
        await session.ask(peer, "PUSH " + job(f"{r}-later-1", at=later))
        await session.ask(peer, "PUSH " + job(f"{r}-later-2", at=later, queue=f"{r}-b"))
        bulk = ",".join(job(f"{r}-bulk-{n}", queue=f"{r}-bulk", fill="x" * 700) for n in range(30))
        await session.ask(peer, f"PUSHB [{bulk}]")
        await session.ask(peer, f"QUEUE PAUSE {r}-bulk")
        for _ in range(3):
            await session.ask(peer, f"FETCH {r}-a", durable=False)
        await session.ask(peer, ack(f"{r}-push-0"))
        fail = '{"jid":"%s","errtype":"E","message":"m","backtrace":["a","b"]}'
        await session.ask(peer, "FAIL " + fail % f"{r}-push-1")
        await session.ask(peer, "QUEUE RESUME *")
        await session.ask(peer, f"FETCH {r}-bulk", durable=False)
        await session.ask(peer, ack(f"{r}-bulk-0"))
        await session.ask(peer, "PUSH " + job(f"{r}-dies-1", queue=f"{r}-c", retry=-1))
        await session.ask(peer, f"FETCH {r}-c", durable=False)
        await session.ask(peer, "FAIL " + fail % f"{r}-dies-1")
        await session.ask(peer, "PUSH " + job(f"{r}-drop-1", queue=f"{r}-c", retry=0))
        await session.ask(peer, f"FETCH {r}-c", durable=False)
        await session.ask(peer, "FAIL " + fail % f"{r}-drop-1")
        clock.ahead += 60
        timers.move_due(engine)
        session.done(durable=False)
        await session.ask(peer, "PUSH " + job(f"{r}-short-1", queue=f"{r}-d", reserve_for=60))
        await session.ask(peer, f"FETCH {r}-d", durable=False)
        clock.ahead += 61
        timers.reap(engine)
        session.done(durable=False)
        for cmd, target in (("kill", "retries"), ("requeue", "dead"), ("discard", "scheduled")):
            line = f'{{"cmd":"{cmd}","target":"{target}","filter":{{"jobtype":"T"}}}}'
            await session.ask(peer, f"MUTATE {line}")
        await session.ask(peer, 'MUTATE {"cmd":"clear","target":"dead"}')
        await session.ask(peer, f"QUEUE REMOVE {r}-b")
        await engine.configure(
            changed(engine.memory.parameters, {"default_retry": round_, "finished_most": 3})
        )
        session.done(durable=True)
        await _acts(session, r)
        if round_ == 0:
            await session.ask(peer, f"QUEUE PAUSE {r}-a {r}-c")
    await session.ask(peer, "FLUSH")
    for number in range(3):
        await session.ask(peer, "PUSH " + job(f"after-flush-{number}", queue="a"))


async def _acts(session: Session, r: str) -> None:
    """Delete what waits in a queue and put it back; kill, retry and push by acts."""
    engine, memory = session.engine.engine, session.engine.engine.memory
    rows = [row for number in memory.queues[f"{r}-bulk"].ids if (row := memory.row(number))]
    named = [(row.id, row.state, row.score) for row in rows[3:9]]
    fields = KeptJob.__struct_fields__[1:]
    kept = [KeptJob(row.id, *(getattr(row, name) for name in fields)) for row in rows[3:9]]
    later = f'{{"jid":"{r}-pushed","jobtype":"T","args":[],"at":"{FAR}"}}'
    for act in (
        ChangeJobs(id=f"{r}-delete", change="delete", entries=named),
        PutBack(id=f"{r}-back", jobs=kept),
        SetPaused(id=f"{r}-pause", queue=f"{r}-bulk", paused=True),
        PushJob(id=f"{r}-push", job=later),
        CallOff(id=f"{r}-void"),
    ):
        await do(engine, act)
        session.done(durable=True)
    (far,) = (row for row in memory.in_state(SCHEDULED) if row and row.jid == f"{r}-pushed")
    entry = (far.id, far.state, far.score)
    await do(engine, ChangeJobs(id=f"{r}-kill", change="kill", entries=[entry]))
    session.done(durable=True)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


async def _session(name: str, data: Path, honesty: Honesty = Honesty.SYNCS) -> Session:
    vfs, clock = PowerVFS(name), Clock()
    disk = vfs.as_disk(honesty)
    async with running(data, disk=disk, timers=BY_HAND, clock=clock) as engine:
        session = Session(engine, vfs, clock)
        await _script(session)
    return session


def restored(files: Files, folder: Path, vfs: PowerVFS | None = None) -> State:
    """Return what an engine finds that starts on ``files``."""
    lay_out(files, folder)
    if vfs is not None:
        vfs.disk.holding(files, folder)
    store = Store(folder, None if vfs is None else vfs.as_disk())
    try:
        open_journal(store).close()
        with values_of(folder):
            return state_of(Memory(store))
    finally:
        store.close()


def losses(session: Session, into: Path, chance: random.Random | None) -> Iterator[str]:
    """Yield what is wrong after each cut."""
    for number, (event, files) in enumerate(session.vfs.disk.past.cuts(chance)):
        if not any(name.endswith("engine.db") for name in files):
            continue
        lawful = session.lawful(event)
        try:
            found = restored(files, into / f"cut-{number}")
        except (StoreError, apsw.Error) as error:  # the engine would not start, and say so
            yield f"event {event}: {error}"
            continue
        if found not in lawful:
            yield f"event {event}: {_difference(lawful[0], found)}"


def _difference(one: State, other: State) -> str:
    return "; ".join(f"{k}: {one[k]} is now {other[k]}" for k in one if one[k] != other[k])


@pytest.mark.parametrize("eager", [False, True], ids=["journal-ahead", "database-close"])
async def test_a_cut_at_any_sync_leaves_a_state_that_was_and_undoes_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, eager: bool
) -> None:
    if eager:
        monkeypatch.setattr(commit, "_SOON", 0.0)
        monkeypatch.setattr(commit, "_PART", 0)
    session = await _session(f"cut-{eager}", tmp_path / "data")
    assert len(session.vfs.disk.past.events) > 300
    assert any(state["tallies"] for state in session.states)

    def look(way: int) -> list[str]:
        into = tmp_path / f"way-{way}"
        into.mkdir()
        chance = random.Random(way) if way else None
        return list(losses(session, into, chance))

    for way in range(1 + WAYS):
        assert await asyncio.to_thread(look, way) == []


@pytest.mark.parametrize("honesty", [Honesty.EARLY, Honesty.NEVER, Honesty.OFF])
async def test_the_harness_finds_what_a_disk_that_lies_has_lost(
    honesty: Honesty, tmp_path: Path
) -> None:
    session = await _session(f"liar-{honesty.name}", tmp_path / "data", honesty)
    for way in range(3):
        into = tmp_path / f"way-{way}"
        into.mkdir()
        found = losses(session, into, random.Random(way) if way else None)
        assert await asyncio.to_thread(next, found, None) is not None


async def test_power_lost_again_while_the_engine_recovers_changes_nothing(
    tmp_path: Path,
) -> None:
    session = await _session("again", tmp_path / "data")
    chance = random.Random(3)
    cuts = [cut for cut in session.vfs.disk.past.cuts(chance) if len(cut[1]) > 2]

    def look() -> int:
        looked = 0
        for number, (_, files) in enumerate(cuts[:: max(1, len(cuts) // 12)]):
            vfs = PowerVFS(f"recovering-{number}")
            wanted = restored(files, tmp_path / f"first-{number}", vfs)
            begun = len(files)
            for again, (_, later) in enumerate(vfs.disk.past.cuts(chance)):
                if again < begun:
                    continue
                assert restored(later, tmp_path / f"again-{number}-{again}") == wanted
                looked += 1
        return looked

    assert await asyncio.to_thread(look) > 40


async def test_an_engine_that_starts_after_a_cut_finds_nothing_to_complain_of(
    tmp_path: Path,
) -> None:
    session = await _session("started", tmp_path / "data")
    chance = random.Random(5)
    cuts = [files for _, files in session.vfs.disk.past.cuts(chance)]
    for number, files in enumerate(cuts[20 :: len(cuts) // 6]):
        folder = lay_out(files, tmp_path / f"cut-{number}")
        async with running(folder) as engine:
            peer = await engine.peer()
            await peer.push("job-after-1", queue="a")
        assert [p for p in check(folder).problems if p.kind != "permissions"] == []
