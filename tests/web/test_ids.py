"""Every id has an address, and every link to a job leads to it."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glasshouse.model import addresses
from glasshouse.model.job import JobState
from glasshouse.web.http import guard
from glasshouse.web.request import routes
from tests.steady import LONG
from tests.upstream.store import NOW, put
from tests.web.test_redaction import shown

anything = st.text(st.characters(exclude_categories=()), min_size=1, max_size=40)
ODD = (
    "with a line\nbreak", "with\x00nothing", "\r\n\t\x1b[0m!!", "half of \ud800 one", "\x7f" * 8,
    "é" * 900, "plain-id-0001", "~YWJj~", "~not base64!~", "a/b/c/d/e", "..%2f..%2f", "100%+more&",
)  # fmt: skip


@given(anything)
@example(".")
@example("..")
@example("~YQ~")
@example("é" * 2000)
@example("a\nb\x00c\ud800d")
def test_a_segment_is_taken_by_the_guard_and_means_one_id(jid: str) -> None:
    target = f"/main/jobs/{addresses.job_segment(jid)}".encode("ascii")
    assert guard.check("GET", target, "1.1", ((b"host", b"h"),)) is None
    match = routes.find(target)
    assert match is not None
    # Half a character is what Go, and with it every client of Faktory's, reads it as.
    known = re.sub("[\ud800-\udfff]", "\ufffd", jid)
    assert (match.route.name, match.params["jid"]) == ("job", known)


def test_a_code_with_half_a_character_means_the_id_that_a_server_knows() -> None:
    found = routes.find(b"/main/jobs/~b2RkLWppZC3toIA~")
    assert found is not None
    assert found.params["jid"] == "odd-jid-\ufffd"


def test_an_ordinary_id_is_its_own_segment() -> None:
    assert addresses.job_segment("Ab-1_2.z~") == "Ab-1_2.z~"
    assert addresses.job_segment("mit Lücke/n") == "mit%20L%C3%BCcke%2Fn"


def test_what_only_looks_like_a_code_is_an_id() -> None:
    for text in ("~~", "~a b~", "~Ä~", "~YQ", "YQ~"):
        assert addresses.job_id(text) == text


async def test_the_links_of_lists_lead_to_jobs_whatever_their_ids_are(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, client, _):
        for number, jid in enumerate(ODD):
            body = {"jid": jid, "jobtype": "Odd", "queue": "mail", "args": [number]}
            put(db, JobState.DEAD, NOW + number, "odd", payload=json.dumps(body).encode())
            db.execute("UPDATE job SET jid = ? WHERE score = ?",
                       (jid.encode(errors="replace").decode(), NOW + number))  # fmt: skip
        links: set[str] = set()
        async with asyncio.timeout(LONG):
            while len(links) < len(ODD):
                page = unescape((await client.get("/main/dead")).text)
                links = set(re.findall(r'href="(/main/jobs/[^"]+)"', page))
        for link in links:
            answer = await client.get(link)
            assert answer.status_code == 200, link
            told = re.findall(r'"(/api/v1/servers/main/jobs/[^"]+)"', unescape(answer.text))
            assert told
            for there in told:
                assert (await client.get(there)).status_code == 200, there


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/main/", "/main"),
        ("/main/dead/?q=x&page=2", "/main/dead?q=x&page=2"),
        ("/main/queues/", "/main/queues"),
        ("/main/queues/mail/", "/main/queues/mail"),
        ("/api/v1/servers/", "/api/v1/servers"),
        ("/audit/", "/audit"),
    ],
)
async def test_a_slash_at_the_end_leads_to_the_page_that_is_meant(
    tmp_path: Path, path: str, there: str
) -> None:
    async with shown(tmp_path) as (_, client, _app):
        for method in ("GET", "HEAD"):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["location"]) == (308, there)
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/nothing/of/this/", "/main/nothing/", "/main//", "/main/dead//"])
async def test_and_nowhere_where_no_page_is_meant(tmp_path: Path, path: str) -> None:
    async with shown(tmp_path) as (_, client, _app):
        answer = await client.get(path)
        assert answer.status_code in {404, 308}
        assert "//" not in answer.headers.get("location", "").removeprefix("/main/dead/")
        assert (await client.post(path)).status_code in {403, 404, 405}


async def test_a_queue_of_a_name_that_there_cannot_be_links_to_all_queues(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, client, _):
        body = {"jid": "job-00001", "jobtype": "Odd", "queue": "no\nqueue", "args": []}
        put(
            db, JobState.SCHEDULED, NOW + 5, "job-00001", queue="no\nqueue",
            payload=json.dumps(body).encode(),
        )  # fmt: skip
        page = ""
        async with asyncio.timeout(LONG):
            while "job-00001" not in page:
                page = unescape((await client.get("/main/scheduled")).text)
        links = re.findall(r'href="(/main/[^"]+)"', page)
        assert "/main/queues" in links
        for link in links:
            assert (await client.get(link)).status_code == 200, link


@pytest.mark.parametrize("jid", ["", "a" * 5000, "é" * 2500, "\n" * 5000])
def test_an_id_of_five_thousand_bytes_has_an_address(jid: str) -> None:
    assert addresses.addressable(jid)
    stored = f"/api/v1/servers/{'s' * 64}/jobs/{addresses.job_segment(jid)}/stored?entry={'f' * 64}"
    assert len(stored) < guard.MAX_TARGET


@pytest.mark.parametrize("jid", ["a" * 70_000, "é" * 3000, "\x00" * 6000])
def test_a_longer_one_has_none(jid: str) -> None:
    assert not addresses.addressable(jid)
