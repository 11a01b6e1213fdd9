"""The JSON API: shapes, exactness of jobs, errors."""

from __future__ import annotations

import json

import msgspec

from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.web import jobs
from glasshouse.web.routes import ROUTES, Kind
from tests.web.fakes import NOW, House, stored
from tests.web.test_routes import client

MAIN = "/api/v1/servers/main"


def raw(payload: bytes, **fields: object) -> StoredJob:
    job = stored("job00001")
    return msgspec.structs.replace(job, payload=payload, **fields)


async def test_lists_have_one_shape_and_absent_means_unknown() -> None:
    house = House()
    async with house.sampled(), client(house) as browser:
        queues = (await browser.get(MAIN + "/queues")).json()
        workers = (await browser.get(MAIN + "/workers")).json()
        servers = (await browser.get("/api/v1/servers?per_page=1")).json()
        listed = (await browser.get(MAIN + "/queues/mail/jobs")).json()
    assert queues["items"] == [{"name": "mail", "size": 1}]
    assert queues | {"items": 0} == {"items": 0, "total": 1, "page": 1, "per_page": 25, "age": 0.0}
    assert workers["items"][0]["started_at"] == "2027-01-15T07:59:00Z"
    assert "rss_kb" not in workers["items"][0]
    assert servers["items"][0]["name"] == "main"
    assert listed["items"][0] == {
        "jid": "mail0001", "jobtype": "Send", "queue": "mail", "args": [1], "state": "enqueued",
    }  # fmt: skip


async def test_a_job_keeps_its_bytes_and_gains_key_and_time() -> None:
    house = House()
    payload = b'{"jid":"job00001","n":12345678901234567890.10,"s":"\\ud800","big":1e400,"at":"x"}'
    job = raw(payload, state=JobState.DEAD, key="k|job00001", at=NOW)
    house.reader.sets[JobSet.DEAD] = [job]
    async with house.sampled(), client(house) as browser:
        text = (await browser.get(MAIN + "/sets/dead/jobs")).text
        whole = await browser.get(MAIN + "/jobs/job00001")
    assert '"n":12345678901234567890.10' in text
    assert '"s":"\\ud800"' in text
    assert '"big":1e400' in text
    assert '"key":"k|job00001"' in text
    assert '"at":"2027-01-15T08:00:00Z"' in text
    assert whole.json()["total"] == 1


async def test_a_long_job_is_whole_only_by_itself() -> None:
    house = House()
    job = stored("long0001", args=["x" * 70_000])
    house.reader.push(job)
    async with house.sampled(), client(house) as browser:
        listed = (await browser.get(MAIN + "/queues/mail/jobs?page=2&per_page=1")).json()
        whole = (await browser.get(MAIN + "/jobs/long0001")).json()
    assert "args" not in listed["items"][0]
    assert listed["items"][0]["omitted"] == ["args"]
    assert listed["items"][0]["size"] == len(job.payload)
    assert len(whole["items"][0]["args"][0]) == 70_000


def test_whatever_was_stored_comes_out_as_json() -> None:
    deep = b'{"jid":"job00001","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for payload in (deep, b"", b"[]", b'{"a', b'{"\xff":"\xfe"}', b'{"\\ud800":1}', b'{"a":01}'):
        item = jobs.flattened(raw(payload), whole=True)
        assert json.loads(msgspec.json.encode(item))["state"] == "enqueued", payload[:40]


async def test_errors_are_problems_with_code_detail_and_remedy() -> None:
    house = House()
    wanted = {
        MAIN + "/queues/none/jobs": (404, "not_found"),
        MAIN + "/sets/none/jobs": (404, "not_found"),
        MAIN + "/jobs/none": (404, "not_found"),
        "/api/v1/servers/none/state": (404, "not_found"),
        MAIN + "/queues?per_page=101": (400, "invalid"),
        MAIN + "/queues/%ff/jobs": (400, "invalid"),
    }
    async with house.sampled(), client(house) as browser:
        for path, (status, code) in wanted.items():
            answer = await browser.get(path)
            assert (answer.status_code, answer.json()["code"]) == (status, code), path
            assert {"title", "status", "detail"} <= set(answer.json())


async def test_a_server_never_read_is_unavailable_and_unready() -> None:
    house = House()
    house.reader.gone = True
    async with house.floor.running(), client(house) as browser:
        answer = await browser.get(MAIN + "/state")
        ready = await browser.get("/readyz")
        healthy = await browser.get("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")
    assert (ready.status_code, ready.json()) == (503, {"status": "unready", "unready": ["main"]})
    assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})


async def test_age_alone_does_not_make_an_answer_new() -> None:
    times = iter(NOW + step for step in range(100_000))
    house = House(clock=lambda: next(times))
    async with house.sampled(), client(house) as browser:
        first = await browser.get(MAIN + "/state")
        again = await browser.get(MAIN + "/state", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_the_description_names_every_route_of_the_api() -> None:
    house = House()
    async with client(house) as browser:
        document = (await browser.get("/api/schema/openapi.json")).json()
    assert set(document["paths"]) == {r.pattern for r in ROUTES if r.kind is Kind.API}
    assert all(set(path) == {"get"} for path in document["paths"].values())
    assert document["openapi"] == "3.1.0"
