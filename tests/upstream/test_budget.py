"""The budget is never exceeded, however many ask; nobody is passed over."""

from __future__ import annotations

import asyncio
import time

import pytest

from glasshouse.upstream.budget import Budget, OverBudgetError
from tests.steady import LONG


async def test_no_window_ever_holds_more_than_the_budget() -> None:
    looked: list[float] = []

    def clock() -> float:
        looked.append(time.monotonic())
        return looked[-1]

    budget = Budget(5, window=0.1, clock=clock)
    at: list[float] = []

    async def ask() -> None:
        await budget.turn(patience=LONG)
        at.append(looked[-1])

    await asyncio.gather(*(ask() for _ in range(32)))
    assert budget.spent == 32
    for first, sixth in zip(at, at[5:], strict=False):
        assert sixth - first >= 0.1


async def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    budget = Budget(1, window=0.01)
    order: list[int] = []

    async def ask(number: int) -> None:
        await budget.turn(patience=LONG)
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(10)))
    assert order == list(range(10))


async def test_who_waits_too_long_is_told_so_and_spends_nothing() -> None:
    budget = Budget(1, window=30)
    await budget.turn(patience=1)
    with pytest.raises(OverBudgetError, match="as often as allowed"):
        await budget.turn(patience=0.02)
    assert budget.spent == 1


async def test_who_was_cancelled_while_waiting_does_not_hold_up_the_others() -> None:
    budget = Budget(1, window=0.05)
    await budget.turn(patience=LONG)
    waiting = asyncio.create_task(budget.turn(patience=LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await budget.turn(patience=LONG)
    assert budget.spent == 2
