"""The finished page and a job's executions: filters, states, links, words."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from glasshouse.model.finished import FAILED, FinishedFilter
from glasshouse.model.job import Outcome
from glasshouse.model.parameters import Parameters
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.web.app import Application, create_app
from glasshouse.web.http import query
from glasshouse.web.presentation.executions import can_be_asked_for, finished_href
from tests.web.fakes import ASSETS, FAST, NOW, FakeReader, ended, stored


class Shown:
    """The real pages over a fake server."""

    def __init__(self) -> None:
        self.reader = FakeReader()
        self.server = ServerMonitor("main", self.reader, clock=lambda: NOW, pace=FAST)
        self.monitor = Monitor({"main": self.server})
        self.app: Application = create_app(self.monitor, clock=lambda: NOW, assets=ASSETS)

    async def get(self, path: str, locale: str = "en") -> tuple[int, str]:
        """Return the status and the text of a page, as a person reads it."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://house") as browser:
            answer = await browser.get(path, headers={"Accept-Language": locale})
        return answer.status_code, answer.text

    async def page(self, path: str, locale: str = "en") -> str:
        async with self.monitor.running():
            status, text = await self.get(path, locale)
        assert status == 200
        return text


def words(text: str) -> str:
    """Return the words of the page's inside."""
    inside = text.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", inside))).strip()


def full(shown: Shown) -> None:
    shown.reader.log = [
        ended(1, "job-1"),
        ended(2, "job-2", Outcome.RETRIED),
        ended(3, "job-2", Outcome.BURIED, finished_at=NOW - 0.25 + 75),
        ended(4, "job-3", Outcome.DROPPED, jobtype="Charge", queue="money", wid=""),
        ended(5, "job-4", enqueued_at=None, reserved_at=NOW, jobtype="a&b=c/d"),
    ]


async def test_an_execution_is_told_with_all_that_is_known_of_it() -> None:
    shown = Shown()
    shown.reader.log = [ended(1, "job-1", Outcome.RETRIED, jobtype="Charge", wid="worker-7")]
    text = words(await shown.page("/main/finished"))
    for said in ("job-1", "Charge", "mail", "worker-7", "2.00 s", "250 ms", "retried", "Timeout"):
        assert said in text, said
    assert "1–1 of 1" in text
    assert "The log keeps up to 100,000 executions, for 7 d." in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["job-4", "job-3", "job-2", "job-2", "job-1"]),
        ("?type=&queue=&outcome=&id=", ["job-4", "job-3", "job-2", "job-2", "job-1"]),
        ("?type=Charge", ["job-3"]),
        ("?type=a%26b%3Dc%2Fd", ["job-4"]),
        ("?queue=money&outcome=dropped", ["job-3"]),
        ("?outcome=failed", ["job-3", "job-2", "job-2"]),
        ("?id=job-2", ["job-2", "job-2"]),
        ("?id=job-2&until=2", ["job-2"]),
        ("?type=none", []),
    ],
)
async def test_a_filter_narrows_the_list_to_what_equals_it(asked: str, found: list[str]) -> None:
    shown = Shown()
    full(shown)
    text = await shown.page("/main/finished" + asked)
    rows = text.partition('<table class="cards log">')[2]
    assert re.findall(r'data-copy="(job-\d)"', rows) == found
    assert ("No matching executions." in words(text)) is (not found)


@pytest.mark.parametrize(
    "asked", ["?outcome=well", "?until=0", "?until=x", "?page=0", "?type=" + "x" * 501, "?id=%ff"]
)
async def test_a_filter_that_cannot_be_is_refused(asked: str) -> None:
    shown = Shown()
    async with shown.monitor.running():
        assert (await shown.get("/main/finished" + asked))[0] == 400
        assert (await shown.get("/api/v1/servers/main/finished" + asked))[0] == 400


async def test_the_form_keeps_what_was_asked_and_offers_what_is_there() -> None:
    shown = Shown()
    full(shown)
    text = await shown.page("/main/finished?type=Charge&outcome=failed")
    assert 'name="type" value="Charge"' in text
    assert '<option value="failed" selected>' in text
    types = text.partition('<datalist id="types">')[2].partition("</datalist>")[0]
    assert re.findall(r'value="([^"]*)"', types) == ["Charge", "Send", "a&amp;b=c&#x2f;d"]
    assert '<datalist id="queues"><option value="mail">' in text


async def test_pages_after_the_first_keep_still_and_lead_back_to_the_newest() -> None:
    shown = Shown()
    shown.reader.log = [ended(number, f"job-{number}") for number in range(1, 61)]
    first = await shown.page("/main/finished?queue=mail")
    assert 'rel="next" href="&#x2f;main&#x2f;finished?queue=mail&amp;until=60&amp;page=2"' in first
    shown = Shown()
    shown.reader.log = [ended(number, f"job-{number}") for number in range(1, 81)]
    second = await shown.page("/main/finished?queue=mail&until=60&page=2")
    assert re.findall(r'data-copy="job-(\d+)"', second) == [str(n) for n in range(35, 10, -1)]
    assert "Newer entries are hidden" in words(second)
    assert 'href="&#x2f;main&#x2f;finished?queue=mail">Show the newest' in second


