"""Hiding for a page: off the loop, bounded, done once for all who see the same."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator

import pytest

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.monitor import masker
from glasshouse.monitor.masker import AT_ONCE, MOST_A_PAGE, Masker
from glasshouse.policy.redaction import parse_redaction
from glasshouse.wire.masking import masked
from tests.steady import LONG

RULES = (parse_redaction("args.**.token"), parse_redaction("custom.**.secret"))


def job(number: int, values: int = 1, filler: int = 0, key: str = "token") -> StoredJob:
    args = [{key: f"tok-{number}-{value:05}-x"} for value in range(values)]
    told = {"jid": f"j{number}", "jobtype": "T", "queue": "q", "args": [*args, "x" * filler]}
    return StoredJob(
        state=JobState.DEAD,
        jid=f"j{number}",
        jobtype="T",
        queue="q",
        payload=json.dumps(told).encode(),
    )


class Seen:
    """What was gone through, on which thread; held up while ``going`` is not set."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.threads: set[int] = set()
        self.going = threading.Event()
        self.going.set()

    def masked(self, one: StoredJob, rules: tuple[Redaction, ...], most: int) -> StoredJob:
        self.jobs.append(one.jid)
        self.threads.add(threading.get_ident())
        assert self.going.wait(LONG)
        return masked(one, rules, most)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen()
    monkeypatch.setattr(masker, "masked", found.masked)
    return found


@pytest.fixture
def hides() -> Iterator[Masker]:
    made = Masker()
    yield made
    made.close()


async def test_what_comes_out_is_what_hiding_leaves(hides: Masker) -> None:
    jobs = [job(1), job(2, key="id"), job(3, values=3000), job(1), job(4, filler=AT_ONCE)]
    assert await hides.shown(jobs, RULES) == tuple(masked(one, RULES) for one in jobs)
    assert await hides.shown(jobs, ()) == tuple(jobs)
    assert await hides.shown((), RULES) == ()


async def test_only_little_is_gone_through_on_the_loop(hides: Masker, seen: Seen) -> None:
    here = threading.get_ident()
    await hides.shown([job(1)], RULES)
    assert seen.threads == {here}
    seen.threads.clear()
    await hides.shown([job(number, filler=AT_ONCE // 8) for number in range(2, 12)], RULES)
    assert here not in seen.threads


async def test_the_loop_goes_on_meanwhile(hides: Masker, seen: Seen) -> None:
    seen.going.clear()
    task = asyncio.create_task(hides.shown([job(1, values=3000)], RULES))
    while not seen.jobs:
        await asyncio.sleep(0)
    # What it is held up by holds up nobody else.
    assert not task.done()
    assert await hides.shown([job(2)], ()) == (job(2),)
    seen.going.set()
    (found,) = await task
    assert found.redacted


async def test_it_is_done_once_for_all_who_see_the_same(hides: Masker, seen: Seen) -> None:
    jobs = [job(number, values=100) for number in range(25)]
    first, second = await asyncio.gather(hides.shown(jobs, RULES), hides.shown(jobs, RULES))
    assert first == second == await hides.shown(jobs, RULES)
    assert len(seen.jobs) == 25
    # Who sees other things, or another job, is not told of it.
    assert await hides.shown(jobs, RULES[1:]) == tuple(jobs)
    changed = job(3, values=101)
    assert MASK in (await hides.shown([changed], RULES))[0].payload.decode()
    assert len(seen.jobs) == 51


async def test_who_leaves_does_not_take_it_from_others(hides: Masker, seen: Seen) -> None:
    seen.going.clear()
    jobs = [job(1, values=1000)]
    leaves, stays = (asyncio.create_task(hides.shown(jobs, RULES)) for _ in range(2))
    while not seen.jobs:
        await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.sleep(0)
    seen.going.set()
    (found,) = await stays
    assert found == masked(jobs[0], RULES)
    assert leaves.cancelled()


async def test_pages_take_turns(hides: Masker, seen: Seen) -> None:
    seen.going.clear()
    long = asyncio.create_task(
        hides.shown([job(number, values=4000) for number in range(10)], RULES)
    )
    while not seen.jobs:
        await asyncio.sleep(0)
    short = asyncio.create_task(hides.shown([job(99, values=200)], RULES))
    await asyncio.sleep(0)
    seen.going.set()
    await asyncio.gather(short, long)
    assert seen.jobs.index("j99") <= 2


async def test_a_page_is_bounded_and_what_is_behind_is_hidden_whole(hides: Masker) -> None:
    size = MOST_A_PAGE // 20
    jobs = [job(number, filler=size) for number in range(25)]
    jobs += [job(30, key="id")]
    found = await hides.shown(jobs, RULES)
    whole = [json.loads(one.payload)["args"] == MASK for one in found]
    assert whole == [False] * 19 + [True] * 6 + [False]
    assert all(b"tok-" not in one.payload for one in found[:-1])
    assert found[-1] is jobs[-1]


async def test_what_is_kept_is_bounded(hides: Masker, seen: Seen) -> None:
    jobs = [job(number, filler=200_000) for number in range(60)]
    for one in jobs:
        await hides.shown([one], RULES)
    await hides.shown([jobs[-1]], RULES)
    assert len(seen.jobs) == 60
    await hides.shown([jobs[0]], RULES)
    assert len(seen.jobs) == 61
