"""Two consoles on one database: an operation belongs to one of them, and has one outcome."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.control.control import Control
from glasshouse.ledger.record import Event
from glasshouse.ledger.verify import verify
from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.storage import leases, ledger, operations
from glasshouse.storage.database import Database
from glasshouse.storage.leases import LeaseLostError
from glasshouse.storage.operations import RunningOperation as Operation
from glasshouse.upstream import embedded_operator
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.operator import Change, ChangeResult, Entry
from tests.engine.peer import Running, running
from tests.steady import LONG

from .house import BOSS, House, order

SHORT = 0.2


class Halting(EmbeddedOperator):
    """An operator that halts before or behind what it is told to, until a test lets it go on."""

    def __init__(self, data: Path, at: int | None = None, *, done: bool = False) -> None:
        super().__init__(data)
        self.at, self.done = at, done
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def _halt(self) -> None:
        self.reached.set()
        await self.go.wait()

    async def change(self, act: str, step: int, change: Change, named: list[Entry]) -> ChangeResult:
        if step == self.at and not self.done:
            await self._halt()
        made = await super().change(act, step, change, named)
        if step == self.at and self.done:
            await self._halt()
        return made

    async def pause(self, act: str, queue: str, *, paused: bool) -> ChangeResult:
        if self.at is not None and not self.done:
            await self._halt()
        made = await super().pause(act, queue, paused=paused)
        if self.at is not None:
            await self._halt()
            raise UpstreamUnavailableError("it does not say")
        return made


class Pair:
    """Two consoles over one server: the first halts."""

    def __init__(self, engine: Running, url: str, folder: Path) -> None:
        self.engine, self.url, self.folder = engine, url, folder
        self.stack = contextlib.AsyncExitStack()

    async def console(self, operator: EmbeddedOperator, *, lease: float) -> House:
        """Start a console."""
        database = Database(self.url)
        self.stack.callback(database.close)
        control = Control(
            database=database, operators={"main": operator}, patience=SHORT, lease=lease
        )
        self.stack.push_async_callback(control.close)
        await control.resume()
        return House(self.engine, control, self.engine.data, self.folder)


@pytest.fixture
async def pair(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with running(tmp_path / "engine") as engine:
        made = Pair(engine, url, tmp_path)
        async with made.stack:
            yield made


async def _ended(house: House) -> None:
    async with asyncio.timeout(LONG):
        while await house.control.database.run(operations.unended):
            await asyncio.sleep(0.02)


async def _clear(house: House, count: int = 7) -> str:
    """Begin to clear a queue; return the operation when it halts."""
    await house.fill("q", count)
    shown = await house.control.preview(BOSS, "main", order("queue.clear", queue="q"))
    sent = order("queue.clear", queue="q", preview=shown.preview)
    begun = await house.control.perform(BOSS, "main", sent)
    assert begun.running.ended_at is None
    return shown.preview


def _one_outcome(house: House, *, jobs: str | None = None) -> dict[str, str]:
    """Check that there is one intent with one outcome behind it, and a whole ledger."""
    (intent,) = house.records(Event.INTENT)
    told = house.records(Event.OUTCOME)
    (outcome,) = [r for r in told if r["detail"]["outcome"] != "unknown"]
    assert outcome is told[-1]
    assert outcome["detail"]["intent"] == str(intent["seq"])
    assert outcome["detail"].get("jobs") == jobs
    call = house.control.database.call
    head = call(ledger.end)
    assert (
        verify(call(ledger.ledger_id), ledger.walk(house.control.database), [], head).fault is None
    )
    detail: dict[str, str] = outcome["detail"]
    return detail


def _row(house: House, operation: str) -> Operation:
    found = house.control.database.call(operations.find, operation)
    assert found is not None
    return found


@pytest.mark.parametrize("done", [False, True])
async def test_a_console_that_starts_leaves_what_another_carries_out(
    pair: Pair, done: bool
) -> None:
    operator = Halting(pair.engine.data, at=1, done=done)
    first = await pair.console(operator, lease=LONG)
    operation = await _clear(first)
    await operator.reached.wait()
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=LONG)
    assert second.control._going._tasks == {}
    # Nothing of it is done by the second console, and it says so to who asks there.
    sent = order("queue.clear", queue="q", preview=operation)
    there = await second.control.perform(BOSS, "main", sent)
    assert (there.running.ended_at, there.running.id) == (None, operation)
    operator.go.set()
    await first.control.settled()
    assert _one_outcome(first, jobs="7")["outcome"] == "done"
    again = await second.control.perform(BOSS, "main", sent)
    assert (again.running.outcome, again.running.done) == ("done", 7)


@pytest.mark.parametrize("done", [False, True])
async def test_a_single_operation_in_flight_is_not_called_off_by_a_console_that_starts(
    pair: Pair, done: bool
) -> None:
    operator = Halting(pair.engine.data, at=0, done=done)
    first = await pair.console(operator, lease=LONG)
    await first.fill("q", 1)
    begun = await first.ask("queue.pause", queue="q")
    await operator.reached.wait()
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=LONG)
    assert second.control._going._tasks == {}
    operator.go.set()
    await first.control.settled()
    assert _one_outcome(first)["outcome"] == "done"
    assert pair.engine.engine.memory.queues["q"].paused
    assert _row(second, begun.running.id).outcome == "done"


@pytest.mark.parametrize("at", [0, 1, 3])
@pytest.mark.parametrize("done", [False, True])
async def test_what_stands_still_is_taken_up_and_its_console_writes_nothing_more(
    pair: Pair, at: int, done: bool
) -> None:
    operator = Halting(pair.engine.data, at=at, done=done)
    first = await pair.console(operator, lease=0)
    operation = await _clear(first)
    await operator.reached.wait()
    # It says nothing more: as if the whole process stood still.
    assert first.control._going._keeper is not None
    first.control._going._keeper.cancel()
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=SHORT)
    await _ended(second)
    assert _one_outcome(second, jobs="7")["outcome"] == "done"
    assert _row(second, operation).fence > 1
    told = second.records()
    back = await second.agree("trash.restore", record=_row(second, operation).record)
    assert (back.running.outcome, back.running.done) == ("done", 7)
    jobs = second.jobs()
    operator.go.set()
    await first.control.settled()
    # The first one wakes when all is done and undone: it changes nothing, and records nothing.
    assert second.jobs() == jobs
    assert len(jobs) == 7
    assert len(second.records()) == len(told) + 2
    found = await first.control.status(operation)
    assert found is not None
    assert (found.running.outcome, found.running.done) == ("done", 7)


async def test_what_another_console_stopped_is_not_done_later(pair: Pair) -> None:
    operator = Halting(pair.engine.data, at=1)
    first = await pair.console(operator, lease=0)
    operation = await _clear(first)
    await operator.reached.wait()
    assert first.control._going._keeper is not None
    first.control._going._keeper.cancel()
    await first.control.stop(BOSS, operation)
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=SHORT)
    await _ended(second)
    operator.go.set()
    await first.control.settled()
    assert _one_outcome(second, jobs="2")["outcome"] == "stopped"
    assert len(second.jobs()) == 5
    back = await second.agree("trash.restore", record=_row(second, operation).record)
    assert (back.running.outcome, back.running.done) == ("done", 2)


async def test_a_stop_asked_for_at_one_console_stops_what_another_carries_out(pair: Pair) -> None:
    operator = Halting(pair.engine.data, at=1)
    first = await pair.console(operator, lease=LONG)
    operation = await _clear(first)
    await operator.reached.wait()
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=LONG)
    await second.control.stop(BOSS, operation)
    operator.go.set()
    await first.control.settled()
    assert _one_outcome(first, jobs="4")["outcome"] == "stopped"
    assert len(first.jobs()) == 3


async def test_a_step_that_was_done_before_the_stop_was_seen_is_counted(pair: Pair) -> None:
    operator = Halting(pair.engine.data, at=1, done=True)
    first = await pair.console(operator, lease=LONG)
    operation = await _clear(first)
    await operator.reached.wait()
    await first.control.stop(BOSS, operation)
    # Killed between what the server did and the note of it.
    await first.control.close()
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=LONG)
    await _ended(second)
    detail = _one_outcome(second, jobs="4")
    assert (detail["outcome"], detail["stopped_by"]) == ("stopped", "local:ops")
    assert len(second.jobs()) == 3


async def test_what_ends_orderly_is_taken_up_at_once(pair: Pair) -> None:
    operator = Halting(pair.engine.data, at=1)
    first = await pair.console(operator, lease=LONG)
    await _clear(first)
    await operator.reached.wait()
    await first.control.close()
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=LONG)
    await _ended(second)
    assert _one_outcome(second, jobs="7")["resumed"] == "after a restart"


async def test_a_running_console_takes_up_what_another_leaves(pair: Pair) -> None:
    operator = Halting(pair.engine.data, at=1)
    second = await pair.console(EmbeddedOperator(pair.engine.data), lease=SHORT)
    first = await pair.console(operator, lease=SHORT)
    await _clear(first)
    await operator.reached.wait()
    for task in (first.control._going._keeper, *first.control._going._tasks.values()):
        assert task is not None
        task.cancel()
    await _ended(second)
    assert _one_outcome(second, jobs="7")["outcome"] == "done"


async def test_a_lease_that_is_renewed_is_kept_beyond_its_time(pair: Pair) -> None:
    operator = Halting(pair.engine.data, at=1)
    first = await pair.console(operator, lease=SHORT)
    operation = await _clear(first)
    await operator.reached.wait()
    until = _row(first, operation).lease_expires_at
    async with asyncio.timeout(LONG):
        while _row(first, operation).lease_expires_at <= until + 3 * SHORT:
            await asyncio.sleep(0.02)
    assert _row(first, operation).fence == 1
    operator.go.set()
    await first.control.settled()
    assert _one_outcome(first, jobs="7")["outcome"] == "done"


async def test_an_operation_is_taken_by_one_of_many_consoles(database: Database) -> None:
    def open_one(db: sa.Connection) -> None:
        made = Operation(
            id="o", record=1, server="main", operation="queue.clear", queue="q", actor="a",
            reason="", asked=b"", who=b"", steps=1, started_at=0.0,
        )  # fmt: skip
        operations.begin(db, 0.0, operations.NewOperation(made, [], [], previewed=False, lease=0.0))

    database.call(open_one)
    names = [f"c{number}" for number in range(12)]
    claims = [database.run(leases.claim, name, ["main"], [], LONG) for name in names]
    taken: Sequence[list[Operation]] = await asyncio.gather(*claims)
    (mine,) = [one for found in taken for one in found]
    assert mine.fence == 1
    assert not database.call(leases.claim, "late", ["main"], [], LONG)
    assert not database.call(leases.claim, "late", ["other"], [], LONG)
    assert not database.call(leases.claim, "late", [], [], LONG)
    with pytest.raises(LeaseLostError):
        database.call(leases.hold, ("o", 0))
    database.call(leases.hold, ("o", 1))
    # Who is not the owner renews and releases nothing.
    database.call(leases.release, "late")
    assert not database.call(leases.claim, "late", ["main"], [], LONG)
    database.call(leases.release, mine.lease_owner)
    assert not database.call(leases.claim, "late", ["main"], ["o"], LONG)
    (later,) = database.call(leases.claim, "late", ["main"], [], LONG)
    assert later.fence == 2
    with pytest.raises(LeaseLostError):
        database.call(leases.hold, ("o", 1))


def test_leases_are_by_the_databases_clock(database: Database) -> None:
    def later(db: sa.Connection) -> bool:
        first = leases.moment(db)
        while leases.moment(db) <= first:
            pass
        return True

    # Within one transaction too: it may have waited for a lock.
    assert database.call(later)
