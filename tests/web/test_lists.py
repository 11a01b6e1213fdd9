"""Lists of jobs as addresses and pages: where the steps lead, what the filter box says."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import httpx
import pytest

from glasshouse.model.job import JobState
from glasshouse.model.listing import ListPosition
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.web.app import create_app
from glasshouse.web.presentation.list_query import read_place, write_place
from tests.upstream.store import NOW, put, storing, take
from tests.web.fakes import ASSETS, FAST
from tests.web.test_finished import words

SIZE = 130
API = "/api/v1/servers/main"


class Shown:
    """The real pages over a store that can be changed."""

    def __init__(self, db: apsw.Connection, browser: httpx.AsyncClient) -> None:
        self.db = db
        self._browser = browser

    async def get(self, path: str) -> httpx.Response:
        return await self._browser.get(path)

    async def page(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


@contextlib.asynccontextmanager
async def shown(folder: Path) -> AsyncIterator[Shown]:
    async with storing(folder) as (db, reader):
        with db:
            for n in range(SIZE):
                args = [{"order": n, "who": "Zoë"}]
                put(db, JobState.RETRIES, NOW + 60.0 * n, f"retry-{n:03}", args=args)
            put(db, JobState.ENQUEUED, 1.0, "dots-1", queue="..")
        server = ServerMonitor("main", reader, clock=lambda: NOW, pace=FAST)
        monitor = Monitor({"main": server})
        app = create_app(monitor, clock=lambda: NOW, assets=ASSETS)
        async with (
            monitor.running(),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://house"
            ) as browser,
        ):
            yield Shown(db, browser)


def jids(text: str) -> list[str]:
    return re.findall(r'data-copy="([^"]+)"', text)


def link(text: str, label: str) -> str:
    found = re.search(rf'<a[^>]*href="([^"]+)"[^>]*>{label}</a>', text)
    assert found is not None, label
    return html.unescape(found[1])


async def test_the_steps_lead_through_the_list_and_back(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        first = await site.page("/main/retries")
        assert jids(first) == [f"retry-{n:03}" for n in range(25)]
        assert "1–25 of 130" in first
        second = await site.page(link(first, "Next"))
        assert jids(second) == [f"retry-{n:03}" for n in range(25, 50)]
        assert "26–50 of 130" in second
        assert link(second, "Previous") == "/main/retries"
        third = await site.page(link(second, "Next"))
        assert jids(await site.page(link(third, "Previous"))) == jids(second)
        last = await site.page(link(third, "Last"))
        assert jids(last) == [f"retry-{n:03}" for n in range(125, 130)]
        assert "<span>Next</span>" in last
        assert link(last, "First") == "/main/retries"


async def test_the_next_page_begins_where_the_last_one_ended_though_jobs_ran(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path) as site:
        first = await site.page("/main/retries")
        with site.db:
            take(site.db, [f"retry-{n:03}" for n in range(20)])
        second = await site.page(link(first, "Next"))
        assert jids(second) == [f"retry-{n:03}" for n in range(25, 50)]
        assert "6–30 of 110" in second


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("3", "/main/retries?page=3"),
        ("1,000", "/main/retries?page=1000"),
        (" ", "/main/retries"),
        ("2027-01-15 09:00", "/main/retries?at=2027-01-15T09%3A00%3A00Z"),
        ("+1h", "/main/retries?at=2027-01-15T09%3A00%3A00Z"),
    ],
)
async def test_what_is_typed_leads_to_a_page_or_a_time(
    tmp_path: Path, typed: str, address: str
) -> None:
    async with shown(tmp_path) as site:
        answer = await site.get(
            f"/main/retries?go={typed}".replace(" ", "+").replace("+1h", "%2B1h")
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == address


async def test_a_time_shows_what_is_due_then_and_after(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        page = await site.page("/main/retries?at=2027-01-15T09:00:00Z")
        assert jids(page)[0] == "retry-060"
        assert "61–85 of 130" in page
        later = await site.page("/main/retries?at=2028-01-15T09:00:00Z")
        assert "past the end of the list" in later
        assert link(later, "Go to the last page") == "/main/retries?page=6"


async def test_words_that_are_no_page_and_no_time_are_told_what_could_be_typed(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path) as site:
        answer = await site.get("/main/retries?go=soon")
        assert answer.status_code == 400
        assert "'soon' is not a time." in html.unescape(answer.text)
        assert (await site.get("/main/retries?go=0")).status_code == 400


async def test_a_time_to_come_is_in_lists_of_what_is_to_come_alone(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        for path in ("/main/retries", "/main/scheduled", "/main/dead"):
            assert (await site.get(f"{path}?go=%2B2h")).status_code == 303
        answer = await site.get("/main/queues/?name=..&go=%2B2h")
        assert answer.status_code == 400
        assert "nothing can have been enqueued then" in answer.text
        assert (await site.get("/main/queues/?name=..&go=2h")).status_code == 303


async def test_the_filter_box_finds_and_says_that_it_looked_everywhere(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        one = await site.page("/main/retries?q=args.0.order:77")
        assert jids(one) == ["retry-077"]
        assert "1 found; all 130 were searched." in words(one)
        assert 'value="args.0.order:77"' in one
        assert link(one, "Show all") == "/main/retries"
        many = await site.page("/main/retries?q=zo%C3%AB")
        assert "The first 25 from here; more follow." in words(many)
        more = await site.page(link(many, "Next"))
        assert jids(more) == [f"retry-{n:03}" for n in range(25, 50)]
        assert link(more, "First") == "/main/retries?q=zo%C3%AB"
        none = await site.page("/main/retries?q=error:nothing")
        assert "No matching jobs in this list. Show all" in words(none)


async def test_words_that_cannot_be_understood_are_kept_and_explained(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        answer = await site.get("/main/retries?q=after:soon+refused")
        assert answer.status_code == 400
        assert "'soon' is not a time." in html.unescape(answer.text)
        assert 'value="after:soon refused"' in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert jids(answer.text) == []
        api = await site.get(API + "/sets/retries/jobs?q=after:soon")
        assert api.status_code == 400
        assert api.json()["code"] == "invalid"


async def test_a_list_can_be_turned_round_and_stays_so(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        first = await site.page("/main/retries")
        assert 'aria-sort="ascending"' in first
        turned = await site.page("/main/retries?order=reverse&q=zo%C3%AB")
        assert 'aria-sort="descending"' in turned
        assert jids(turned)[0] == "retry-129"
        second = await site.page(link(turned, "Next"))
        assert jids(second)[0] == "retry-104"
        assert 'name="order" value="reverse"' in second


async def test_a_queue_named_by_dots_keeps_its_name_in_every_step(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        page = await site.page("/main/queues/?name=..")
        assert jids(page) == ["dots-1"]
        assert '<input type="hidden" name="name" value="..">' in page
        found = await site.page("/main/queues/?name=..&q=dots")
        assert link(found, "Show all") == "/main/queues/?name=.."


@pytest.mark.parametrize(
    "query",
    ["from=x", "from=1,2,3", "from=1e9999", "at=2h", "at=2027-99-01", "order=down", "page=0",
     "q=" + "x" * 501, "go=" + "x" * 501],
)  # fmt: skip
async def test_a_parameter_that_no_page_writes_is_refused(tmp_path: Path, query: str) -> None:
    async with shown(tmp_path) as site:
        answer = await site.get(f"/main/retries?{query}")
        assert answer.status_code == 400


async def test_the_json_twin_has_the_same_parts(tmp_path: Path) -> None:
    async with shown(tmp_path) as site:
        first = (await site.get(API + "/sets/retries/jobs?per_page=100")).json()
        assert (first["total"], len(first["items"])) == (130, 100)
        rest = await site.get(API + f"/sets/retries/jobs?per_page=100&from={first['next']}")
        assert [job["jid"] for job in rest.json()["items"]] == [
            f"retry-{n:03}" for n in range(100, 130)
        ]
        assert "next" not in rest.json()
        found = (await site.get(API + "/sets/retries/jobs?q=args.0.order:77")).json()
        assert [job["jid"] for job in found["items"]] == ["retry-077"]
        assert (found["looked_at"], found["of"], found["complete"]) == (130, 130, True)
        assert "total" not in found


@pytest.mark.parametrize(
    "place",
    [
        ListPosition(1.5, 7),
        ListPosition(-3.0),
        ListPosition(1e22, 1),
        ListPosition(1800000060.123457, 10**17),
    ],
)
def test_a_place_is_read_as_it_was_written(place: ListPosition) -> None:
    assert read_place(write_place(place)) == place
