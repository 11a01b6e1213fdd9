"""Every odd value of every parameter, and every odd job: what ``make test`` tries some of."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests import odd
from tests.web import odd_walk as walk
from tests.web.test_odd_jobs import walked
from tests.web.test_odd_requests import ODD, asked, check, check_order, orders
from tests.web.whole import whole

_AT_ONCE = 60


async def test_every_value_of_every_parameter(seconds: int, tmp_path: Path) -> None:
    async with whole(tmp_path) as site:
        peer = await site.engine.peer(wid="w-odd")
        await walk.plain_jobs(peer)
        for route, name, value in asked(everything=True):
            await check(site, route, name, value)
        for order in orders(ODD):
            await check_order(site, order)


async def test_every_odd_job(seconds: int, tmp_path: Path) -> None:
    jobs, taken = odd.jobs(), 0
    for start in range(0, len(jobs), _AT_ONCE):
        taken += await walked(tmp_path / str(start), jobs[start : start + _AT_ONCE])
    assert taken > len(jobs) // 2


async def test_jobs_that_are_odd_in_several_ways(seconds: int, tmp_path: Path) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    chance, end, number = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        await walked(tmp_path / str(number), [odd.drawn(chance) for _ in range(_AT_ONCE)])
