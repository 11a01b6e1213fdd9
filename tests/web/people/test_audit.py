"""``/audit`` and ``/api/v1/audit``: the ledger for those who see it, and for nobody else."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.storage import ledger, sinks
from glasshouse.storage.sinks import SinkPosition
from glasshouse.storage.tables import LEDGER

from .home import Home, living, sign_in


def fill(home: Home, many: int) -> None:
    home.database.call(
        ledger.append,
        *(
            Record(
                event=Event.FACTOR_REFUSED if number % 2 else Event.SIGNED_IN,
                at=home.now - many + number,
                who=Subject(name=f"local:n{number}", address="10.0.0.7"),
                detail={"by": "<script>alert(1)</script>\u202e"},
            )
            for number in range(many)
        ),
    )


async def test_an_auditor_reads_it_newest_first_and_page_by_page(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        fill(home, 119)
        await sign_in(browser, "eve")
        page = (await browser.get("/audit")).text
        assert page.index("local:eve") < page.index("local:n118") < page.index("local:n70")
        assert "local:n69" not in page
        assert "120 in total" in page
        assert "<script>alert" not in page
        assert "\u202e" not in page
        older = (await browser.get("/audit?until=70")).text
        assert "local:n69" in older
        assert "Show the newest" in older
        last = (await browser.get("/audit?until=20")).text
        assert 'rel="next"' not in last


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [
        ("event=session.signed_in", "local:n2", "local:n3"),
        ("actor=local:n3", "local:n3", "local:n2"),
        ("q=10.0.0.7", "local:n2", "local:eve"),
        ("since=2027-01-15T08:00:00Z&before=", "local:eve", "local:n2"),
        ("since=&before=2027-01-15T08:00:00Z", "local:n2", "local:eve"),
    ],
)
async def test_it_is_searched(tmp_path: Path, asked: str, shown: str, hidden: str) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        fill(home, 4)
        await sign_in(browser, "eve")
        rows = (await browser.get(f"/audit?{asked}")).text.partition("<tbody>")[2]
        assert shown in rows
        assert hidden not in rows
        told = (await browser.get(f"/api/v1/audit?{asked}")).json()
        names = [item["record"]["who"]["name"] for item in told["items"]]
        assert shown in names
        assert hidden not in names
        assert told["total"] == len(names)


async def test_what_matches_nothing_says_so(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        await sign_in(browser, "eve")
        assert "No matching records" in (await browser.get("/audit?q=nowhere")).text


async def test_programs_go_on_where_a_page_ends(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        fill(home, 60)
        await sign_in(browser, "eve")
        seen, until = [], ""
        while True:
            told = (await browser.get(f"/api/v1/audit{until}")).json()
            seen += [item["record"]["seq"] for item in told["items"]]
            if "until" not in told:
                break
            until = f"?until={told['until']}"
        assert seen == list(range(61, 0, -1))


async def test_an_export_is_the_ledger_and_is_recorded_before(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        fill(home, 1100)
        await sign_in(browser, "eve")
        answer = await browser.get("/api/v1/audit/export")
        assert answer.headers["content-disposition"] == 'attachment; filename="ledger.jsonl"'
        lines = answer.text.splitlines()
        assert [json.loads(line)["record"]["seq"] for line in lines] == list(range(1, 1103))
        last = json.loads(lines[-1])["record"]
        assert (last["event"], last["who"]["name"]) == ("ledger.exported", "local:eve")
        asked = "/api/v1/audit/export?format=csv&actor=local:n7"
        rows = list(csv.DictReader(io.StringIO((await browser.get(asked)).text)))
        assert [row["name"] for row in rows] == ["local:n7"]
        assert rows[0]["event"] == "factor.refused"
        newest = (await browser.get("/api/v1/audit")).json()["items"][0]["record"]
        assert newest["detail"] == {"format": "csv", "actor": "local:n7"}
        head = await browser.head("/api/v1/audit/export")
        assert (head.status_code, head.content) == (200, b"")
        assert (await browser.get("/api/v1/audit/export?format=xml")).status_code == 400


async def test_what_cannot_be_recorded_is_not_exported(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        fill(home, 3)
        await sign_in(browser, "eve")
        home.database.call(lambda db: db.execute(sa.text("ALTER TABLE ledger_head RENAME TO gone")))
        answer = await browser.get("/api/v1/audit/export")
        assert answer.status_code == 503
        assert "local:n1" not in answer.text


async def test_nobody_else_sees_it(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("dev", "viewer")
        stranger = await browser.get("/audit")
        assert stranger.headers["location"].startswith("/sign-in")
        assert (await browser.get("/api/v1/audit")).status_code == 401
        await sign_in(browser, "dev")
        for address in ("/audit", "/api/v1/audit", "/api/v1/audit/export"):
            answer = await browser.get(address)
            assert answer.status_code == 403
            assert "local:dev" not in answer.text
        assert 'href="/audit"' not in (await browser.get("/main")).text


async def test_a_role_sees_it_only_in_its_networks(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser("192.0.2.1") as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        assert (await browser.get("/audit")).status_code == 403
    async with living(tmp_path) as home, home.browser("10.20.0.9") as browser:
        await sign_in(browser, "ops")
        assert (await browser.get("/audit")).status_code == 200
        assert 'href="/audit"' in (await browser.get("/account")).text


async def test_a_spoilt_record_is_shown_as_far_as_it_can_be(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        await sign_in(browser, "eve")
        home.database.call(lambda db: db.execute(sa.update(LEDGER).values(body=b"\xff{")))
        assert (await browser.get("/audit")).status_code == 200
        assert (await browser.get("/api/v1/audit")).json()["items"][0]["record"] == {}


async def test_the_other_places_of_the_ledger_are_told_with_what_keeps_them(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        await sign_in(browser, "eve")
        assert "Also written to" not in (await browser.get("/audit")).text
        places = {"a" * 64: "file:/audit.jsonl", "b" * 64: "https://<logs>/…"}
        home.people.tools.sinks.update(places)
        fault = SinkPosition(seq=7, fault="It answered 503.", at=home.now - 60)
        home.database.call(sinks.keep, "b" * 64, fault)
        page = (await browser.get("/audit")).text
        told = (await browser.get("/api/v1/audit")).json()["sinks"]
    assert "<logs>" not in page
    page = html.unescape(page)
    assert "file:/audit.jsonl</span>, up to record 0." in page
    assert "https://<logs>/…</span>, up to record 7." in page
    assert page.count("not sent") == 1
    assert "It answered 503." in page
    assert told == [
        {"name": "file:/audit.jsonl", "seq": 0},
        {"name": "https://<logs>/…", "seq": 7, "fault": "It answered 503."},
    ]


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59-05:00", "0001-01-01T00:00%2B10:00", "yesterday", "1960-01-01"]
)
async def test_a_time_that_cannot_be_is_refused(tmp_path: Path, when: str) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("eve", "auditor")
        await sign_in(browser, "eve")
        for path in ("/audit", "/api/v1/audit", "/api/v1/audit/export"):
            assert (await browser.get(f"{path}?since={when}")).status_code == 400
