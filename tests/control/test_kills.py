"""SIGKILL at random while a console deletes 2,000 jobs or puts them back, on one folder.

Never a changed server without an intent, never a record that claims more than happened, and
all settled after a start; so too with two consoles on one database, of which one is killed,
or stands still for longer than what it carries out stays its own. More of them by hand:
``DESK_KILLS=100``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx

from glasshouse.engine import schema
from glasshouse.ledger.verify import verify
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from tests.engine.peer import Running, running

from .console import Console, add_boss, console, outcomes, records, settled
from .house import House

KILLS = int(os.environ.get("DESK_KILLS", "3"))
MANY = 2000


def _dead(engine: Running) -> list[tuple[Any, ...]]:
    engine.engine.committer.settle()
    db = schema.open_reader(engine.data)
    try:
        asked = "SELECT id, state, score, queue, jid, payload FROM job ORDER BY score, id"
        return list(db.execute(asked))
    finally:
        db.close()


async def _order(served: Console, there: bool, record: int) -> None:
    with contextlib.suppress(httpx.HTTPError, KeyError):
        if there:
            await served.agree(operation="job.delete", set="dead", query="")
        else:
            await served.agree(operation="trash.restore", record=record)


async def _undisturbed(served: Console, database: Database) -> tuple[float, int]:
    """Delete all and put it back; return the seconds of the longer one, and the last record."""
    took, record, seen = 0.0, 0, 0
    for there in (True, False):
        began = time.monotonic()
        await _order(served, there, record)
        await settled(database)
        took = max(took, time.monotonic() - began)
        told = records(database, seen)
        ((record, outcome),) = outcomes(told).items()
        assert (outcome["outcome"], outcome["jobs"]) == ("done", str(MANY))
        seen = max(r["seq"] for r in told)
    return took, seen


async def test_a_console_that_is_killed_at_random_leaves_the_truth_behind(tmp_path: Path) -> None:
    rng = random.Random(KILLS)
    kinds: dict[str, int] = {}
    async with running(tmp_path / "engine") as engine:
        database = Database(sqlite_url(tmp_path / "console/state"))
        add_boss(database)
        await House(engine, None, engine.data, tmp_path).dead("bad", MANY)  # type: ignore[arg-type]
        full = _dead(engine)
        there, record = True, 0
        async with console(tmp_path / "console", engine.data) as served:
            await served.start()
            longest, seen = await _undisturbed(served, database)
            for _ in range(KILLS):
                order = asyncio.create_task(_order(served, there, record))
                await asyncio.sleep(rng.uniform(0, longest))
                await served.kill()
                await order
                before = len([r for r in records(database, seen) if "outcome" in r["event"]])
                # Nothing is known of what it changed but what it wrote before.
                assert records(database, seen) or len(_dead(engine)) == (MANY if there else 0)
                await served.start()
                await settled(database)
                told = outcomes(records(database, seen))
                kind = "none" if not told else ("ended" if before else "cut off")
                kinds[kind] = kinds.get(kind, 0) + 1
                for intent, outcome in told.items():
                    assert outcome["jobs"] == str(MANY)
                    there, record = not there, intent
                seen = max([seen, *(r["seq"] for r in records(database))])
                assert _dead(engine) == (full if there else [])
        database.close()
    print(f"{KILLS} kills: {kinds}")


async def test_two_consoles_of_which_one_is_lost_at_random_tell_one_truth(
    tmp_path: Path, url: str
) -> None:
    rng = random.Random(KILLS)
    kinds: dict[str, int] = {}
    async with running(tmp_path / "engine") as engine, contextlib.AsyncExitStack() as stack:
        database = Database(url)
        stack.callback(database.close)
        add_boss(database)
        await House(engine, None, engine.data, tmp_path).dead("bad", MANY)  # type: ignore[arg-type]
        full = _dead(engine)
        there, record = True, 0
        pair = [
            await stack.enter_async_context(console(tmp_path / name, engine.data, url))
            for name in ("one", "two")
        ]
        for served in pair:
            await served.start()
        longest, seen = await _undisturbed(pair[0], database)
        for _ in range(KILLS):
            asked, lost = rng.choice(pair), rng.choice(pair)
            order = asyncio.create_task(_order(asked, there, record))
            await asyncio.sleep(rng.uniform(0, longest))
            if killed := rng.random() < 0.5:
                await lost.kill()
                await order
                await lost.start()
            else:
                lost.pause()
                await asyncio.sleep(rng.uniform(0, 3 * lost.lease))
                lost.go_on()
                await order
            await settled(database)
            told = outcomes(records(database, seen))
            kind = f"{'killed' if killed else 'stood still'}, "
            kind += ("asked" if asked is lost else "the other") if told else "nothing begun"
            kinds[kind] = kinds.get(kind, 0) + 1
            for intent, outcome in told.items():
                assert outcome["outcome"] == "done"
                assert outcome["jobs"] == str(MANY)
                there, record = not there, intent
            seen = max([seen, *(r["seq"] for r in records(database))])
            assert _dead(engine) == (full if there else [])
        head, name = database.call(ledger.end), database.call(ledger.ledger_id)
        assert verify(name, ledger.walk(database), [], head).fault is None
    print(f"{KILLS} losses: {kinds}")
