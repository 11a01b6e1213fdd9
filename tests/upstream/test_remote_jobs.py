"""A job that was seen over the ports: told only as long as it is there, and once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.listing import ListQuery
from glasshouse.model.times import format_time
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.remote import RemoteReader
from tests.faktory_ui.pages import VERSIONS
from tests.steady import LONG

from .faktory import StandIn

AT = "2999-01-01T00:00:00Z"
BEGAN = 1_793_491_200.0
FAILURE = {"errtype": "Oops", "message": "no: none", "retry_count": 3, "backtrace": ["a", "  b"]}


class Clock:
    """The console's time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now

    def later(self) -> None:
        """Let so much time pass that nothing is new enough any more."""
        self.now += 60


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=VERSIONS)
async def faktory(request: pytest.FixtureRequest) -> AsyncIterator[StandIn]:
    async with StandIn(request.param).running() as made:
        yield made


@pytest.fixture
async def reader(faktory: StandIn, clock: Clock) -> AsyncIterator[RemoteReader]:
    budget = Budget(1000)
    port = CommandPort("127.0.0.1", faktory.command.port, budget=budget, patience=LONG)
    pages = WebPages(f"http://127.0.0.1:{faktory.web.port}", budget=budget, patience=LONG)
    made = RemoteReader(port, pages, clock=clock)
    yield made
    await made.close()


def fill(faktory: StandIn, count: int, queue: str = "mail", first: int = 0) -> None:
    """Push jobs, one a second."""
    for number in range(first, first + count):
        at = format_time(BEGAN + number)
        faktory.push(queue, f"{queue}-{number:05}", enqueued_at=at)


def take(faktory: StandIn, queue: str, wid: str = "w-1") -> None:
    """Let a worker take the next job of a queue."""
    job = json.loads(faktory.queues[queue].pop(0))
    faktory.held.append({**job, "wid": wid})


async def told(reader: RemoteReader, jid: str) -> list[tuple[JobState, str]]:
    found = await reader.jobs(jid)
    assert found.total == len(found.items)
    return [(job.state, job.queue) for job in found.items]


async def is_not_told(reader: RemoteReader, jid: str) -> None:
    with pytest.raises(NotFoundError, match="not among those"):
        await reader.jobs(jid)


async def seen(reader: RemoteReader, jid: str, queue: str, page: int = 1) -> StoredJob:
    """Show a job in a list, and have its index tell of it, as a console does."""
    shown = await reader.queue_jobs(queue, ListQuery(page=page))
    (job,) = (job for job in shown.items if job.jid == jid)
    reader.note([job])
    return job


