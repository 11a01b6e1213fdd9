"""SIGKILL at random under load, again and again on one folder: nothing acknowledged is undone.

More of them by hand: ``ENGINE_KILLS=200 pytest tests/engine/test_kills.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from pathlib import Path

from glasshouse.engine import schema
from glasshouse.engine.attachment import Attachment
from glasshouse.engine.check import check
from glasshouse.engine.memory import DEAD, WORKING
from tests.steady import LONG

from .load import Known, Stored, load
from .process import EngineProcess, process

KILLS = int(os.environ.get("ENGINE_KILLS", "8"))


async def _until_killed(engine: EngineProcess, known: Known, turn: int, rng: random.Random) -> None:
    pushed, ended = len(known.pushed), len(known.ended)
    tasks = await load(engine, known, turn, rng)
    async with asyncio.timeout(LONG):
        while len(known.pushed) <= pushed + 5 or len(known.ended) <= ended + 10:
            await asyncio.sleep(0.001)
    await asyncio.sleep(rng.uniform(0.02, 0.35))
    engine.process.kill()
    await engine.ended()
    for task in tasks:
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await task


async def _stored(folder: Path) -> Stored:
    attachment = Attachment(folder, patience=LONG)
    assert await attachment.settle()
    await attachment.close()
    db = schema.open_reader(folder)
    try:
        return list(db.execute("SELECT jid, state FROM job"))
    finally:
        db.close()


async def test_random_kills_under_load_undo_nothing(tmp_path: Path) -> None:
    rng = random.Random(KILLS)
    known, data = Known(), tmp_path / "data"
    for turn in range(KILLS):
        async with process(data, tmp_path / "log") as engine:
            known_at_start = known.problems(await _stored(data))
            assert known_at_start == []
            await _until_killed(engine, known, turn, rng)
    async with process(data, tmp_path / "log") as engine:
        assert known.problems(await _stored(data)) == []
        peer = await engine.peer()
        info = (await peer.info())["faktory"]
        assert await engine.terminate() == 0
    assert check(data).problems == []
    assert info["total_processed"] >= len(known.ended) + len(known.failed)
    assert len(known.pushed) > 5 * KILLS
    assert len(known.ended) > 10 * KILLS
    print(f"{KILLS} kills, {len(known.pushed)} pushes, {len(known.ended)} ends")


def test_what_is_undone_would_be_found() -> None:
    known = Known()
    known.asked = known.pushed = {"a", "b", "c", "d"}
    known.ended, known.held, known.failed = {"b"}, {"c"}, {"d"}
    assert known.problems([("a", 1), ("c", WORKING), ("d", DEAD)]) == []
    found = known.problems([("b", 1), ("c", 1), ("c", 1), ("d", WORKING), ("x", 1)])
    assert [problem.split(" ", 1)[0] for problem in found] == ["c", "x", "a", "b", "c", "d"]
