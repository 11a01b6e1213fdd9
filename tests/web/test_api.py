"""The JSON API: shapes, exactness of jobs, errors."""

from __future__ import annotations

import json

import msgspec
import pytest

from glasshouse.model.job import WRAPPER, JobSet, JobState, Outcome, StoredJob
from glasshouse.model.parameters import BOUNDS
from glasshouse.model.server import Queue, ServerState, Worker
from glasshouse.web.request.routes import ROUTES, Kind
from glasshouse.web.shapes import jobs
from tests.web.fakes import NOW, FakeReader, House, ended, stored
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


async def test_a_worker_that_told_nothing_has_no_host_and_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    state = await house.reader.state()
    told_nothing = msgspec.structs.replace(state, workers=(Worker(wid="w-17"),))
    monkeypatch.setattr(house.reader, "state", lambda: _later(told_nothing))
    async with house.sampled(), client(house) as browser:
        [told] = (await browser.get(MAIN + "/workers")).json()["items"]
        assert told == {"wid": "w-17", "labels": [], "state": "running", "busy": 0}
        page = (await browser.get("/main/busy")).text
    assert "pid 0" not in page
    assert "· 0" not in page


async def _later(state: ServerState) -> ServerState:
    return state


async def test_a_job_of_active_job_has_the_name_that_it_has_everywhere() -> None:
    house = House()
    payload = b'{"jid":"job00001","jobtype":"%b","queue":"q","args":[]}' % WRAPPER.encode()
    house.reader.sets[JobSet.DEAD] = [raw(payload, jobtype="InvoiceJob", state=JobState.DEAD)]
    async with house.sampled(), client(house) as browser:
        [told] = (await browser.get(MAIN + "/sets/dead/jobs")).json()["items"]
        [whole] = (await browser.get(MAIN + "/jobs/job00001")).json()["items"]
    for job in (told, whole):
        assert (job["jobtype"], job["wrapper"]) == ("InvoiceJob", WRAPPER)


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
    async with house.monitor.running(), client(house) as browser:
        answer = await browser.get(MAIN + "/state")
        ready = await browser.get("/readyz")
        healthy = await browser.get("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")
    assert (ready.status_code, ready.json()) == (503, {"status": "unready", "unready": ["main"]})
    assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})


async def test_age_alone_does_not_make_an_answer_new() -> None:
    times = iter(NOW + step for step in range(100_000))
    house = House(clock=lambda: next(times))
    async with house.sampled():
        pass
    # Nobody reads the server any more: nothing but the time goes on.
    async with client(house) as browser:
        first = await browser.get(MAIN + "/state")
        again = await browser.get(MAIN + "/state", headers={"If-None-Match": first.headers["etag"]})
    assert first.json()["age"] < 60
    assert again.status_code == 304


async def test_the_description_names_every_route_of_the_api() -> None:
    house = House()
    async with client(house) as browser:
        document = (await browser.get("/api/schema/openapi.json")).json()
    read = {r.pattern for r in ROUTES if r.kind in {Kind.API, Kind.BYTES}}
    api = [r for r in ROUTES if r.pattern.startswith("/api/")]
    read |= {r.pattern for r in api if r.kind is Kind.VISIT}
    sent = {r.pattern for r in api if r.kind is Kind.CHANGE}
    assert set(document["paths"]) == read | sent
    posts = {r.pattern for r in api if r.posts}
    for path, told in document["paths"].items():
        assert ("get" in told) == (path in read), path
        assert ("post" in told) == (path in posts), path
    assert document["openapi"] == "3.1.0"


async def test_the_finished_log_is_listed_with_what_is_known_of_each_execution() -> None:
    house = House()
    house.reader.log = [
        ended(1, "job-1"),
        ended(2, "job-2", Outcome.BURIED, wid="", enqueued_at=None, jobtype="<b>"),
    ]
    async with house.sampled(), client(house) as browser:
        listed = (await browser.get(MAIN + "/finished")).json()
        failed = (await browser.get(MAIN + "/finished?outcome=failed&type=%3Cb%3E")).json()
        second = (await browser.get(MAIN + "/finished?page=2&per_page=1&until=2")).json()
        types = (await browser.get(MAIN + "/finished/types?per_page=1")).json()
    assert listed | {"items": 0} == {
        "items": 0, "total": 2, "page": 1, "per_page": 25, "age": 0.0, "held": 2,
    }  # fmt: skip
    assert listed["items"] == [
        {
            "id": 2, "jid": "job-2", "jobtype": "<b>", "queue": "mail", "outcome": "buried",
            "ran": 0.25, "reserved_at": "2027-01-15T07:59:59.750000Z",
            "finished_at": "2027-01-15T08:00:00Z", "errtype": "Timeout",
        },
        {
            "id": 1, "jid": "job-1", "jobtype": "Send", "queue": "mail", "outcome": "done",
            "ran": 0.25, "waited": 2.0, "wid": "w1",
            "enqueued_at": "2027-01-15T07:59:57.750000Z",
            "reserved_at": "2027-01-15T07:59:59.750000Z", "finished_at": "2027-01-15T08:00:00Z",
        },
    ]  # fmt: skip
    assert [item["id"] for item in failed["items"]] == [2]
    assert [item["id"] for item in second["items"]] == [1]
    assert types["items"] == [
        {"jobtype": "<b>", "count": 3, "failed": 1, "run_median": 0.25, "run_p95": 0.5,
         "run_most": 75.0},
    ]  # fmt: skip
    assert (types["total"], types["executions"], types["held"]) == (2, 2, 2)
    assert types["first_at"] == types["last_at"] == "2027-01-15T08:00:00Z"


