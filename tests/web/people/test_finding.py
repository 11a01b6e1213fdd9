"""Accounts are found for all who ask at once, and never as they were before somebody asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glasshouse.model.errors import StoreError
from glasshouse.storage import accounts
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Call, Database, P, T, sqlite_url
from glasshouse.web.auth.account_lookup import Finder


class Looking(Database):
    """A database whose look-ups are counted; each waits, when it has read, until it may go on."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: list[int] = []
        self.has_read, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()
        self.fails = False

    async def run(self, ask: Call[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        (names,) = args
        assert isinstance(names, tuple)
        self.asked.append(len(names))
        if self.fails:
            raise StoreError("The disk is gone.")
        found = await super().run(ask, *args, **kwargs)
        self.has_read.set()
        await self.may_go_on.wait()
        return found


@pytest.fixture
async def looking(tmp_path: Path) -> AsyncIterator[Looking]:
    made = Looking(sqlite_url(tmp_path))
    for name in ("ops", "helper"):
        account = Account(name=name, password="hash", role="viewer", created_at=0.0)
        made.call(accounts.add, account)
    yield made
    made.close()


async def under_way(looking: Looking) -> tuple[Finder, asyncio.Task[Account | None]]:
    """Return a finder, and its look-up that has read an account and may not go on yet."""
    finder = Finder(looking)
    looking.may_go_on.clear()
    look = asyncio.create_task(finder.find("ops"))
    await looking.has_read.wait()
    return finder, look


async def test_all_who_ask_meanwhile_are_answered_by_one_look(
    looking: Looking,
) -> None:
    finder, first = await under_way(looking)
    names = ["ops", "helper", "nobody"] * 20
    rest = [asyncio.create_task(finder.find(name)) for name in names]
    await asyncio.sleep(0)
    looking.may_go_on.set()
    found = await asyncio.gather(*rest)
    assert [None if one is None else one.name for one in found] == ["ops", "helper", None] * 20
    assert await first == found[0]
    assert looking.asked == [1, 3]


async def test_who_asks_after_a_change_sees_it_although_a_look_is_under_way(
    looking: Looking,
) -> None:
    finder, before = await under_way(looking)
    looking.call(accounts.remove, "ops")
    after = asyncio.create_task(finder.find("ops"))
    await asyncio.sleep(0)
    looking.may_go_on.set()
    assert await before is not None
    assert await after is None


async def test_a_failure_is_told_to_each_and_the_next_who_ask_are_answered(
    looking: Looking,
) -> None:
    finder = Finder(looking)
    looking.fails = True
    told = await asyncio.gather(*(finder.find("ops") for _ in range(3)), return_exceptions=True)
    assert [str(one) for one in told] == ["The disk is gone."] * 3
    looking.fails = False
    found = await finder.find("ops")
    assert found is not None


async def test_who_goes_away_does_not_take_the_look_of_others_along(
    looking: Looking,
) -> None:
    finder = Finder(looking)
    looking.may_go_on.clear()
    gone, stays = (asyncio.create_task(finder.find("ops")) for _ in range(2))
    await looking.has_read.wait()
    gone.cancel()
    looking.may_go_on.set()
    found = await stays
    assert found is not None
    assert gone.cancelled()


async def test_more_names_than_a_query_may_hold_are_found_by_several(
    looking: Looking,
) -> None:
    finder = Finder(looking)
    names = [f"name-{number}" for number in range(1100)] + ["ops"]
    found = await asyncio.gather(*map(finder.find, names))
    assert [one is not None for one in found] == [False] * 1100 + [True]
    assert looking.asked == [500, 500, 101]