async def test_a_page_or_a_time_can_be_typed_and_keeps_the_filter() -> None:
    shown = Shown()
    full(shown)
    async with shown.monitor.running():
        transport = httpx.ASGITransport(shown.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://house") as browser:
            moved = await browser.get("/main/finished?error=time&go=2027-01-15+08:00")
            wrong = await browser.get("/main/finished?error=time&go=soon")
            future = await browser.get("/main/finished?error=time&go=2027-01-16")
    assert moved.status_code == 303
    assert moved.headers["location"] == "/main/finished?error=time&at=2027-01-15T08%3A00%3A00Z"
    assert wrong.status_code == 400
    assert "'soon' is not a time." in html.unescape(wrong.text)
    assert 'name="error" value="time"' in wrong.text
    # It is not taken for now without a word.
    assert future.status_code == 400
    assert "This time is in the future" in future.text


async def test_a_log_without_entries_says_why() -> None:
    shown = Shown()
    assert "No finished jobs yet." in words(await shown.page("/main/finished"))
    shown = Shown()
    shown.reader.settings = Parameters(finished_most=0)
    assert "turned off: its parameter finished_most is 0" in words(
        await shown.page("/main/finished")
    )
    shown = Shown()
    shown.reader.log = shown.reader.settings = None
    assert "This server keeps no log of finished jobs." in words(await shown.page("/main/finished"))
    shown = Shown()
    shown.reader.settings = None
    assert "This server has no parameters" in words(await shown.page("/main/parameters"))


async def test_a_server_that_is_gone_leaves_the_last_known_pages_under_a_banner() -> None:
    shown = Shown()
    full(shown)
    paths = ("/main/finished", "/main/parameters", "/main/jobs/job-2")
    async with shown.monitor.running():
        before = [words((await shown.get(path))[1]) for path in paths]
        shown.reader.gone = True
        async for snapshot in shown.server.watch():
            if snapshot.fault is not None:
                break
        for path, known in zip(paths, before, strict=True):
            status, text = await shown.get(path)
            assert (status, words(text)) == (200, known)
            assert "Server unreachable since" in text


async def test_a_job_that_left_the_server_is_told_by_its_last_execution() -> None:
    answers = {
        Outcome.DONE: "Yes, it ran successfully.",
        Outcome.RETRIED: "It ran, failed and will be retried.",
        Outcome.BURIED: "It ran, failed and moved to the dead set.",
        Outcome.DROPPED: "It ran, failed and was discarded",
    }
    for outcome, answer in answers.items():
        shown = Shown()
        shown.reader.log = [ended(1, "job-1", Outcome.RETRIED), ended(2, "job-1", outcome)]
        text = words(await shown.page("/main/jobs/job-1"))
        assert answer in text
        assert "The job is no longer on the server" in text
        assert text.count("w1") == 2


async def test_a_job_that_is_there_is_told_with_its_executions() -> None:
    shown = Shown()
    shown.reader.push(stored("job-1"))
    assert "no execution has ended yet" in words(await shown.page("/main/jobs/job-1"))
    shown = Shown()
    shown.reader.push(stored("job-1"))
    shown.reader.log = [ended(number, "job-1", Outcome.RETRIED) for number in range(1, 105)]
    text = words(await shown.page("/main/jobs/job-1"))
    assert "executions: 100+" in text
    assert "Only the newest 100 executions are shown." in text
    assert "not on the server any more" not in text


async def test_a_job_that_nobody_knows_is_not_found_and_the_reason_fits_the_server() -> None:
    shown = Shown()
    async with shown.monitor.running():
        status, text = await shown.get("/main/jobs/none")
        assert status == 404
        assert "It is not in the log of finished jobs either" in text
    shown = Shown()
    shown.reader.log = None
    async with shown.monitor.running():
        status, text = await shown.get("/main/jobs/none")
        assert status == 404
        assert "Finished jobs are removed from the server." in text


async def test_parameters_are_told_in_units_with_what_was_changed() -> None:
    shown = Shown()
    shown.reader.settings = Parameters(dead_lifetime=5400.0, due_period=0.5, default_retry=-1)
    text = words(await shown.page("/main/parameters"))
    assert "1 h 30 min changed default 180 d 1 h to 3,650 d" in text
    assert "0.5 s changed default 1 s 0.1 s to 1 min" in text
    assert "-1 changed default 25 -1 to 1,000" in text
    assert "2,000 default 10 to 100,000" in text
    assert "server.configure" in text
    chinese = words(await Shown().page("/main/parameters", "zh-CN"))
    assert "180 天 默认 1 小时 至 3,650 天" in chinese


def test_a_name_is_linked_only_where_an_address_can_hold_it() -> None:
    for name in ("Send", "a/b c&d=é", "x" * query.MAX_TEXT):
        assert can_be_asked_for(name)
        asked = finished_href("main", type=name, queue="").partition("?")[2]
        given = query.taken(asked.encode(), ("type", "queue"))
        assert query.finished_filter(given) == FinishedFilter(jobtype=name)
    for name in ("", "a\nb", "a\x00", "\u202e", "x" * (query.MAX_TEXT + 1)):
        assert not can_be_asked_for(name)


def test_failed_stands_for_every_outcome_but_done() -> None:
    assert set(FAILED) == set(Outcome) - {Outcome.DONE}
    assert query.finished_filter({"outcome": "failed"}).outcomes == FAILED
