"""A job's page within its bounds, its links, and its stored bytes."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import httpx
import pytest

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import parse_query
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.web.app import create_app
from glasshouse.web.pages import stored
from glasshouse.web.presentation.related import related
from glasshouse.web.presentation.size_budget import Budget
from glasshouse.wire.matching import matches
from tests.upstream.store import NOW, put, storing
from tests.web.fakes import ASSETS, FAST
from tests.web.test_finished import words

API = "/api/v1/servers/main/jobs"
MOST = 2_000_000


@contextlib.asynccontextmanager
async def shown(folder: Path) -> AsyncIterator[tuple[apsw.Connection, httpx.AsyncClient]]:
    async with storing(folder) as (db, reader):
        server = ServerMonitor("main", reader, clock=lambda: NOW, pace=FAST)
        monitor = Monitor({"main": server})
        app = create_app(monitor, clock=lambda: NOW, assets=ASSETS)
        transport = httpx.ASGITransport(app)
        async with (
            monitor.running(),
            httpx.AsyncClient(transport=transport, base_url="http://house") as browser,
        ):
            yield db, browser


def payload(**fields: object) -> bytes:
    job = {"jid": "one", "jobtype": "Send", "queue": "mail", "args": []} | fields
    return json.dumps(job, ensure_ascii=False).encode("utf-8", "surrogatepass")


async def test_the_stored_bytes_come_as_they_are_and_are_never_rendered(tmp_path: Path) -> None:
    odd = b'{"jid":"one","jobtype":"T","queue":"mail","args":["\xff\xfe<script>",1e400]}'
    async with shown(tmp_path) as (db, browser):
        put(db, JobState.DEAD, NOW, "one", payload=odd)
        put(db, JobState.RETRIES, NOW, "one", payload=payload())
        page = (await browser.get("/main/jobs/one")).text
        [first, *_] = re.findall(r'data-stored="([^"]+)"', page)
        answer = await browser.get(html.unescape(first))
        assert answer.content == odd
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await browser.get(
            html.unescape(first), headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304
        assert (await browser.get(f"{API}/one/stored")).content == odd
        assert (await browser.get(f"{API}/one/stored?entry={'0' * 24}")).status_code == 404
        assert (await browser.get(f"{API}/one/stored?entry=../etc")).status_code == 400
        assert (await browser.get(f"{API}/none/stored")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        payload(args=['"' * 5_000_000]),
        payload(args=[list(range(2_000_000))]),
        payload(args=["x"], failure={"errtype": "<" * 9000, "message": "<&'\"" * 500_000,
                                     "backtrace": ["<b>" * 300] * 9000}),
        payload(**{f"field-{n}": "<" * 900 for n in range(10_000)}),
        b'{"args":' + b"[" * 9000 + b"]" * 9000 + b"}",
    ],
    ids=["quotes", "numbers", "error", "fields", "deep"],
)  # fmt: skip
async def test_no_job_makes_a_page_too_large_and_what_is_left_out_is_said(
    tmp_path: Path, body: bytes
) -> None:
    async with shown(tmp_path) as (db, browser):
        for number in range(25):
            put(db, JobState.DEAD, float(number), "one", payload=body)
        answer = await browser.get("/main/jobs/one")
        assert answer.status_code == 200
        assert len(answer.content) < MOST
        said = words(answer.text)
        assert "25 entries have this id; the first 20 are shown." in said
        assert "Showing the beginning of" in said
        if b"field-1" in body:
            assert "See the stored job below for 9,960 more fields." in said
        if b"errtype" in body:
            assert "Only the beginning of the message is shown" in said
            assert "Only the beginning of the backtrace is shown" in said


async def test_more_entries_with_one_id_than_are_read_are_counted(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, browser):
        with db:
            for number in range(130):
                put(db, JobState.DEAD, float(number), "one", payload=payload())
        assert "130 entries have this id" in (await browser.get("/main/jobs/one")).text
        listed = (await browser.get(f"{API}/one")).json()
        assert (listed["total"], len(listed["items"])) == (130, 100)


async def test_the_links_to_the_same_type_and_error_find_the_job_itself(tmp_path: Path) -> None:
    failure = {
        "errtype": "Stripe::CardError",
        "message": 'Card "4242" refused:\nsorry',
        "backtrace": [],
    }
    async with shown(tmp_path) as (db, browser):
        put(db, JobState.DEAD, NOW, "one", jobtype="Send", payload=payload(failure=failure))
        page = (await browser.get("/main/jobs/one")).text
        links = re.findall(r'href="(/main/dead\?q=[^"]+)"', html.unescape(page))
        assert len(links) >= 2
        for link in links:
            assert 'data-copy="one"' in (await browser.get(link)).text, link


@pytest.mark.parametrize("name", ['a "b" \\c', "plain", "a:b", "with space", "1,2"])
def test_a_link_means_the_name_whatever_is_in_it(name: str) -> None:
    job = StoredJob(
        state=JobState.DEAD, jid="x", jobtype=name, queue="q",
        payload=json.dumps({"failure": {"errtype": name, "message": name}}).encode(),
    )  # fmt: skip
    for links in related(job, {"errtype": name, "message": name}, "main", "en"):
        for link in links.items:
            if "?q=" in link.href:
                words_of = httpx.URL(f"http://h{link.href}").params["q"]
                wanted = parse_query(words_of, NOW)
                assert wanted is not None
                assert matches(wanted, job), words_of


def test_a_budget_counts_what_html_makes_of_a_text() -> None:
    budget = Budget(100)
    assert budget.take("short", 50) == ("short", False)
    assert budget.take("x" * 60, 50) == ("x" * 50, True)
    part = budget.take("<" * 50, 50)
    assert part.cut
    assert len(part.text) == (100 - 55) // 6
    assert budget.take("more", 50).cut
    assert Budget(10).take("", 5) == ("", False)


def test_the_same_bytes_have_the_same_name() -> None:
    one = StoredJob(state=JobState.DEAD, jid="a", jobtype="T", queue="q", payload=b"{}")
    assert stored.entry_name(one) == stored.entry_name(one)
    assert re.fullmatch("[0-9a-f]{24}", stored.entry_name(one))
