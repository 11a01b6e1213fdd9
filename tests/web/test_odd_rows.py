"""Rows that no engine of today writes: each costs itself at most, and can be picked out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import apsw
import pytest
from structlog.testing import capture_logs

from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.listing import ListPosition, ListQuery
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.operator import Selection
from glasshouse.web.presentation import payload
from glasshouse.web.shapes import jobs, unreadable
from glasshouse.wire.payload import read_fields
from tests.upstream.store import NOW, put, storing
from tests.web.test_redaction import addresses, shown

SCORES = (
    math.inf, -math.inf, 1e300, -1e300, 1e15, -1e15, 253_402_300_800.0, 253_402_300_799.99997,
    -62_135_596_800.5, -1.0, -0.0, 5e-324, NOW,
)  # fmt: skip
PAYLOADS = (
    b"", b"\xff", b"null", b"[]", b"{", b'"text"', b"{}", b'{"jid":5}', b'{"args":{}}', b"{" * 9000,
    b'{"failure":[],"at":{},"created_at":[],"enqueued_at":1e400,"retry":"x","queue":{}}',
)  # fmt: skip
STATES = (JobState.SCHEDULED, JobState.RETRIES, JobState.DEAD, JobState.WORKING)


def fill(db: apsw.Connection) -> list[str]:
    """Put a job with each odd score and payload into each set; return their ids."""
    jids: list[str] = []
    for state in STATES:
        odd = [(score, None) for score in SCORES] + [(NOW + 60, text) for text in PAYLOADS]
        for number, (score, text) in enumerate(odd):
            jids.append(f"{state.value}-{number}")
            put(db, state, score, jids[-1], payload=text)
    return jids


async def test_every_address_answers_over_odd_rows(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, client, _):
        jids = fill(db)
        asked = addresses("type:Send", "before:9999-12-31", "after:0001-01-01", "error:x", "a")
        asked += [f"/main/jobs/{jid}" for jid in jids]
        asked += [f"/api/v1/servers/main/jobs/{jid}" for jid in jids]
        for address in asked:
            answer = await client.get(address)
            wanted = {400} if address.endswith("/search") else {200, 404}
            assert answer.status_code in wanted | {200}, (address, answer.text[:300])
        for jid in jids:
            assert (await client.get(f"/main/jobs/{jid}")).status_code == 200


@pytest.mark.parametrize("name", list(JobSet))
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_list_is_walked_whole_from_place_to_place(
    tmp_path: Path, name: JobSet, *, backwards: bool
) -> None:
    async with storing(tmp_path) as (db, reader):
        fill(db)
        seen: list[str] = []
        start: ListPosition | None = None
        while True:
            query = ListQuery(per_page=4, start=start, backwards=backwards)
            page = await reader.set_jobs(name, query)
            seen += [job.jid for job in page.items]
            start = page.next
            if start is None:
                break
        assert sorted(seen) == sorted(f"{name.value}-{n}" for n in range(len(SCORES + PAYLOADS)))


@pytest.mark.parametrize("name", list(JobSet))
async def test_each_entry_of_a_set_has_a_key_that_names_it_alone(
    tmp_path: Path, name: JobSet
) -> None:
    async with storing(tmp_path) as (db, reader):
        fill(db)
        page = await reader.set_jobs(name, ListQuery(per_page=100))
        operator = EmbeddedOperator(tmp_path)
        keys = [job.key for job in page.items]
        assert None not in keys
        assert len(set(keys)) == len(keys)
        for job in page.items:
            frozen = await operator.freeze(Selection(set=name, keys=(str(job.key),)))
            assert frozen.count == 1, job.key
            assert frozen.samples == (job,)
        await operator.close()


async def test_a_payload_that_is_text_is_read_as_its_bytes(tmp_path: Path) -> None:
    async with storing(tmp_path) as (db, reader):
        put(db, JobState.DEAD, NOW, "text-0001")
        db.execute("UPDATE job SET payload = CAST(payload AS TEXT)")
        page = await reader.set_jobs(JobSet.DEAD, ListQuery())
        assert page.items[0].payload.startswith(b'{"jid": "text-0001"')


async def test_a_job_that_cannot_be_laid_out_costs_its_own_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(real: Callable[[bytes], dict[str, bytes]]) -> Callable[[bytes], dict[str, bytes]]:
        def read(stored: bytes) -> dict[str, bytes]:
            if b"broken" in stored:
                raise ZeroDivisionError
            return real(stored)

        return read

    monkeypatch.setattr(payload, "fields", failing(payload.fields))
    monkeypatch.setattr(jobs, "read_fields", failing(read_fields))
    async with shown(tmp_path) as (db, client, _):
        for state in STATES:
            put(db, state, NOW + 60, f"{state.value}-broken")
            put(db, state, NOW + 61, f"{state.value}-whole")
        with capture_logs() as logs:
            for name in ("retries", "scheduled", "dead", "busy"):
                kind = "working" if name == "busy" else name
                page = (await client.get(f"/main/{name}")).text
                assert f"{kind}-whole" in page
                assert f"{kind}-broken" in page
                # Jobs whose worker is gone are listed without their arguments.
                assert name == "busy" or unreadable.SAID.partition(";")[0] in page
                told = await client.get(f"/api/v1/servers/main/sets/{kind}/jobs")
                items = {item["jid"]: item for item in told.json()["items"]}
                assert items[f"{kind}-broken"]["omitted"] == ["payload"]
                assert items[f"{kind}-whole"]["args"] == []
                one = await client.get(f"/main/jobs/{kind}-broken")
                assert one.status_code == 200
                assert unreadable.SAID.partition(";")[0] in one.text
                chinese = {"accept-language": "zh-CN"}
                told_so = await client.get(f"/main/jobs/{kind}-broken", headers=chinese)
                assert "可以删除它" in told_so.text
            assert (await client.get("/main")).status_code == 200
        assert {line["event"] for line in logs} == {"a job cannot be shown"}


async def test_a_time_beyond_the_calendar_is_shown_as_it_is_written(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, client, _):
        put(db, JobState.SCHEDULED, 253_402_300_800.0, "beyond-0001")
        put(db, JobState.SCHEDULED, math.inf, "never-0001")
        page = (await client.get("/main/scheduled")).text
        assert "10000-01-01T00:00:00Z" in page
        assert ">inf<" in page
        told = (await client.get("/api/v1/servers/main/sets/scheduled/jobs")).json()["items"]
        assert [item["key"] for item in told] == [
            "10000-01-01T00:00:00Z|beyond-0001",
            "inf|never-0001",
        ]
        assert not any("at" in item for item in told)
        found = await client.get(
            f"/api/v1/servers/main/sets/scheduled/jobs?q={quote('after:9999-12-31')}"
        )
        assert [item["jid"] for item in found.json()["items"]] == ["beyond-0001", "never-0001"]


def test_what_stands_for_a_job_keeps_what_names_it() -> None:
    job = StoredJob(
        state=JobState.DEAD, jid="j", jobtype="T", queue="q", payload=b"x", key="k", at=1.0
    )
    calls: list[StoredJob] = []

    def make(one: StoredJob) -> str:
        calls.append(one)
        if one.payload:
            raise ValueError("secret-0")
        return f"{one.key} {one.jid}"

    with capture_logs():
        assert unreadable.shown(make, job, "en") == "k j"
    assert len(calls) == 2


async def test_the_index_walks_over_odd_rows(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, client, _):
        fill(db)
        found = 0
        while found < len(JobSet) * len(SCORES + PAYLOADS):
            answer = await client.get("/api/v1/servers/main/search?q=type:Send&per_page=100")
            assert answer.status_code == 200
            found = len(answer.json()["items"])
            await asyncio.sleep(0.05)
