"""A Faktory read from its two ports: in order, in part, never wrong, never more than needed."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from glasshouse.faktory_ui.page import PageError
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import WRAPPER, JobSet, JobState
from glasshouse.model.jobquery import parse_query
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import WorkerState
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import UnlistedError
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_scan import RemoteScanner
from tests.faktory_ui.pages import NEWEST, VERSIONS, since
from tests.steady import LONG

from .faktory import StandIn
from .standin import page

FAILURE = {"errtype": "Oops", "message": "no: none", "retry_count": 3, "backtrace": ["a", "  b"]}
AT = "2999-01-01T00:00:00Z"
WORKER = {"wid": "w-1", "hostname": "app", "pid": 7, "labels": ["x"], "quiet": True,
          "rss": "100 KB", "busy": 1}  # fmt: skip


newest_alone = pytest.mark.parametrize("faktory", [NEWEST], indirect=True)


@pytest.fixture(params=VERSIONS)
async def faktory(request: pytest.FixtureRequest) -> AsyncIterator[StandIn]:
    async with StandIn(request.param).running() as made:
        yield made


@pytest.fixture
async def reader(faktory: StandIn) -> AsyncIterator[RemoteReader]:
    budget = Budget(1000)
    port = CommandPort("127.0.0.1", faktory.command.port, budget=budget, patience=LONG)
    pages = WebPages(f"http://127.0.0.1:{faktory.web.port}", budget=budget, patience=LONG)
    made = RemoteReader(port, pages)
    yield made
    await made.close()
    await faktory.command.until_closed()
    await faktory.web.until_closed()


async def walked(ask: Callable[[ListQuery], Any], **query: Any) -> tuple[list[str], list[JobPage]]:
    """Walk from place to place; return the ids and the pages."""
    found: list[JobPage] = [await ask(ListQuery(**query))]
    while (following := found[-1].next) is not None:
        found.append(await ask(ListQuery(start=following, **query)))
    return [job.jid for page in found for job in page.items], found


@newest_alone
@pytest.mark.parametrize("size", [0, 1, 24, 25, 26, 50, 51, 77])
@pytest.mark.parametrize("per_page", [1, 7, 25, 60])
async def test_a_queue_of_any_size_is_walked_whole_both_ways(
    faktory: StandIn, reader: RemoteReader, size: int, per_page: int
) -> None:
    faktory.queues["mail"] = []
    for number in range(size):
        faktory.push("mail", f"job-{number:04}", custom={"n": number})
    wanted = [f"job-{number:04}" for number in range(size)]
    jids, _ = await walked(lambda query: reader.queue_jobs("mail", query), per_page=per_page)
    assert jids == wanted
    jids, _ = await walked(
        lambda query: reader.queue_jobs("mail", query), per_page=per_page, backwards=True
    )
    assert jids == wanted[::-1]


async def test_a_queues_payloads_are_whole_and_a_sets_are_partial(
    faktory: StandIn, reader: RemoteReader
) -> None:
    faktory.push("mail", "job-1", custom={"n": 1}, args=["<&>", {"a": "…, \u2028"}])
    faktory.put("scheduled", "s-1", AT, args=["<&>", {"a": "…, \u2028"}, 3])
    faktory.put("retries", "r-1", "2999-01-01T00:00:00Z", failure=FAILURE, args=["x" * 2000])
    faktory.put("dead", "d-1", "2999-01-01T00:00:00Z", failure=FAILURE, args=[2**60])
    faktory.put("scheduled", "s-2", AT, args=["x" * 2000])
    (job,) = (await reader.queue_jobs("mail", ListQuery())).items
    assert (job.partial, json.loads(job.payload)["custom"]) == (False, {"n": 1})
    job, cut = (await reader.set_jobs(JobSet.SCHEDULED, ListQuery())).items
    assert json.loads(cut.payload) == {"jid": "s-2", "jobtype": "Test", "queue": "q"}
    assert (cut.shown_args or "").endswith("…")
    assert json.loads(job.payload)["args"] == ["<&>", {"a": "…, \u2028"}, 3]
    assert (job.partial, job.shown_args) == (True, None)
    (job,) = (await reader.set_jobs(JobSet.RETRIES, ListQuery())).items
    known = json.loads(job.payload)
    assert job.partial
    # One that failed is read whole, from its own page.
    assert known == {
        "jid": "r-1", "jobtype": "Test", "queue": "q", "args": ["x" * 2000],
        "failure": FAILURE,
    }  # fmt: skip
    assert job.shown_args is None
    (job,) = (await reader.set_jobs(JobSet.DEAD, ListQuery())).items
    assert job.shown_args == f"≈ {2**60}"
    assert "args" not in json.loads(job.payload)


async def test_a_job_of_active_job_has_one_name_in_every_list(
    faktory: StandIn, reader: RemoteReader
) -> None:
    """Pages of Faktory before 1.9 show the type that all of them have."""
    # A number that Faktory may have rounded is in the way of no name.
    facts = [{"job_class": "InvoiceJob", "arguments": [2**60]}]
    wrapped: dict[str, Any] = {"jobtype": WRAPPER, "args": facts}
    wrapped["custom"] = {"wrapped": "InvoiceJob"}
    faktory.push("mail", "job-1", **wrapped)
    wrapped["failure"] = FAILURE
    faktory.put("retries", "r-1", "2999-01-01T00:00:00Z", **wrapped)
    wrapped["jobtype"] = "InvoiceJob"
    faktory.put("dead", "d-1", "2999-01-01T00:00:00Z", **wrapped)
    pages = [
        await reader.queue_jobs("mail", ListQuery()),
        await reader.set_jobs(JobSet.RETRIES, ListQuery()),
        await reader.set_jobs(JobSet.DEAD, ListQuery()),
    ]
    assert [job.jobtype for page in pages for job in page.items] == ["InvoiceJob"] * 3
    found = await reader.queue_jobs("mail", ListQuery(wanted=parse_query("type:InvoiceJob", 0.0)))
    assert len(found.items) == 1


@newest_alone
async def test_the_dead_are_newest_first_and_a_time_is_found_without_reading_all(
    faktory: StandIn, reader: RemoteReader
) -> None:
    for number in range(400):
        at = f"2999-01-{number // 24 + 1:02}T{number % 24:02}:00:00Z"
        faktory.put("dead", f"d-{number:04}", at, failure=FAILURE)
        faktory.put("scheduled", f"s-{number:04}", at)
    first = await reader.set_jobs(JobSet.DEAD, ListQuery())
    assert [job.jid for job in first.items] == [f"d-{n:04}" for n in range(399, 374, -1)]
    there = next(job for job in (await reader.set_jobs(JobSet.SCHEDULED, ListQuery(page=9))).items)
    before = len(faktory.asked)
    page = await reader.set_jobs(JobSet.SCHEDULED, ListQuery(at=there.at))
    assert page.items[0].jid == there.jid == "s-0200"
    assert len(faktory.asked) - before <= 8


@newest_alone
async def test_a_search_looks_through_a_bounded_part_and_says_so(
    faktory: StandIn, reader: RemoteReader
) -> None:
    for number in range(230):
        at = f"2999-01-01T00:{number // 60:02}:{number % 60:02}Z"
        faktory.put("scheduled", f"s-{number:04}", at, args=[{"order": number}])
    wanted = parse_query("args.0.order:201", 0.0)
    jids, pages = await walked(
        lambda query: reader.set_jobs(JobSet.SCHEDULED, query), wanted=wanted
    )
    assert jids == ["s-0201"]
    told = [(page.searched.looked_at, page.searched.complete) for page in pages if page.searched]
    assert told == [(100, False), (100, False), (30, True)]


async def test_the_state_is_what_is_told_and_no_more(
    faktory: StandIn, reader: RemoteReader
) -> None:
    faktory.push("mail", "job-1")
    faktory.queues["idle"] = []
    faktory.paused.add("mail")
    faktory.workers.append(WORKER)
    faktory.held.append({"wid": "w-1", "jid": "h-1", "queue": "mail", "jobtype": "T", "args": [1]})
    state = await reader.state()
    idle, mail = state.queues
    assert (mail.name, mail.size, mail.paused) == ("mail", 1, True)
    # Before 1.9.2 it is not known.
    age = pytest.approx(2.5) if since(faktory.version, 1, 9, 2) else None
    assert mail.latency(state.read_at) == age
    assert state.unread is None
    assert (idle.size, idle.paused, idle.oldest_at) == (0, False, None)
    (worker,) = state.workers or ()
    assert (worker.wid, worker.state, worker.rss_kb) == ("w-1", WorkerState.QUIET, 100)
    assert (worker.started_at, worker.last_beat) == (None, None)
    assert state.sets.working == 1
    (held,) = (await reader.working_jobs(ListQuery())).items
    assert (held.jid, held.wid, held.state) == ("h-1", "w-1", JobState.WORKING)
    assert (held.reserved_at, held.expires_at) == (None, None)


async def test_without_a_web_ui_there_are_totals_and_a_word_why_there_is_no_list(
    faktory: StandIn,
) -> None:
    faktory.push("mail", "job-1")
    port = CommandPort("127.0.0.1", faktory.command.port, budget=Budget(1000), patience=LONG)
    reader = RemoteReader(port, None)
    state = await reader.state()
    assert state.workers is None
    assert state.queues[0].paused is None
    with pytest.raises(UpstreamUnavailableError, match="Web UI is unknown") as told:
        await reader.queue_jobs("mail", ListQuery())
    assert "--web" in told.value.remedy
    await reader.close()


@newest_alone
async def test_a_page_that_cannot_be_read_is_an_error_and_totals_stay(
    faktory: StandIn, reader: RemoteReader
) -> None:
    faktory.push("mail", "job-1")
    faktory.spoiled = "/"
    state = await reader.state()
    assert (state.queues[0].size, state.queues[0].paused, state.workers) == (1, None, None)
    with pytest.raises(PageError, match=r"/queues/… of Faktory 1\.10\.0 cannot be read"):
        await reader.queue_jobs("mail", ListQuery())
    with pytest.raises(PageError, match=r"/busy of Faktory 1\.10\.0 cannot be read"):
        await reader.working_jobs(ListQuery())
    # What is not there is not asked for.
    assert (await reader.set_jobs(JobSet.DEAD, ListQuery())).items == ()


async def test_a_job_is_found_where_it_was_seen_with_its_trace_and_not_when_it_left(
    faktory: StandIn, reader: RemoteReader
) -> None:
    faktory.put("retries", "a+b/c d", AT, failure=FAILURE, args=["x" * 2000])
    (job,) = (await reader.jobs("a+b/c d")).items
    known = json.loads(job.payload)
    assert known["args"] == ["x" * 2000]
    assert known["failure"]["backtrace"] == ["a", "  b"]
    assert known["failure"]["retry_count"] == 3
    faktory.sets["retries"].clear()
    with pytest.raises(NotFoundError, match="not among those"):
        await reader.jobs("a+b/c d")


@newest_alone
async def test_a_queue_of_a_thousand_jobs_keeps_nothing_from_being_known(
    faktory: StandIn, reader: RemoteReader
) -> None:
    for number in range(2500):
        faktory.push("mail", f"job-{number:04}")
    faktory.queues["idle"] = []
    faktory.paused.add("mail")
    state = await reader.state()
    assert [(queue.size, queue.paused) for queue in state.queues] == [(0, False), (2500, True)]
    assert state.unread is None


@newest_alone
async def test_a_queue_that_nobody_knows_is_not_asked_for(
    faktory: StandIn, reader: RemoteReader
) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        await reader.queue_jobs("nowhere", ListQuery())
    assert not any(path.startswith("/queues/") for path in faktory.asked)


@newest_alone
async def test_what_faktory_does_not_have_is_said_to_be_none(reader: RemoteReader) -> None:
    assert await reader.executions("a") is None
    assert await reader.type_times() is None
    assert await reader.parameters() is None


@newest_alone
async def test_an_odd_answer_to_the_question_of_ages_leaves_the_totals(
    faktory: StandIn, reader: RemoteReader, caplog: pytest.LogCaptureFixture
) -> None:
    faktory.push("mail", "job-1")
    faktory.workers.append(WORKER)
    faktory.latency = b"$2\r\n[]\r\n"
    for _ in range(3):
        await reader.change_token()
        state = await reader.state()
        (queue,) = state.queues
        assert (queue.size, queue.paused, queue.oldest_at) == (1, False, None)
        assert state.workers
        assert state.unread is not None
        assert "answers QUEUE LATENCY with something Faktory never sends" in state.unread.detail
    assert not caplog.records


@newest_alone
async def test_a_look_that_fails_leaves_nothing_that_nobody_waits_for(
    faktory: StandIn, reader: RemoteReader, caplog: pytest.LogCaptureFixture
) -> None:
    faktory.push("mail", "job-1")
    await reader.change_token()
    faktory.latency = b""
    for _ in range(3):
        with pytest.raises(UpstreamUnavailableError):
            await reader.state()
    # What was not waited for would be told here.
    gc.collect()
    await asyncio.sleep(0)
    assert not caplog.records


@newest_alone
async def test_who_asks_at_the_same_time_shares_the_totals(
    faktory: StandIn, reader: RemoteReader
) -> None:
    faktory.push("mail", "job-1")
    await asyncio.gather(*(reader.queue_jobs("mail", ListQuery()) for _ in range(20)))
    assert faktory.asked.count("INFO") == 1


@pytest.mark.parametrize("queue", [".", "..", "a.b"])
async def test_a_queue_whose_name_looks_like_a_dot_segment_is_listed(
    faktory: StandIn, reader: RemoteReader, queue: str
) -> None:
    faktory.push(queue, "job-0001")
    (job,) = (await reader.queue_jobs(queue, ListQuery())).items
    assert (job.jid, job.queue) == ("job-0001", queue)
    # What looks like one leads elsewhere.
    assert not any("/queues/." in path for path in faktory.asked)


@pytest.mark.parametrize("queue", [".", ".."])
async def test_a_queue_that_an_old_faktory_cannot_show_is_said_to_be_there(
    faktory: StandIn, reader: RemoteReader, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def led_elsewhere(_: str) -> bytes:
        return page(b"", "301 Moved Permanently", "Location: /queues\r\n")

    faktory.push(queue, "job-0001")
    monkeypatch.setattr(faktory, "_page", led_elsewhere)
    with pytest.raises(UnlistedError, match="cannot show the queue") as told:
        await reader.queue_jobs(queue, ListQuery())
    assert "--redis" in told.value.remedy
    scanner = RemoteScanner(reader, reader._pages or pytest.fail("it has pages"))
    with pytest.raises(UnlistedError):
        await scanner.queue_head(queue)
