"""A flush: every job goes to the trash, then the rest is forgotten; what comes meanwhile stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from glasshouse.control.refusals import PreviewNeededError
from glasshouse.engine import schema
from glasshouse.ledger.record import Event
from glasshouse.model.operation import Operation
from glasshouse.model.retention import Bounds
from glasshouse.upstream import embedded_operator

from .house import BOSS, FAR, House, living, order

FLUSH = Operation.SERVER_FLUSH


async def _furnished(house: House) -> None:
    await house.fill("q", 5)
    await house.fill("p", 3)
    await house.fill("later", 2, at=FAR)
    await house.dead("bad", 3)


def _logged(house: House) -> int:
    """Return how many executions the log has."""
    house.engine.engine.committer.settle()
    db = schema.open_reader(house.data)
    try:
        return len(list(db.execute("SELECT 1 FROM finished")))
    finally:
        db.close()


async def test_everything_is_forgotten_and_the_jobs_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 4)
    async with living(tmp_path) as house:
        await _furnished(house)
        peer = await house.engine.peer(wid="w1")
        assert await peer.ask("QUEUE PAUSE p") == "+OK"
        before = house.jobs()
        memory = house.engine.engine.memory
        assert memory.tallies["failures"] == _logged(house) == 3
        gone = (await house.agree(FLUSH, reason="a fresh start")).running
        assert (gone.outcome, gone.done, gone.total) == ("done", 13, 13)
        assert house.jobs() == []
        assert (list(memory.queues), memory.tallies.get("failures", 0)) == ([], 0)
        assert _logged(house) == 0
        back = await house.agree(Operation.TRASH_RESTORE, record=gone.record)
        assert (back.running.outcome, back.running.done) == ("done", 13)
        assert house.jobs() == before
        assert not memory.queues["p"].paused


async def test_jobs_that_ran_wait_again_before_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path) as house:
        jids = await house.fill("q", 7)
        peer = await house.engine.peer(wid="w1")
        for jid in jids[:3]:
            assert (await peer.fetch("q") or {})["jid"] == jid
        payloads = {row[4]: row[9] for row in house.jobs()}
        gone = await house.agree(FLUSH)
        assert (gone.running.outcome, gone.running.done) == ("done", 7)
        assert house.engine.engine.memory.working == {}
        # The worker is done with what nobody knows any more: that changes nothing.
        await peer.ask(f'ACK {{"jid":"{jids[0]}"}}')
        await house.agree(Operation.TRASH_RESTORE, record=gone.running.record)
        assert {row[4]: row[9] for row in house.jobs()} == payloads
        for jid in jids:
            assert (await peer.fetch("q") or {})["jid"] == jid


async def test_what_came_meanwhile_stays_and_the_counts_with_it(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await _furnished(house)
        shown = await house.control.preview(BOSS, "main", order(FLUSH))
        assert (shown.count, shown.undo) == (13, True)
        peer = await house.engine.peer(wid="w1")
        assert (await peer.fetch("q") or {})["jid"] == "q-0000000"
        await house.fill("q", 1, start=9)
        result = await house.ask(FLUSH, preview=shown.preview)
        assert (result.running.outcome, result.running.done) == ("partly", 12)
        assert result.moved == ("q-0000000",)
        assert "stay" in result.running.detail
        assert house.state_of() == {"q-0000000": 5, "q-0000009": 1}
        assert house.engine.engine.memory.tallies["failures"] == 3
        assert house.records(Event.OUTCOME)[0]["detail"]["outcome"] == "partly"


async def test_a_server_without_jobs_forgets_its_counts(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 1)
        peer = await house.engine.peer(wid="w1")
        await peer.fetch("q")
        assert await peer.ask('ACK {"jid":"q-0000000"}') == "+OK"
        memory = house.engine.engine.memory
        assert memory.tallies["processed"] == 1
        assert (await house.agree(FLUSH)).running.outcome == "done"
        assert (memory.tallies.get("processed", 0), list(memory.queues)) == (0, [])


async def test_a_flush_is_looked_at_first_and_says_what_cannot_come_back(tmp_path: Path) -> None:
    async with living(tmp_path, bounds=Bounds(most=10)) as house:
        await _furnished(house)
        with pytest.raises(PreviewNeededError):
            await house.ask(FLUSH)
        shown = await house.control.preview(BOSS, "main", order(FLUSH))
        assert shown.lost == 3


async def test_running_jobs_of_one_id_are_forgotten_each_for_itself(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        peer = await house.engine.peer(wid="w1")
        for _ in range(3):
            await peer.push("twin-0001", queue="q")
            await peer.fetch("q")
        shown = await house.control.preview(BOSS, "main", order(FLUSH))
        await house.fill("q", 1)
        result = await house.ask(FLUSH, preview=shown.preview)
        assert (result.running.outcome, result.running.done) == ("partly", 3)
        memory = house.engine.engine.memory
        assert memory.working == {}
        assert set(memory.sizes.values()) == {0}
        assert (await house.agree(FLUSH)).running.outcome == "done"
        assert memory.queues == {}


async def test_jobs_that_ended_by_themselves_are_no_reason_to_stay(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 3)
        peer = await house.engine.peer(wid="w1")
        shown = await house.control.preview(BOSS, "main", order(FLUSH))
        for _ in range(3):
            job = await peer.fetch("q")
            assert job is not None
            assert await peer.ask(f'ACK {{"jid":"{job["jid"]}"}}') == "+OK"
        result = await house.ask(FLUSH, preview=shown.preview)
        running = result.running
        assert (running.outcome, running.done, running.moved) == ("done", 0, 3)
        assert house.engine.engine.memory.queues == {}