async def test_executions_stand_beside_a_job_also_when_it_is_gone() -> None:
    house = House()
    house.reader.log = [ended(number, "again") for number in range(1, 103)]
    async with house.sampled(), client(house) as browser:
        there = (await browser.get(MAIN + "/jobs/mail0001")).json()
        gone = (await browser.get(MAIN + "/jobs/again")).json()
    assert (there["total"], there["executions"]) == (1, [])
    assert (gone["items"], gone["total"]) == ([], 0)
    assert len(gone["executions"]) == 100
    assert gone["executions"][0]["id"] == 102
    assert gone["more_executions"] is True
    assert "more_executions" not in there


async def test_parameters_are_listed_with_bounds_and_units() -> None:
    house = House()
    async with house.sampled(), client(house) as browser:
        listed = (await browser.get(MAIN + "/parameters?per_page=2&page=2")).json()
    assert (listed["total"], listed["page"], listed["per_page"]) == (len(BOUNDS), 2, 2)
    assert listed["items"][0] == {
        "name": "default_retry", "value": 25, "default": 25, "least": -1, "most": 1000,
        "meaning": BOUNDS["default_retry"].meaning,
    }  # fmt: skip
    assert listed["items"][1]["unit"] == "s"


async def test_what_a_server_does_not_have_is_absent() -> None:
    house = House()
    house.reader.log = house.reader.settings = None
    async with house.sampled(), client(house) as browser:
        for path in ("/finished", "/finished/types", "/parameters"):
            answer = await browser.get(MAIN + path)
            assert answer.json() == {"page": 1, "per_page": 25, "age": 0.0}, path
        job = (await browser.get(MAIN + "/jobs/mail0001")).json()
        missing = await browser.get(MAIN + "/jobs/none")
    assert "executions" not in job
    assert missing.status_code == 404


async def test_the_description_tells_what_a_list_of_the_log_holds() -> None:
    house = House()
    async with client(house) as browser:
        document = (await browser.get("/api/schema/openapi.json")).json()
    operation = document["paths"]["/api/v1/servers/{server}/finished"]["get"]
    parameters = {item["name"]: item["schema"] for item in operation["parameters"]}
    assert parameters["outcome"]["enum"] == ["", "done", "retried", "buried", "dropped", "failed"]
    assert parameters["until"]["type"] == "integer"
    shapes = document["components"]["schemas"]
    assert {"FinishedShape", "TypeTimesShape", "ParameterShape", "JobListing"} <= set(shapes)


async def test_what_is_measured_is_told_with_its_numbers_and_absent_before() -> None:
    house = House()
    async with house.sampled(), client(house) as browser:
        state = (await browser.get(MAIN + "/state")).json()
        queue = (await browser.get(MAIN + "/queues")).json()["items"][0]
        shapes = (await browser.get("/api/schema/openapi.json")).json()["components"]["schemas"]
    assert state["round_trip"] >= 0
    assert not {"processed_per_second", "commands_per_second", "refusing"} & set(state)
    assert "growth" not in queue
    assert {"round_trip", "commands_per_second", "refusing"} <= set(
        shapes["StateShape"]["properties"]
    )
    assert "growth" in shapes["QueueShape"]["properties"]
    assert "quiet_since" in shapes["WorkerShape"]["properties"]


async def test_what_is_wrong_is_told_in_words_with_the_page_where_to_look() -> None:
    house = House()
    worker = (await house.reader.state()).workers or ()

    async def state() -> ServerState:
        told = await FakeReader.state(house.reader)
        paused = (Queue(name="mail", size=3, paused=True),)
        return msgspec.structs.replace(told, queues=paused, workers=worker)

    house.reader.state = state  # type: ignore[method-assign]
    async with house.sampled(), client(house) as browser:
        found = (await browser.get(MAIN + "/state")).json()["findings"]
        described = (await browser.get("/api/schema/openapi.json")).json()
    paused = [one for one in found if one["kind"] == "paused"]
    assert paused == [
        {
            "kind": "paused",
            "severity": "warning",
            "text": "Queue mail is paused with 3 waiting.",
            "page": "/main/queues/mail",
        }
    ]
    # Clients were made from these names, whatever the classes are called.
    assert {"FindingShape", "Order", "TrashShape"} <= described["components"]["schemas"].keys()
    assert described["components"]["schemas"]["Order"]["title"] == "Order"
