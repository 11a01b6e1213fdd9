"""Nothing is acknowledged before it would survive a loss of power."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import time
from pathlib import Path

import pytest

from glasshouse.engine import commit, schema
from glasshouse.engine.disk import Disk, PlainFile
from glasshouse.engine.journal_reading import JournalDamagedError
from glasshouse.engine.recovery import replay
from glasshouse.engine.run import Timers
from glasshouse.engine.store import Store
from tests.steady import LONG

from .peer import Peer, Running, running
from .power import Honesty, PowerVFS


def _jids(folder: Path) -> set[str]:
    """Return the jobs that are there after a start; none where the engine refuses to start."""
    store = Store(folder)
    try:
        try:
            replay(store)
        except JournalDamagedError:
            return set()
        return {jid for (jid,) in store._one("SELECT jid FROM job")}
    finally:
        store.close()


async def _push_and_cut(
    engine: Running, vfs: PowerVFS, into: Path
) -> tuple[set[str], list[set[str]]]:
    """Push from several connections; cut the power after each 25th answer."""
    acknowledged: set[str] = set()
    missing: list[set[str]] = []

    async def pusher(number: int) -> None:
        peer = await engine.peer()
        for turn in range(50):
            jid = f"jid-{number:03}-{turn:04}"
            await peer.push(jid, queue=f"q{number % 3}")
            acknowledged.add(jid)
            if len(acknowledged) % 25 == 0:
                known, cut = set(acknowledged), into / f"cut-{len(acknowledged)}"
                vfs.disk.power_loss(cut)
                missing.append(known - await asyncio.to_thread(_jids, cut))
        peer.close()

    await asyncio.gather(*(pusher(number) for number in range(8)))
    return acknowledged, missing


async def test_after_power_loss_every_acknowledged_push_is_there(tmp_path: Path) -> None:
    vfs = PowerVFS("power-full")
    async with running(tmp_path / "data", disk=vfs.as_disk()) as engine:
        acknowledged, missing = await _push_and_cut(engine, vfs, tmp_path)
    assert len(acknowledged) == 400
    assert len(missing) == 16
    assert missing == [set()] * 16


@pytest.mark.parametrize("honesty", [Honesty.NEVER, Honesty.OFF])
async def test_the_power_loss_test_can_fail_without_sync(honesty: Honesty, tmp_path: Path) -> None:
    vfs = PowerVFS(f"power-{honesty.name}")
    async with running(tmp_path / "data", disk=vfs.as_disk(honesty)) as engine:
        _, missing = await _push_and_cut(engine, vfs, tmp_path)
    assert any(missing)


async def test_an_acknowledged_ack_and_fail_survive_power_loss(tmp_path: Path) -> None:
    vfs = PowerVFS("power-ack")
    async with running(tmp_path / "data", disk=vfs.as_disk()) as engine:
        peer = await engine.peer()
        for number in range(4):
            await peer.push(f"job-{number:08}")
        for _ in range(2):
            assert await peer.fetch() is not None
        assert await peer.ask('ACK {"jid":"job-00000000"}') == "+OK"
        assert await peer.ask('FAIL {"jid":"job-00000001","errtype":"E","message":"m"}') == "+OK"
        vfs.disk.power_loss(tmp_path / "cut")
    async with running(tmp_path / "cut") as engine:
        peer = await engine.peer()
        info = (await peer.info())["faktory"]
        assert info["queues"] == {"default": 2}
        assert info["sets"] == {"scheduled": 0, "retries": 1, "dead": 0, "working": 0}
        assert (info["total_processed"], info["total_failures"]) == (2, 1)


async def test_many_commands_of_one_turn_share_one_sync(tmp_path: Path) -> None:
    vfs = PowerVFS("power-group")
    async with running(tmp_path / "data", disk=vfs.as_disk()) as engine:
        peer = await engine.peer()
        before = vfs.disk.syncs
        lines = [f'PUSH {{"jid":"job-{n:08}","jobtype":"T","args":[]}}' for n in range(500)]
        peer.send(*lines)
        assert [await peer.reply() for _ in lines] == ["+OK"] * 500
        assert vfs.disk.syncs - before < 50


@pytest.mark.parametrize("soon", [False, True], ids=["", "database-close"])
async def test_the_answer_waits_for_its_sync_and_a_slow_sync_stalls_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, soon: bool
) -> None:
    if soon:  # The database follows meanwhile: that waits for no sync either.
        monkeypatch.setattr(commit, "_SOON", 0.0)
    vfs = PowerVFS("power-slow")
    async with running(tmp_path / "data", disk=vfs.as_disk()) as engine:
        pusher, onlooker = await engine.peer(), await engine.peer()
        vfs.disk.gate.clear()
        pusher.send('PUSH {"jid":"job-00001","jobtype":"T","args":[]}')
        answer = asyncio.create_task(pusher.reply())
        seen = 0
        while seen == 0:
            seen = (await onlooker.info())["faktory"]["total_enqueued"]
        onlooker.send('PUSH {"jid":"job-00002","jobtype":"T","args":[]}', "INFO")
        onlooker_answer = asyncio.create_task(onlooker.reply())
        third = await engine.peer()
        while (await third.info())["faktory"]["total_enqueued"] < 2:
            pass
        assert not answer.done()
        assert not onlooker_answer.done()
        vfs.disk.gate.set()
        assert await answer == "+OK"
        assert await onlooker_answer == "+OK"


async def test_an_ack_sent_again_is_answered_no_sooner_than_the_first(tmp_path: Path) -> None:
    vfs = PowerVFS("power-ack-twice")
    async with running(tmp_path / "data", disk=vfs.as_disk()) as engine:
        lost, again, onlooker = [await engine.peer() for _ in range(3)]
        await lost.push("job-00001")
        assert await lost.fetch() is not None
        vfs.disk.gate.clear()
        ack = 'ACK {"jid":"job-00001"}'
        lost.send(ack)
        while (await onlooker.info())["faktory"]["total_processed"] == 0:
            pass
        handled = (await onlooker.info())["server"]["command_count"]
        again.send(ack)
        answer = asyncio.create_task(again.reply())
        asked = 0
        while (await onlooker.info())["server"]["command_count"] <= handled + asked + 1:
            asked += 1
        for _ in range(3):
            await onlooker.info()
        assert not answer.done()
        vfs.disk.gate.set()
        assert await answer == "+OK"
        vfs.disk.power_loss(tmp_path / "cut")
    assert _jids(tmp_path / "cut") == set()


async def test_readers_see_right_sizes_after_a_replay_although_nothing_changes_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "_SOON", 3600)
    vfs = PowerVFS("power-sizes")
    never = Timers(due=3600, reap=3600)
    async with running(tmp_path / "data", disk=vfs.as_disk(), timers=never) as engine:
        peer = await engine.peer()
        await peer.push("job-later-1", at="2999-01-01T00:00:00Z")
        vfs.disk.power_loss(tmp_path / "cut")
    async with running(tmp_path / "cut", timers=never) as engine:
        assert engine.stored("SELECT value FROM tally WHERE name = 'size:2'") == [1]


async def _until_taken(peer: Peer, line: str) -> None:
    while str(await peer.ask(line)).startswith("-ERR storage failed"):
        await asyncio.sleep(0.01)


async def _drained(peer: Peer) -> list[str]:
    """Fetch and acknowledge everything; return the ids in order."""
    jids: list[str] = []
    while (await peer.info())["faktory"]["total_enqueued"]:
        jids.append((await peer.fetch() or {})["jid"])
        assert await peer.ask(f'ACK {{"jid":"{jids[-1]}"}}') == "+OK"
    return jids


async def test_a_database_that_refuses_stops_changes_and_loses_nothing(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine:
        peer = await engine.peer()
        await peer.push("job-before-1")
        blocker = schema.open_writer(engine.data)
        # The trigger makes SQLite itself refuse the write, as a full disk would.
        blocker.execute(
            "CREATE TRIGGER t BEFORE INSERT ON job BEGIN SELECT raise(ABORT, 'disk full'); END"
        )
        taken = ["job-before-1"]
        while True:
            jid = f"job-{len(taken):08}"
            answer = await peer.ask(f'PUSH {{"jid":"{jid}","jobtype":"T","args":[]}}')
            if answer != "+OK":
                break
            taken.append(jid)
        assert str(answer).startswith("-ERR storage failed, nothing was done: disk full")
        assert (await peer.info())["faktory"]["total_enqueued"] == len(taken)
        blocker.execute("DROP TRIGGER t")
        blocker.close()
        await _until_taken(peer, 'PUSH {"jid":"job-after-01","jobtype":"T","args":[]}')
        assert await _drained(peer) == [*taken, "job-after-01"]


class _FullLog(PlainFile):
    """A journal file that takes nothing, or half of it, while ``full``."""

    full = False

    def write(self, offset: int, data: bytes) -> None:
        if type(self).full:
            super().write(offset, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(offset, data)


async def test_a_journal_that_refuses_undoes_what_it_was_to_hold(tmp_path: Path) -> None:
    class Log(_FullLog):
        pass

    async with running(tmp_path / "data", disk=Disk(log=Log)) as engine:
        peer, other = await engine.peer(), await engine.peer()
        for number in range(3):
            await peer.push(f"job-before-{number}")
        assert (await other.fetch() or {})["jid"] == "job-before-0"
        Log.full = True
        refused = await peer.ask('PUSH {"jid":"job-refused","jobtype":"T","args":[]}')
        assert str(refused).startswith("-ERR storage failed, nothing was done")
        for line in ('ACK {"jid":"job-before-0"}', 'MUTATE {"cmd":"clear","target":"dead"}'):
            assert str(await other.ask(line)).startswith("-ERR storage failed")
        Log.full = False
        await _until_taken(peer, 'PUSH {"jid":"job-after-01","jobtype":"T","args":[]}')
        assert await other.ask('ACK {"jid":"job-before-0"}') == "+OK"
        info = (await peer.info())["faktory"]
        assert (info["total_processed"], info["sets"]["working"]) == (1, 0)
        assert await _drained(peer) == ["job-before-1", "job-before-2", "job-after-01"]
    async with running(tmp_path / "data") as engine:
        assert (await (await engine.peer()).info())["faktory"]["total_processed"] == 4


async def test_the_sizes_that_readers_see_are_right_again_soon_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    with monkeypatch.context() as patch:
        patch.setattr(commit, "_SOON", 3600)
        async with running(dead) as engine:
            peer = await engine.peer()
            await peer.push("job-later", at="2999-01-01T00:00:00Z")
            shutil.copytree(dead, alive, ignore=lambda _, names: {n for n in names if "sock" in n})
    async with running(alive) as engine:
        peer = await engine.peer()
        db = schema.open_reader(alive)
        try:
            until = time.monotonic() + LONG
            while not list(db.execute("SELECT 1 FROM tally WHERE name = 'size:2' AND value")):
                assert time.monotonic() < until
                await peer.info()
        finally:
            db.close()