async def test_a_job_is_told_once_wherever_it_goes_and_not_when_it_has_ended(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    fill(faktory, 3)
    await seen(reader, "mail-00000", "mail")
    assert await told(reader, "mail-00000") == [(JobState.ENQUEUED, "mail")]
    take(faktory, "mail")
    clock.later()
    assert await told(reader, "mail-00000") == [(JobState.WORKING, "mail")]
    # An index tells what ran, over and over.
    running = (await reader.working_jobs(ListQuery())).items
    reader.note(running)
    assert await told(reader, "mail-00000") == [(JobState.WORKING, "mail")]
    faktory.held.clear()
    faktory.put("retries", "mail-00000", AT, failure=FAILURE, queue="mail")
    clock.later()
    reader.note(running)
    assert await told(reader, "mail-00000") == [(JobState.RETRIES, "mail")]
    faktory.sets["retries"].clear()
    faktory.put("dead", "mail-00000", AT, failure=FAILURE, queue="mail")
    clock.later()
    assert await told(reader, "mail-00000") == [(JobState.DEAD, "mail")]
    faktory.sets["dead"].clear()
    reader.note(running)
    for _ in range(3):
        clock.later()
        await is_not_told(reader, "mail-00000")


async def test_a_job_that_waits_is_told_wherever_it_stands_by_now(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    fill(faktory, 1000)
    await seen(reader, "mail-00700", "mail", page=29)
    for taken, pushed in ((0, 0), (10, 40), (300, 0), (0, 900), (389, 300), (0, 0)):
        del faktory.queues["mail"][:taken]
        fill(faktory, pushed, first=5000 + len(faktory.queues["mail"]))
        clock.later()
        before = len(faktory.asked)
        assert await told(reader, "mail-00700") == [(JobState.ENQUEUED, "mail")]
        # The totals, who works, and a few pages of some sixty.
        assert len(faktory.asked) - before <= 6
    # Now it is the next, and runs, and ends.
    assert json.loads(faktory.queues["mail"][1])["jid"] == "mail-00700"
    del faktory.queues["mail"][:2]
    clock.later()
    await is_not_told(reader, "mail-00700")


async def test_two_of_one_id_in_one_queue_are_two(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    for number in (1, 2):
        faktory.push("mail", "twin", args=[number])
    await reader.queue_jobs("mail", ListQuery())
    found = (await reader.jobs("twin")).items
    assert [json.loads(job.payload)["args"] for job in found] == [[1], [2]]
    take(faktory, "mail")
    clock.later()
    assert await told(reader, "twin") == [(JobState.ENQUEUED, "mail"), (JobState.WORKING, "mail")]


async def test_a_queue_that_was_removed_has_none_of_the_jobs_that_were_seen(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    fill(faktory, 30)
    await seen(reader, "mail-00003", "mail")
    del faktory.queues["mail"]
    # The totals are of before, then of after.
    await is_not_told(reader, "mail-00003")
    clock.later()
    await is_not_told(reader, "mail-00003")


@pytest.mark.parametrize("name", [JobSet.DEAD, JobSet.SCHEDULED])
async def test_a_job_that_never_failed_is_told_from_its_list(
    faktory: StandIn, reader: RemoteReader, clock: Clock, name: JobSet
) -> None:
    """One that was killed while it was scheduled: Faktory cannot show its page."""
    for number in range(60):
        faktory.put(name.value, f"j-{number:04}", f"2999-01-01T00:{number:02}:00Z", args=[number])
    for number in (0, 25, 59):
        await reader.set_jobs(name, ListQuery(per_page=100))
        assert await told(reader, f"j-{number:04}") == [(JobState(name.value), "q")]
    faktory.sets[name.value].pop(25)
    clock.later()
    await is_not_told(reader, "j-0025")


async def test_one_whose_page_cannot_be_asked_for_is_told_from_its_list(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    faktory.put("retries", "a|b/c d", AT, failure=FAILURE)
    assert await told(reader, "a|b/c d") == [(JobState.RETRIES, "q")]
    faktory.sets["retries"].clear()
    clock.later()
    await is_not_told(reader, "a|b/c d")


async def test_the_page_of_another_job_of_the_same_time_tells_nothing_of_it(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    faktory.put("dead", "one", AT, failure=FAILURE)
    faktory.put("dead", "other", AT, failure=FAILURE)
    # It stands before it, and the id is in its arguments.
    faktory.put("dead", "a-decoy", AT, failure=FAILURE, args=["other"])
    await reader.set_jobs(JobSet.DEAD, ListQuery())
    assert await told(reader, "other") == [(JobState.DEAD, "q")]
    faktory.sets["dead"] = [job for job in faktory.sets["dead"] if job["jid"] == "one"]
    clock.later()
    assert await told(reader, "one") == [(JobState.DEAD, "q")]
    await is_not_told(reader, "other")


async def test_an_id_that_is_nowhere_is_not_looked_for_everywhere_again_at_once(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    fill(faktory, 3)
    fill(faktory, 3, "other")
    faktory.put("retries", "r-1", AT, failure=FAILURE)
    await is_not_told(reader, "nowhere")
    before = len(faktory.asked)
    for _ in range(5):
        await is_not_told(reader, "nowhere")
    assert len(faktory.asked) == before
    # Another one is, in what was just looked at.
    assert await told(reader, "r-1") == [(JobState.RETRIES, "q")]
    clock.later()
    faktory.push("mail", "nowhere")
    assert await told(reader, "nowhere") == [(JobState.ENQUEUED, "mail")]


async def test_what_is_held_is_as_old_as_the_page_that_told_it(
    faktory: StandIn, reader: RemoteReader, clock: Clock
) -> None:
    fill(faktory, 3)
    take(faktory, "mail")
    await reader.state()
    clock.now += 1.5
    assert (await reader.working_jobs(ListQuery())).read_at == BEGAN
    assert (await reader.jobs("mail-00000")).read_at == BEGAN
    clock.later()
    assert (await reader.working_jobs(ListQuery())).read_at == clock.now
