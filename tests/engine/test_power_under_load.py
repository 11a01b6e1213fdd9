"""Power lost at random under load, life after life: the clients find what they were told.

Several connections keep a sync under way while records are written and the
journal goes from one file to the other. Of what was not synced, each write is
there or not, or torn. More of them by hand: ``POWER_LIVES=200 pytest`` on this file.
"""

from __future__ import annotations

import asyncio
import copy
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from glasshouse.engine.check import check
from glasshouse.engine.memory import Memory
from glasshouse.engine.recovery import open_journal
from glasshouse.engine.store import Store
from glasshouse.model.errors import StoreError
from tests.steady import LONG

from .load import Known, load
from .peer import running
from .power import Files, Honesty, PowerVFS, lay_out, make_small

LIVES = int(os.environ.get("POWER_LIVES", "8"))
CUTS = 4
SLOW = 0.001


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


def after(files: Files, known: Known, folder: Path) -> list[str]:
    """Return what is wrong with what an engine finds that starts on ``files``."""
    lay_out(files, folder)
    try:
        store = Store(folder)
        try:
            last = open_journal(store)
            memory = Memory(store)
            store.write(memory.batch(), last.seq)
            last.close()
            stored = list(store.db.execute("SELECT jid, state FROM job"))
        finally:
            store.close()
    except (StoreError, apsw.Error) as error:  # the engine would not start, and say so
        return [str(error)]
    found = known.problems_without_power(stored)
    processed = memory.tallies.get("processed", 0)
    answered = len(known.ended) + len(known.failed)
    if processed < answered:
        found.append(f"{processed} were processed, of {answered} answered")
    found += [p.detail for p in check(folder).problems if p.kind != "permissions"]
    return found


async def lives(
    honesty: Honesty, into: Path, rng: random.Random
) -> AsyncIterator[tuple[list[str], Known]]:
    """Yield what is wrong after each cut; the last of each life is where the next one starts."""
    files: Files = {}
    known = Known()
    for life in range(LIVES):
        folder = into / f"life-{life}"
        vfs = PowerVFS(f"load-{honesty.name}-{life}")
        if files:
            lay_out(files, folder)
            vfs.disk.holding(files, folder)
        cuts: list[tuple[Files, Known]] = []
        async with running(folder, disk=vfs.as_disk(honesty, slow=SLOW)) as engine:
            tasks = await load(engine, known, life, rng)
            for _ in range(CUTS):
                pushed, ended = len(known.pushed), len(known.ended)
                async with asyncio.timeout(LONG):
                    while len(known.pushed) <= pushed + 8 or len(known.ended) <= ended + 3:
                        await asyncio.sleep(0.001)
                await asyncio.sleep(rng.uniform(0.01, 0.12))
                cuts.append((vfs.disk.cut(rng), copy.deepcopy(known)))
            await engine.close()
            await asyncio.gather(*tasks, return_exceptions=True)
        for number, (files, known) in enumerate(cuts):
            told = await asyncio.to_thread(after, files, known, into / f"cut-{life}-{number}")
            yield told, known


async def test_power_lost_at_random_under_load_undoes_no_answer(tmp_path: Path) -> None:
    seen = [cut async for cut in lives(Honesty.SYNCS, tmp_path, random.Random(LIVES))]
    assert [told for told, _ in seen] == [[]] * LIVES * CUTS
    known = seen[-1][1]
    assert len(known.pushed) > 30 * LIVES
    assert len(known.ended) > 10 * LIVES
    print(f"{len(seen)} cuts, {len(known.pushed)} pushes, {len(known.ended)} ends")


@pytest.mark.parametrize("honesty", [Honesty.EARLY, Honesty.NEVER])
async def test_a_disk_that_says_synced_and_lies_is_found_out(
    honesty: Honesty, tmp_path: Path
) -> None:
    async for told, _ in lives(honesty, tmp_path, random.Random(1)):
        if told:  # lost, back, fewer counted, or a database that cannot be read
            return
    pytest.fail("nothing was found missing")
