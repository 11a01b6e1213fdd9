"""Nothing is acknowledged before it would survive a loss of power."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from glasshouse.engine import schema

from .peer import Running, running
from .power import PowerVFS


def _jids(folder: Path) -> set[str]:
    db = schema.open_writer(folder)
    try:
        return {jid for (jid,) in db.execute("SELECT jid FROM job")}
    finally:
        db.close()


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


async def test_the_power_loss_test_can_fail_without_sync(tmp_path: Path) -> None:
    vfs = PowerVFS("power-off")
    async with running(tmp_path / "data", disk=vfs.as_disk(synced=False)) as engine:
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


async def test_the_answer_waits_for_its_sync_and_a_slow_sync_stalls_nobody_else(
    tmp_path: Path,
) -> None:
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


@pytest.mark.parametrize("state", ["full", "read-only"])
async def test_a_failed_commit_is_answered_with_an_error_and_loses_nothing(
    tmp_path: Path, state: str
) -> None:
    async with running(tmp_path / "data") as engine:
        peer = await engine.peer()
        await peer.push("job-before-1")
        blocker = schema.open_writer(engine.data)
        blocker.set_busy_timeout(0)
        # The trigger makes SQLite itself refuse the write, as a full disk would.
        blocker.execute(
            f"CREATE TRIGGER t BEFORE INSERT ON job BEGIN SELECT raise(ABORT, 'disk {state}'); END"
        )
        refused = await peer.ask('PUSH {"jid":"job-refused","jobtype":"T","args":[]}')
        assert isinstance(refused, str)
        assert refused.startswith("-ERR storage failed, nothing was done")
        blocker.execute("DROP TRIGGER t")
        blocker.close()
        again = 'PUSH {"jid":"job-after-01","jobtype":"T","args":[]}'
        while str(await peer.ask(again)).startswith("-ERR storage failed"):
            await asyncio.sleep(0.01)
        fetched = [(await peer.fetch() or {})["jid"] for _ in range(2)]
        assert fetched == ["job-before-1", "job-after-01"]
