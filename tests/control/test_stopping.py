"""Stopping: for who may begin it, with the same factor; recorded before it takes effect."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.control.group_commit import GroupCommit
from glasshouse.control.refusals import AuditUnavailableError, FactorRequiredError, NotAllowedError
from glasshouse.control.requester import Requester
from glasshouse.ledger.record import Event
from glasshouse.model.errors import InvalidError, NotFoundError, StoreError
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage.tables import OPERATION
from glasshouse.upstream import embedded_operator

from .house import BOSS, living, requester
from .midst import begun

RULES = Rules(
    roles=resolve(
        {
            "boss": RoleTable(inherits="viewer", allow=("*",), factor_age="10m"),
            "mail": RoleTable(inherits="viewer", allow=("*",), queues=("mail",), factor_age="none"),
            "pair": RoleTable(
                inherits="viewer", allow=("*",), second_person=("*",), factor_age="none"
            ),
        }
    )
)
PROVEN = requester("boss", RULES, factor_age=5)
UNPROVEN = requester("boss", RULES)
LATE = requester("boss", RULES, factor_age=3600)
DENIED = [
    (UNPROVEN, FactorRequiredError, "no_factor"),
    (LATE, FactorRequiredError, "old_factor"),
    (requester("viewer", RULES), NotAllowedError, "not_granted"),
    (requester("viewer", RULES, name="local:other"), NotAllowedError, "not_granted"),
    (requester("mail", RULES, name="local:other"), NotAllowedError, "other_queue"),
]


@pytest.mark.parametrize(("who", "kind", "why"), DENIED)
async def test_who_may_not_begin_it_cannot_stop_it_and_that_is_recorded(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    who: Requester,
    kind: type[NotAllowedError],
    why: str,
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path) as house:
        operation, operator = await begun(house, PROVEN)
        with pytest.raises(kind):
            await house.control.stop(who, operation)
        (refused,) = house.records(Event.REFUSED)
        assert refused["who"]["name"] == who.who.name
        told = refused["detail"]
        assert (told["action"], told["operation"], told["rule"]) == ("stop", "queue.clear", why)
        operator.go.set()
        await house.control.settled()
        found = await house.control.status(operation)
        assert found is not None
        assert (found.running.outcome, found.running.stopped_by) == ("done", "")
        # What has ended is not for everybody to stop either.
        with pytest.raises(kind):
            await house.control.stop(who, operation)
        await operator.close()


async def test_who_stopped_it_is_recorded_once_and_before_it_takes_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    second = requester("boss", RULES, name="local:second", factor_age=5)
    async with living(tmp_path) as house:
        operation, operator = await begun(house, PROVEN)
        stops = [house.control.stop(who, operation) for who in (second, PROVEN, second)]
        await asyncio.gather(*stops)
        (stopped,) = house.records(Event.STOPPED)
        assert stopped["who"]["name"] == "local:second"
        assert stopped["detail"]["operation"] == "queue.clear"
        operator.go.set()
        await house.control.settled()
        (outcome,) = house.records(Event.OUTCOME)
        (intent,) = house.records(Event.INTENT)
        assert stopped["detail"]["intent"] == outcome["detail"]["intent"] == str(intent["seq"])
        assert (outcome["detail"]["outcome"], outcome["detail"]["stopped_by"]) == (
            "stopped",
            "local:second",
        )
        assert intent["seq"] < stopped["seq"] < outcome["seq"]
        await house.control.stop(second, operation)
        assert len(house.records(Event.STOPPED)) == 1
        await operator.close()


async def test_it_takes_no_second_person_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path) as house:
        operation, operator = await begun(house, PROVEN)
        await house.control.stop(requester("pair", RULES, name="local:pair"), operation)
        operator.go.set()
        await house.control.settled()
        assert house.records(Event.OUTCOME)[0]["detail"]["stopped_by"] == "local:pair"
        await operator.close()


async def test_a_stop_that_cannot_be_recorded_does_not_take_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path) as house:
        operation, operator = await begun(house, PROVEN)

        async def full(*_: object) -> int:
            raise StoreError("no room")

        with monkeypatch.context() as patch:
            patch.setattr(GroupCommit, "write", full)
            with pytest.raises(AuditUnavailableError):
                await house.control.stop(PROVEN, operation)
        operator.go.set()
        await house.control.settled()
        assert house.records(Event.OUTCOME)[0]["detail"]["outcome"] == "done"
        await operator.close()


async def test_what_is_done_at_once_or_not_there_cannot_be_stopped(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 1)
        with pytest.raises(NotFoundError):
            await house.control.stop(BOSS, "0" * 32)
        done = await house.ask("queue.pause", queue="q")
        await house.control.stop(BOSS, done.running.id)
        house.control.database.call(_reopen)
        with pytest.raises(InvalidError, match="single step"):
            await house.control.stop(BOSS, done.running.id)
        assert house.records(Event.STOPPED) == []


def _reopen(db: sa.Connection) -> None:
    db.execute(sa.update(OPERATION).values(ended_at=None))
