"""Operations whose data are gone, or that meet a fault: they end as failed, and it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from glasshouse.ledger.record import Event
from glasshouse.storage import trash
from glasshouse.storage.tables import CHUNK, OPERATION
from glasshouse.upstream import embedded_operator
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.operator import Entry

from .console import settled
from .house import BOSS, House, living, order
from .midst import begun

Spoil = Callable[[sa.Connection], Any]


def _no_jobs(db: sa.Connection) -> None:
    db.execute(sa.delete(CHUNK))


def _no_list(db: sa.Connection) -> None:
    db.execute(sa.update(CHUNK).values(entries=b"\xc1"))


def _no_order(db: sa.Connection) -> None:
    db.execute(sa.update(OPERATION).values(asked=b"{", who=b""))


async def _failed(house: House, operation: str) -> dict[str, str]:
    """Check that it ended once, as failed; return what its outcome tells."""
    found = await house.control.status(operation)
    assert found is not None
    assert found.running.outcome == "failed"
    assert found.running.ended_at is not None
    (outcome,) = house.records(Event.OUTCOME)
    assert outcome["detail"]["outcome"] == "failed"
    assert outcome["detail"]["told"]
    assert outcome["who"]["name"] == "local:ops"
    detail: dict[str, str] = outcome["detail"]
    return detail


@pytest.mark.parametrize("spoil", [_no_jobs, _no_list])
async def test_what_is_gone_in_the_midst_ends_it(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path, url=url) as house:
        before = await house.fill("p", 1)
        operation, operator = await begun(house, BOSS)
        house.control.database.call(spoil)
        operator.go.set()
        await settled(house.control.database)
        detail = await _failed(house, operation)
        # The second step was done, and not counted: that is said.
        assert (detail["jobs"], detail["of"]) == ("2", "5")
        assert "did more" in detail["told"]
        assert sorted(house.state_of()) == [*before, "q-0000004"]
        # All that is gone from the server can be put back, counted or not.
        back = await house.agree("trash.restore", record=int(detail["intent"]))
        assert (back.running.outcome, back.running.done) == ("done", 4)
        assert len(house.jobs()) == 6
        await operator.close()


@pytest.mark.parametrize("spoil", [_no_jobs, _no_list, _no_order])
async def test_what_is_gone_at_a_start_ends_it(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path, url=url) as house:
        operation, operator = await begun(house, BOSS)
        await house.control.close()
        house.control.database.call(spoil)
        async with living(tmp_path / "again", url=url, engine=house.engine) as again:
            await settled(again.control.database)
            detail = await _failed(again, operation)
            assert (detail["jobs"], detail["of"]) == ("2", "5")
            # The second step was asked for by nobody any more: it is not done later either.
            operator.go.set()
            assert len(again.jobs()) == 3
            assert len(again.control.database.call(trash.jobs, operation)) == 2


async def test_one_of_a_single_step_that_is_gone_does_not_keep_others_from_beingsettled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 3)
        shown = await house.control.preview(BOSS, "main", order("queue.clear", queue="q"))
        await house.ask("queue.clear", queue="q", preview=shown.preview)
        await house.ask("queue.pause", queue="q")

        def reopen(db: sa.Connection) -> None:
            """Make it as if the console had ended before it could tell."""
            values = {"ended_at": None, "outcome": "", "step": 0, "done": 0}
            db.execute(sa.update(OPERATION).values(**values, lease_expires_at=0))

        await house.control.close()
        known = len(house.records(Event.OUTCOME))
        house.control.database.call(reopen)
        async with living(tmp_path / "again", url=_url(tmp_path), engine=house.engine) as again:
            await settled(again.control.database)
            told = [r["detail"] for r in again.records(Event.OUTCOME)][known:]
        by_name = {detail["operation"]: detail["outcome"] for detail in told}
        assert by_name == {"queue.clear": "failed", "queue.pause": "done"}


async def test_a_fault_of_the_console_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path) as house:
        operation, operator = await begun(house, BOSS)

        faults = [ZeroDivisionError("once")]

        async def same(entries: Sequence[Entry]) -> set[int]:
            if faults:
                raise faults.pop()
            return await EmbeddedOperator.same(operator, entries)

        monkeypatch.setattr(operator, "same", same)
        operator.go.set()
        await settled(house.control.database)
        assert "console error" in (await _failed(house, operation))["told"]
        await operator.close()


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/state/console.db"
