"""Operations under way: agreed to twice, stopped, and previews that nobody agrees to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.control.refusals import PreviewStaleError
from glasshouse.ledger.record import Event
from glasshouse.storage.tables import CHUNK, PREVIEW
from glasshouse.upstream import embedded_operator

from .house import BOSS, House, living, order
from .midst import Waiting


async def test_agreed_to_twice_at_once_it_is_done_once(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 3)
        shown = await house.control.preview(BOSS, "main", order("queue.clear", queue="q"))
        sent = order("queue.clear", queue="q", preview=shown.preview)
        both = await asyncio.gather(*(house.control.perform(BOSS, "main", sent) for _ in range(5)))
        assert {(r.running.id, r.running.outcome, r.running.done) for r in both} == {
            (shown.preview, "done", 3)
        }
        assert len(house.records(Event.INTENT)) == len(house.records(Event.OUTCOME)) == 1


async def test_it_stops_before_its_next_step_and_tells_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path) as house:
        operator = Waiting(house.data)
        house.control.operators = {"main": operator}
        house.control._going._operators = {"main": operator}
        house.control.patience = 0.01
        await house.fill("q", 5)
        shown = await house.control.preview(BOSS, "main", order("queue.clear", queue="q"))
        sent = order("queue.clear", queue="q", preview=shown.preview)
        begun = await house.control.perform(BOSS, "main", sent)
        assert (begun.running.ended_at, begun.running.done) == (None, 2) or begun.running.done == 0
        await operator.reached.wait()
        await house.control.stop(BOSS, shown.preview)
        operator.go.set()
        await house.control.settled()
        found = await house.control.status(shown.preview)
        assert found is not None
        assert (found.running.outcome, found.running.done, found.running.total) == ("stopped", 4, 5)
        assert len(house.jobs()) == 1
        outcome = house.records(Event.OUTCOME)[0]["detail"]
        assert (outcome["outcome"], outcome["jobs"], outcome["of"]) == ("stopped", "4", "5")
        back = await house.agree("trash.restore", record=found.running.record)
        assert back.running.done == 4
        await operator.close()


async def test_only_the_newest_previews_of_somebody_are_kept(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 1)
        wanted = order("queue.clear", queue="q")
        shown = [await house.control.preview(BOSS, "main", wanted) for _ in range(22)]
        assert _kept(house) == (20, 20)
        with pytest.raises(PreviewStaleError):
            await house.ask("queue.clear", queue="q", preview=shown[0].preview)
        done = await house.ask("queue.clear", queue="q", preview=shown[-1].preview)
        assert done.running.outcome == "done"


def _kept(house: House) -> tuple[int, int]:
    def count(db: sa.Connection) -> tuple[int, int]:
        asked = [sa.select(sa.func.count()).select_from(table) for table in (PREVIEW, CHUNK)]
        return db.execute(asked[0]).scalar_one(), db.execute(asked[1]).scalar_one()

    return house.control.database.call(count)
