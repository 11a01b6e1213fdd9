"""A real Faktory through the read side's only door, compared with what it was given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from glasshouse.faktory_ui.jobs import read_set, set_path
from glasshouse.faktory_ui.server import read_history
from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.jobquery import parse_query
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import WorkerState
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import Reader
from glasshouse.upstream.redis_link import RedisAddress, RedisLink
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_redis import RedisReader
from tests.engine.peer import Peer

from .conftest import PASSWORD, Faktory


@pytest.fixture(params=["ports", "redis"])
async def reader(
    faktory: Faktory, request: pytest.FixtureRequest
) -> AsyncIterator[RemoteReader | RedisReader]:
    budget = Budget(1000)
    port = CommandPort("127.0.0.1", faktory.port, budget=budget, password=PASSWORD.encode())
    pages = WebPages(str(faktory.web.base_url), budget=budget, password=PASSWORD)
    ports = RemoteReader(port, pages)
    made: RemoteReader | RedisReader = ports
    if request.param == "redis":
        made = RedisReader(ports, RedisLink(RedisAddress(path=faktory.redis), budget=budget))
    yield made
    await made.close()


def is_redis(reader: Reader) -> bool:
    return isinstance(reader, RedisReader)


async def fail(peer: Peer, jid: str, retry: int, **fields: Any) -> None:
    await peer.push(jid, jobtype="Charge", queue="f", retry=retry, **fields)
    await peer.fetch("f")
    said = {"jid": jid, "errtype": "Oops", "message": f"no {jid}", "backtrace": ["a.py:1"]}
    assert await peer.ask(f"FAIL {json.dumps(said)}") == "+OK"


async def walked(
    ask: Any, per_page: int = 25, **query: Any
) -> tuple[list[StoredJob], list[JobPage]]:
    """Walk a list from place to place; return its entries and its pages."""
    pages: list[JobPage] = [await ask(ListQuery(per_page=per_page, **query))]
    while (following := pages[-1].next) is not None:
        pages.append(await ask(ListQuery(per_page=per_page, start=following, **query)))
    return [job for page in pages for job in page.items], pages


@pytest.mark.parametrize("per_page", [7, 25, 100])
async def test_a_queue_is_walked_in_the_order_in_which_it_will_run(
    faktory: Faktory, reader: Reader, per_page: int
) -> None:
    peer = await faktory.peer()
    for number in range(83):
        await peer.push(f"job-{number:08}", queue="mail.er", args=[number], custom={"n": number})
    await reader.change_token()
    jobs, pages = await walked(lambda query: reader.queue_jobs("mail.er", query), per_page)
    assert [job.jid for job in jobs] == [f"job-{number:08}" for number in range(83)]
    assert all(page.total == 83 for page in pages)
    assert not any(job.partial for job in jobs)
    assert [json.loads(job.payload)["custom"]["n"] for job in jobs] == list(range(83))
    last = await reader.queue_jobs("mail.er", ListQuery(backwards=True))
    assert [job.jid for job in last.items] == [f"job-{n:08}" for n in range(82, 57, -1)]
    third = await reader.queue_jobs("mail.er", ListQuery(page=3))
    assert [third.first, third.items[0].jid] == [51, "job-00000050"]
    with pytest.raises(NotFoundError):
        await reader.queue_jobs("nowhere", ListQuery())


async def test_sets_are_walked_and_gone_to_by_time(faktory: Faktory, reader: Reader) -> None:
    peer = await faktory.peer("worker-1")
    for number in range(60):
        at = f"2999-01-01T00:{number:02}:00Z"
        await peer.push(f"later-{number:04}", jobtype="Later", queue="q", at=at, args=[number])
        await fail(peer, f"dead-{number:04}", -1)
    await reader.change_token()
    jobs, _ = await walked(lambda query: reader.set_jobs(JobSet.SCHEDULED, query))
    assert [job.jid for job in jobs] == [f"later-{number:04}" for number in range(60)]
    assert [job.at for job in jobs] == sorted(job.at or 0 for job in jobs)
    dead, _ = await walked(lambda query: reader.set_jobs(JobSet.DEAD, query))
    assert [job.jid for job in dead] == [f"dead-{number:04}" for number in range(59, -1, -1)]
    assert dead[0].partial is not is_redis(reader)
    failure = json.loads(dead[0].payload)["failure"]
    assert (failure["errtype"], failure["message"]) == ("Oops", "no dead-0059")
    # What Faktory's own pages call it, to the last digit.
    for name in (JobSet.SCHEDULED, JobSet.DEAD):
        own = read_set(name, await faktory.page(f"{set_path(name)}?page=1"))
        listed = jobs[:25] if name is JobSet.SCHEDULED else dead[:-26:-1]
        assert [job.key for job in listed] == [row.key for row in own]
    there = await reader.set_jobs(JobSet.SCHEDULED, ListQuery(at=jobs[41].at))
    assert there.items[0].jid == "later-0041"


async def test_a_search_says_how_far_it_looked_and_goes_on(
    faktory: Faktory, reader: Reader
) -> None:
    peer = await faktory.peer()
    for number in range(230):
        await peer.push(f"job-{number:08}", queue="q", args=[{"order": number}])
    await reader.change_token()
    wanted = parse_query("args.0.order:201", 0.0)
    found, pages = await walked(lambda query: reader.queue_jobs("q", query), wanted=wanted)
    assert [job.jid for job in found] == ["job-00000201"]
    looked = [page.searched for page in pages]
    steps = [230] if is_redis(reader) else [100, 100, 30]
    assert [one.looked_at for one in looked if one] == steps
    assert [one.complete for one in looked if one] == [*[False] * (len(steps) - 1), True]


async def test_the_state_is_what_both_ports_tell(faktory: Faktory, reader: Reader) -> None:
    peer = await faktory.peer("worker-1")
    for number in range(3):
        await peer.push(f"job-{number:08}", queue="mail")
    await fail(peer, "retry-0001", 25)
    await fail(peer, "dead-0001", -1)
    assert await peer.ask("QUEUE PAUSE mail") == "+OK"
    await peer.push("held-00000001", jobtype="Hold", queue="h", args=[1])
    await peer.fetch("h")
    before = await reader.change_token()
    state = await reader.state()
    queues = {queue.name: queue for queue in state.queues}
    assert (queues["mail"].size, queues["mail"].paused) == (3, True)
    assert (queues["f"].size, queues["f"].paused) == (0, False)
    assert state.sets.retries == state.sets.dead == state.sets.working == 1
    assert (state.processed, state.failures) == (2, 2)
    assert state.description == "Faktory"
    assert state.connections == 2
    (worker,) = state.workers or ()
    assert (worker.wid, worker.hostname, worker.state) == (
        "worker-1", "app-<1>", WorkerState.RUNNING,
    )  # fmt: skip
    assert worker.busy == 1
    assert state.stranded == ()
    assert state.unread is None
    (held,) = (await reader.working_jobs(ListQuery())).items
    assert (held.reserved_at is not None) is is_redis(reader)
    assert (held.jid, held.wid, held.state) == ("held-00000001", "worker-1", JobState.WORKING)
    await peer.push("job-00000009", queue="mail")
    assert await reader.change_token() != before


async def test_a_job_that_was_seen_is_read_to_the_bottom_and_gone_when_it_is_gone(
    faktory: Faktory, reader: Reader
) -> None:
    peer = await faktory.peer("worker-1")
    await fail(peer, "dead-0001", -1, args=["x" * 5000])
    await reader.change_token()
    (row,) = (await reader.set_jobs(JobSet.DEAD, ListQuery())).items
    # Its list shows but their beginning: it is read from its own page.
    assert json.loads(row.payload)["args"] == ["x" * 5000]
    (job,) = (await reader.jobs("dead-0001")).items
    known = json.loads(job.payload)
    assert known["args"] == ["x" * 5000]
    told = {name: known["failure"][name] for name in ("errtype", "message", "backtrace")}
    assert told == {"errtype": "Oops", "message": "no dead-0001", "backtrace": ["a.py:1"]}
    assert job.shown_args is None
    assert await peer.ask('MUTATE {"cmd":"clear","target":"dead"}') == "+OK"
    await reader.change_token()
    with pytest.raises(NotFoundError, match="not among those"):
        await reader.jobs("dead-0001")


async def told(reader: Reader, jid: str, *wanted: JobState) -> None:
    """Wait until these and no others are told of an id."""
    async with asyncio.timeout(60):
        while True:
            try:
                found = [job.state for job in (await reader.jobs(jid)).items]
            except NotFoundError:
                found = []
            assert len(found) < 2
            if found == list(wanted):
                return
            await asyncio.sleep(0.05)


async def test_a_job_is_told_once_from_list_to_list_and_not_when_it_has_ended(
    faktory: Faktory, reader: Reader
) -> None:
    peer, worker = await faktory.peer(), await faktory.peer("worker-1")
    for number in range(60):
        await peer.push(f"job-{number:08}", jobtype="T", queue="mail", args=[number])
    jid = "job-00000030"
    await reader.change_token()
    await reader.queue_jobs("mail", ListQuery(page=2))
    await told(reader, jid, JobState.ENQUEUED)
    for _ in range(30):
        await worker.fetch("mail")
    await told(reader, jid, JobState.ENQUEUED)
    await worker.fetch("mail")
    await reader.change_token()
    await told(reader, jid, JobState.WORKING)
    assert isinstance(reader, RemoteReader | RedisReader)
    reader.note((await reader.working_jobs(ListQuery())).items)
    await told(reader, jid, JobState.WORKING)
    assert await worker.ask(f'FAIL {{"jid":"{jid}","errtype":"E","message":"m"}}') == "+OK"
    await reader.change_token()
    await told(reader, jid, JobState.RETRIES)
    assert await peer.ask('MUTATE {"cmd":"clear","target":"retries"}') == "+OK"
    await reader.change_token()
    await told(reader, jid)
    await worker.fetch("mail")
    jid = "job-00000031"
    await reader.change_token()
    await told(reader, jid, JobState.WORKING)
    assert await worker.ask(f'ACK {{"jid":"{jid}"}}') == "+OK"
    await reader.change_token()
    await told(reader, jid)


async def test_the_history_is_what_the_dashboard_tells(faktory: Faktory, reader: Reader) -> None:
    peer = await faktory.peer("worker-1")
    for number in range(3):
        await fail(peer, f"dead-{number:04}", -1)
    told = await reader.history(30)
    own = read_history(await faktory.page("/?days=30"))
    assert {day.day: day.processed for day in told.days} == own.processed
    assert {day.day: day.failed for day in told.days} == own.failed
    assert (told.days[-1].processed, told.days[-1].failed) == (3, 3)
