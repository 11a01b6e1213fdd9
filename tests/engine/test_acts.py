"""Acts: done once under their id, on jobs that are as they were named, and undone exactly."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.engine import schema
from glasshouse.engine.acts import (
    MOST_JOBS,
    Act,
    CallOff,
    ChangeJobs,
    Entry,
    Flush,
    KeptJob,
    PushJob,
    PutBack,
    SetPaused,
)
from glasshouse.engine.attachment import Attachment, RefusedError
from glasshouse.engine.batch import Row
from glasshouse.engine.check import check
from glasshouse.engine.order import merged

from .peer import running
from .test_control import attached

FAR = "2036-01-01T00:00:00Z"
_KEPT = "id, state, score, queue, jid, jobtype, retry, reserve_for, enqueued_at, payload"
READING, SCHEDULED, RETRIES, DEAD, WORKING = 1, 2, 3, 4, 5


def stored(folder: Path) -> list[KeptJob]:
    db = schema.open_reader(folder)
    try:
        rows = db.execute(f"SELECT {_KEPT} FROM job ORDER BY state, queue, score, id")
        return [KeptJob(*row) for row in rows]
    finally:
        db.close()


async def jobs(attachment: Attachment, folder: Path) -> list[KeptJob]:
    assert await attachment.settle()
    return stored(folder)


def entries(found: list[KeptJob]) -> list[Entry]:
    return [(job.number, job.state, job.score) for job in found]


def order(found: list[KeptJob]) -> list[str]:
    return [job.jid for job in found]


def change(name: str, kind: Any, found: list[KeptJob], step: int = 0) -> ChangeJobs:
    return ChangeJobs(id=name, step=step, change=kind, entries=entries(found))


async def test_an_act_touches_only_jobs_that_are_as_they_were_named(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        peer = await engine.peer()
        for number in range(6):
            await peer.push(f"job-{number:05}")
        before = await jobs(attachment, tmp_path)
        # One is taken by a worker and one deleted in between.
        assert (await peer.fetch() or {})["jid"] == "job-00000"
        await attachment.ask(change("a", "delete", before[1:2]))
        done = await attachment.ask(change("b", "delete", before[:4]))
        assert done["left"] == [before[0].number, before[1].number]
        rest = await jobs(attachment, tmp_path)
        assert order(rest) == ["job-00004", "job-00005", "job-00000"]
        assert (await peer.fetch() or {})["jid"] == "job-00004"
    assert check(tmp_path).problems == []


async def test_asked_again_it_answers_as_the_first_time_and_does_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        peer = await engine.peer()
        await peer.push("job-00001", at=FAR)
        found = await jobs(attachment, tmp_path)
        act = change("once", "retry", found)
        assert await attachment.ask(act) == {"woken": ["default"]}
        assert (await peer.fetch() or {})["jid"] == "job-00001"
        pushed = PushJob(id="twice", job='{"jid":"job-00002","jobtype":"T","args":[1]}')
        for _ in range(3):
            assert await attachment.ask(act) == {"woken": ["default"]}
            assert (await attachment.ask(pushed))["jid"] == "job-00002"
        assert order(await jobs(attachment, tmp_path)) == ["job-00002", "job-00001"]
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        assert (await attachment.ask(pushed))["jid"] == "job-00002"
        assert len(await jobs(attachment, tmp_path)) == 2


async def test_what_was_called_off_is_not_done_later(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        await (await engine.peer()).push("job-00001")
        late = SetPaused(id="late", queue="default", paused=True)
        assert await attachment.ask(CallOff(id="late")) is None
        with pytest.raises(RefusedError, match="called off"):
            await attachment.ask(late)
        queues = engine.engine.memory.queues
        assert not queues["default"].paused
        done = SetPaused(id="done", queue="default", paused=True)
        await attachment.ask(done)
        assert await attachment.ask(CallOff(id="done")) == {}
        assert [queue.paused for queue in queues.values()] == [True]
        assert (await attachment.ask(SetPaused(id="no", queue="nowhere", paused=True))) == {
            "known": False
        }


async def test_a_killed_job_is_dead_for_a_whole_lifetime(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        peer = await engine.peer()
        await peer.push("job-00001", at=FAR)
        await peer.push("job-00002", at=FAR)
        found = await jobs(attachment, tmp_path)
        before = engine.engine.clock()
        await attachment.ask(change("k", "kill", found[:1]))
        now, after = engine.engine.clock(), await jobs(attachment, tmp_path)
        assert [(job.jid, job.state) for job in after] == [("job-00002", 2), ("job-00001", 4)]
        lifetime = engine.engine.memory.parameters.dead_lifetime
        assert before <= after[1].score - lifetime <= now
        assert after[1].payload == found[0].payload
    assert check(tmp_path).problems == []


async def test_a_cleared_queue_comes_back_byte_for_byte_and_in_order(tmp_path: Path) -> None:
    """Also when jobs came meanwhile, and when the engine was started anew."""
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        peer = await engine.peer()
        for number in range(1200):
            await peer.push(f"job-{number:05}", args=[number, "ä"])
        await peer.push("dead-0001", at=FAR)
        before = await jobs(attachment, tmp_path)
        for step in range(3):
            part = before[step * MOST_JOBS : (step + 1) * MOST_JOBS]
            await attachment.ask(change("clear", "delete", part, step))
        assert await jobs(attachment, tmp_path) == []
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        await (await engine.peer()).push("job-later")
        for step in range(3):
            part = before[step * MOST_JOBS : (step + 1) * MOST_JOBS]
            await attachment.ask(PutBack(id="undo", step=step, jobs=part))
        after = await jobs(attachment, tmp_path)
        assert [job for job in after if job.jid != "job-later"] == before
        assert order(after)[1200] == "job-later"
        again = await attachment.ask(PutBack(id="undo-2", jobs=before[:2]))
        assert again["left"] == [job.number for job in before[:2]]
        peer = await engine.peer()
        for number in range(1200):
            assert (await peer.fetch() or {})["jid"] == f"job-{number:05}"
        assert (await peer.fetch() or {})["jid"] == "job-later"
    assert check(tmp_path).problems == []


async def test_numbers_are_not_given_twice_after_everything_was_flushed(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        await (await engine.peer()).push("job-00001")
        (first,) = await jobs(attachment, tmp_path)
        assert await attachment.ask(Flush(id="early")) == {"known": False}
        assert await jobs(attachment, tmp_path) == [first]
        await attachment.ask(change("clear", "forget", [first]))
        assert await attachment.ask(Flush(id="flush")) == {}
        assert engine.engine.memory.queues == {}
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        await (await engine.peer()).push("job-00002")
        await attachment.ask(PutBack(id="back", jobs=[first]))
        assert order(await jobs(attachment, tmp_path)) == ["job-00001", "job-00002"]


async def test_a_job_that_runs_is_forgotten_and_never_deleted(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        peer = await engine.peer()
        for number in range(3):
            await peer.push(f"job-{number:05}")
        await peer.fetch()
        await peer.fetch()
        found = await jobs(attachment, tmp_path)
        held = [job for job in found if job.state == WORKING]
        refused = await attachment.ask(change("d", "delete", held))
        assert refused["left"] == [job.number for job in held]
        assert await attachment.ask(Flush(id="held")) == {"known": False}
        await attachment.ask(change("f", "forget", held))
        assert order(await jobs(attachment, tmp_path)) == ["job-00002"]
        assert engine.engine.memory.sizes[WORKING] == 0
        await attachment.ask(PutBack(id="back", jobs=held))
        for number in range(3):
            assert (await peer.fetch() or {})["jid"] == f"job-{number:05}"
    assert check(tmp_path).problems == []


async def test_a_dead_job_that_expired_in_the_trash_stays_for_a_while(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        now = engine.engine.clock()
        old = KeptJob(7, DEAD, now - 10, "default", "job-00001", "T", 25, 0, None, b"{}")
        await attachment.ask(PutBack(id="back", jobs=[old]))
        (job,) = await jobs(attachment, tmp_path)
        assert job.score > now + 3600


async def test_an_act_without_an_id_or_too_large_is_refused(tmp_path: Path) -> None:
    many = [(number, DEAD, 0.0) for number in range(MOST_JOBS + 1)]
    wrong: list[Act] = [
        Flush(),
        Flush(id="x" * 65),
        ChangeJobs(id="a", change="delete", entries=many),
        PushJob(id="b", job='{"jid":"short"}'),
    ]
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        await (await engine.peer()).push("job-00001")
        for act in wrong:
            with pytest.raises(RefusedError) as caught:
                await attachment.ask(act)
            assert caught.value.code in {"invalid", "invalid_job"}
        assert len(await jobs(attachment, tmp_path)) == 1


def _row(number: int, score: float) -> Row:
    return Row(number, 1, score, "q", "jid", "T", 25, 0, None, None, None, b"{}")


@given(
    st.sets(st.integers(0, 60)).flatmap(
        lambda scores: st.tuples(st.just(sorted(scores)), st.sets(st.sampled_from(range(61))))
    )
)
def test_a_queue_is_in_order_after_any_jobs_came_back(
    given_scores: tuple[list[int], set[int]],
) -> None:
    scores, back = given_scores
    there = {1000 + score: float(score) for score in scores}
    rows = [_row(score, float(score)) for score in sorted(back)]
    found = merged(list(there), rows, there.__getitem__)
    every = there | {row.id: row.score for row in rows}
    assert sorted(found) == sorted(every)
    assert all(every[first] < every[second] for first, second in pairwise(found))
