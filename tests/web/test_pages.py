"""Pages on a fake floor: every page, full, empty and hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable
from datetime import date

import pytest

from glasshouse.model import addresses
from glasshouse.model.errors import NotFoundError
from glasshouse.model.finished import (
    Executions,
    FinishedFilter,
    FinishedJob,
    FinishedPage,
    TimesTable,
    TypeTimes,
)
from glasshouse.model.history import Day, History
from glasshouse.model.job import JobSet, JobState, Outcome, StoredJob
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter, Parameters, listed
from glasshouse.model.server import Queue, ServerState, SetSizes, Worker
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.monitor.snapshot import Sample, Snapshot
from glasshouse.web.pages.table import PAGES
from glasshouse.web.presentation import payload
from glasshouse.web.presentation.render import Renderer
from glasshouse.web.request.context import PageContext, PageResult
from tests.web.fakes import seen

NOW = 1_795_500_000.0
EVIL = "<img src=x onerror=alert(1)>\u202e\x1b"
PAYLOADS = (
    b'{"jid":"x","args":["\xff\xfe",12345678901234567890123,1e400,"\\ud800"],"failure":"text"}',
    b"[" * 10_000 + b"]" * 10_000,
    b'{"args":' + b"[" * 10_000 + b"]" * 10_000 + b',"retry":"no","failure":{"message":["a"]}}',
    b'{"args":[],"enqueued_at":7,"failure":{"retry_count":[1],"errtype":5,"backtrace":9}}',
    b'{"args":"' + b'\\"' * 200_000,
    b"",
)


class FakeReader:
    """Answers with the given payloads, everywhere."""

    def __init__(self, payloads: tuple[bytes, ...]) -> None:
        self.payloads = payloads

    async def change_token(self) -> Hashable:
        return 1

    async def state(self) -> ServerState:
        worker = Worker(wid=EVIL, hostname=EVIL, pid=1, labels=(EVIL,), last_beat=NOW - 60)
        queues = (Queue(name=EVIL, size=3, oldest_at=-1e18), Queue(name="..", size=1, paused=True))
        return ServerState(
            read_at=NOW,
            description=EVIL,
            version="1",
            queues=queues if self.payloads else (),
            sets=SetSizes(retries=len(self.payloads), dead=len(self.payloads)),
            processed=9,
            failures=1,
            workers=(worker,) if self.payloads else (),
        )

    def _jobs(self, state: JobState) -> tuple[StoredJob, ...]:
        return tuple(
            StoredJob(state=state, jid=EVIL, jobtype=EVIL, queue="..", payload=data, at=NOW + 5)
            for data in self.payloads
        )

    def _page(self, state: JobState, query: ListQuery) -> JobPage:
        jobs = self._jobs(state) if query.page == 1 else ()
        return JobPage(
            items=jobs,
            total=len(self.payloads),
            page=query.page,
            per_page=query.per_page,
            read_at=NOW,
            first=(query.page - 1) * query.per_page + 1,
        )

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        return self._page(JobState.ENQUEUED, query)

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        return self._page(JobState(name.value), query)

    async def working_jobs(self, query: ListQuery) -> JobPage:
        return self._page(JobState.WORKING, query)

    async def jobs(self, jid: str) -> Entries:
        found = self._jobs(JobState.DEAD)
        return Entries(found, len(found))

    def _log(self) -> tuple[FinishedJob, ...]:
        return tuple(
            FinishedJob(
                id=number,
                jid=EVIL,
                jobtype=(EVIL, "", "W" * 3000)[number % 3],
                queue="..",
                wid=EVIL,
                enqueued_at=None if number else 1e18,
                reserved_at=-1e18 if number else 5.0,
                finished_at=1e18 if number else -5.0,
                outcome=outcome,
                errtype=EVIL,
            )
            for number, outcome in enumerate(Outcome)
            if self.payloads
        )

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        log = self._log()
        return FinishedPage(
            items=log if page == 1 else (),
            total=len(log),
            held=10**9 if log else 0,
            newer=3 if log else 0,
            searched=len(log),
            newest=len(log),
            page=page,
            per_page=per_page,
            read_at=NOW,
        )

    async def executions(self, jid: str) -> Executions | None:
        return Executions(items=self._log(), more=True, read_at=NOW)

    async def type_times(self) -> TimesTable | None:
        types = tuple(
            TypeTimes(
                jobtype=(EVIL, "", "W" * 3000)[number % 3],
                count=9,
                failed=number,
                wait_median=None,
                wait_p95=1e300,
                run_median=0.0,
                run_p95=1e18,
                run_most=1e300,
            )
            for number in range(9 if self.payloads else 0)
        )
        return TimesTable(
            types=types,
            type_count=len(types) * 2,
            executions=len(types),
            held=10**9 if types else 0,
            first_at=-1e18,
            last_at=NOW,
            read_at=NOW,
        )

    async def history(self, days: int) -> History:
        told = tuple(Day(date(2026, 1, 1 + number), 9, 9) for number in range(31))
        return History(days=told if self.payloads else (), read_at=NOW, utc=False)

    async def parameters(self) -> tuple[Parameter, ...] | None:
        return listed(Parameters(dead_lifetime=5400.5)) if self.payloads else None

    async def close(self) -> None:
        return None


def context(payloads: tuple[bytes, ...], *, locale: str = "en", page: str = "1") -> PageContext:
    """Return the context of a page on a monitor that was read once."""
    reader = FakeReader(payloads)
    server = ServerMonitor("main", reader, clock=lambda: NOW)
    server._sampler.snapshot = Snapshot(
        generation=1,
        pulse=1,
        state=asyncio.run(reader.state()),
        checked_at=NOW,
        fault=None,
        samples=(Sample(NOW - 20, 1, 0, 0), Sample(NOW - 10, 101, 1, 0), Sample(NOW, 50, 1, 0)),
    )
    monitor = seen(server)
    return PageContext(
        monitor=monitor,
        server=monitor.server("main"),
        params={"queue": "..", "jid": EVIL},
        query={"page": page, "type": EVIL if payloads else ""},
        path="/main",
        now=NOW,
        locale=locale,
    )


def built(page: Awaitable[PageResult]) -> PageResult:
    """Return the page when it is there."""

    async def wait() -> PageResult:
        return await page

    return asyncio.run(wait())


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("name", sorted(PAGES))
def test_hostile_data_is_text_on_every_page(name: str, locale: str) -> None:
    asked = context(PAYLOADS, locale=locale)
    result = built(PAGES[name](asked))
    renderer = Renderer({})
    html = renderer.page(result, asked).decode()
    assert renderer.fragment(result, asked).decode().strip() in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "style=" not in html


@pytest.mark.parametrize("name", sorted(set(PAGES) - {"job"}))
def test_an_empty_server_has_every_page(name: str) -> None:
    asked = context(())
    assert b'class="empty' in Renderer({}).page(built(PAGES[name](asked)), asked) or (
        name == "fleet"
    )


def test_a_gone_job_is_said_in_plain_words() -> None:
    with pytest.raises(NotFoundError, match="no longer on the server"):
        built(PAGES["job"](context(())))


def test_a_page_past_the_end_links_to_the_last() -> None:
    asked = context(PAYLOADS, page="9")
    html = Renderer({}).fragment(built(PAGES["retries"](asked)), asked)
    assert b"past the end" in html


def test_numbers_are_shown_exactly_as_stored() -> None:
    shown = payload.pretty(b'[12345678901234567890123,1e400,1.0,"\\ud800"]')
    assert shown.split() == ["[", "12345678901234567890123,", "1e400,", "1.0,", '"\\ud800"', "]"]


def test_fields_of_a_payload_that_no_parser_takes_are_still_found() -> None:
    found = payload.fields(b'{"args":' + b"[" * 9000 + b"]" * 9000 + b',"retry":3}')
    assert found["retry"] == b"3"
    assert len(found["args"]) == 18_000


def test_queue_names_that_browsers_collapse_go_into_the_query() -> None:
    assert addresses.queue_href("main", "..") == "/main/queues/?name=.."
    assert addresses.queue_href("main", "a/b?") == "/main/queues/a%2Fb%3F"
