"""Operations that stand in the midst of their steps until a test has done what it wants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from glasshouse.control.requester import Requester
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.operator import Change, ChangeResult, Entry

from .house import House, order


class Waiting(EmbeddedOperator):
    """An operator whose second step waits until a test has done what it wants."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def change(
        self,
        act: str,
        step: int,
        change: Change,
        named: Sequence[Entry],
    ) -> ChangeResult:
        if step == 1:
            self.reached.set()
            await self.go.wait()
        return await super().change(act, step, change, list(named))


async def begun(house: House, who: Requester) -> tuple[str, Waiting]:
    """Clear a queue of five step by step; return when the second step is about to be done."""
    operator = Waiting(house.data)
    house.control.operators = house.control._going._operators = {"main": operator}
    house.control.patience = 0.01
    await house.fill("q", 5)
    shown = await house.control.preview(who, "main", order("queue.clear", queue="q"))
    sent = order("queue.clear", queue="q", preview=shown.preview)
    await house.control.perform(who, "main", sent)
    await operator.reached.wait()
    return shown.preview, operator
