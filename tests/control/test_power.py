"""Power lost, or the console killed, at every step of an operation.

Whenever it is: no changed server without an intent; after a start every intent has one
outcome, which claims what happened and nothing else; what was deleted can be put back.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from glasshouse.control import selection
from glasshouse.control.control import Control
from glasshouse.engine.run import Timers
from glasshouse.ledger.record import Event
from glasshouse.ledger.verify import verify
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.upstream import embedded_operator
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from tests.engine.peer import running
from tests.steady import LONG

from .house import House
from .power import Moment, Recorder, WatchedDatabase, WatchedOperator, cuts, lay_out

BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)
# How many ways unsynced blocks fall at each cut; more by hand: POWER_CUTS=20.
WAYS = int(os.environ.get("POWER_CUTS", "1"))
WAITING = 1
MANY = 7

SENT: dict[str, dict[str, Any]] = {
    "job.delete": {"set": "dead", "query": ""},
    "job.retry": {"set": "dead", "query": ""},
    "queue.clear": {"queue": "q"},
    "server.flush": {},
    "trash.restore": {},
    "queue.pause": {"queue": "q"},
    "job.push": {"job": '{"jid":"pushed-01","jobtype":"T","args":[],"queue":"q"}'},
    "server.configure": {"parameters": {"default_retry": 7}},
}


@contextlib.asynccontextmanager
async def _started(folder: Path) -> AsyncIterator[House]:
    """Start both from what is on the disks."""
    async with running(folder / "engine", timers=BY_HAND) as engine:
        database = Database(sqlite_url(folder / "state"))
        control = Control(
            database=database,
            operators={"main": EmbeddedOperator(folder / "engine")},
            patience=LONG,
        )
        try:
            await control.resume()
            await control.settled()
            yield House(engine, control, folder / "engine", folder / "state")
        finally:
            await control.close()
            database.close()


def _world(house: House) -> dict[str, Any]:
    memory = house.engine.engine.memory
    return {
        "jobs": house.jobs(),
        "paused": [name for name, queue in memory.queues.items() if queue.paused],
        "retry": memory.parameters.default_retry,
    }


async def _recorded(folder: Path, operation: str) -> tuple[list[Moment], dict[str, Any], Any, int]:
    """Do an operation; return what the disks held, and the world before and what it comes to."""
    data, state = folder / "engine", folder / "state"
    async with running(data, timers=BY_HAND) as engine:
        database, operator = WatchedDatabase(state), WatchedOperator(data)
        # Whoever starts from what was on the disk finds nothing that belongs to somebody.
        control = Control(database=database, operators={"main": operator}, patience=LONG, lease=0)
        house = House(engine, control, data, state)
        await house.fill("q", MANY)
        await house.dead("bad", MANY)
        sent = dict(SENT[operation])
        if operation == "trash.restore":
            deleted = await house.agree("job.delete", set="dead", query="")
            sent = {"record": deleted.running.record}
        before, known = _world(house), len(house.records())
        recorder = Recorder(state, data, folder / "kept")
        database.recorder = operator.recorder = recorder
        recorder.begin()
        result = await house.agree(operation, **sent)
        recorder.end()
        assert result.running.outcome == "done"
        after = _world(house)
        await control.close()
        database.close()
    return recorder.moments, before, after, known


@pytest.mark.parametrize("operation", SENT)
async def test_whenever_the_power_goes_the_ledger_tells_what_happened(
    tmp_path: Path, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 3)
    monkeypatch.setattr(selection, "CHUNK", 3)
    moments, before, after, known = await _recorded(tmp_path / "first", operation)
    assert len(moments) > 3
    seen = set()
    for number, moment in enumerate(cuts(moments, seed=len(operation), ways=WAYS)):
        folder = tmp_path / f"cut-{number}"
        lay_out(moment, folder)
        async with _started(folder) as house:
            seen.add(await _lawful(house, operation, before, after, known))
    # The cuts met an operation before, and one after it was done.
    assert {"", "done"} <= seen


async def _lawful(
    house: House, operation: str, before: dict[str, Any], after: dict[str, Any], known: int
) -> str:
    """Check what both tell after a start; return the outcome, or nothing without an intent."""
    records = house.records()[known:]
    intents = [record for record in records if record["event"] == Event.INTENT]
    outcomes = [record for record in records if record["event"] == Event.OUTCOME]
    name, head = (
        house.control.database.call(ledger.ledger_id),
        house.control.database.call(ledger.end),
    )
    assert verify(name, ledger.walk(house.control.database), [], head).fault is None
    now = _world(house)
    if not intents:
        assert (now, outcomes) == (before, [])
        return ""
    assert len(intents) == len(outcomes) == 1
    told = outcomes[0]["detail"]
    assert told["intent"] == str(intents[0]["seq"])
    if "jobs" not in told:
        assert now == (after if told["outcome"] == "done" else before)
        return str(told["outcome"])
    if operation == "server.flush" and told["outcome"] == "done":
        assert not house.engine.engine.memory.queues
    await _counted(house, operation, int(told["jobs"]), before, after)
    assert told["outcome"] == ("done" if told["jobs"] == told["of"] else told["outcome"])
    return str(told["outcome"])


async def _counted(
    house: House, operation: str, claimed: int, before: dict[str, Any], after: dict[str, Any]
) -> None:
    now, was = house.jobs(), before["jobs"]
    if operation == "job.retry":
        assert sorted(row[4] for row in now) == sorted(row[4] for row in was)
        assert sum(row[1] == WAITING for row in now) - MANY == claimed
    elif operation == "trash.restore":
        assert len(now) - len(was) == claimed
        assert set(now) <= set(after["jobs"])
    else:
        assert len(was) - len(now) == claimed
        assert set(now) <= set(was)
        if claimed:
            intent = house.records(Event.INTENT)[-1]
            back = await house.agree("trash.restore", record=intent["seq"])
            assert (back.running.outcome, back.running.done) == ("done", claimed)
        assert house.jobs() == was
