"""What is hidden from a role is in no byte of any answer, and cannot be searched for."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import apsw
import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from glasshouse.model.job import JobState
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.web.app import Application, create_app
from glasshouse.web.request.authenticator import OpenGate
from glasshouse.web.request.routes import ROUTES, Kind
from tests.steady import LONG
from tests.upstream.store import NOW, put, storing
from tests.web.fakes import ASSETS, FAST
from tests.web.streaming import streamed

SECRET = "tok-5ecr3t"
JIDS = ("plain", "failed", "queued", "soon", "hidden-queue")


@contextlib.asynccontextmanager
async def shown(
    folder: Path, table: RoleTable | None = None
) -> AsyncIterator[tuple[apsw.Connection, httpx.AsyncClient, Application]]:
    async with storing(folder) as (db, reader):
        scanner = EmbeddedScanner(folder)
        server = ServerMonitor("main", reader, clock=lambda: NOW, pace=FAST, scanner=scanner)
        monitor = Monitor({"main": server})
        rules = Rules(roles=resolve({} if table is None else {"viewer": table}), anonymous="viewer")
        app = create_app(monitor, clock=lambda: NOW, assets=ASSETS, gate=OpenGate(rules))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house")
        async with monitor.running(), client:
            yield db, client, app


def payload(jid: str, secret: str = SECRET, **more: object) -> bytes:
    failure = {"errtype": f"Bad {secret}", "message": f"no {secret}!", "backtrace": [secret, "x"]}
    job = {
        "jid": jid,
        "jobtype": "Send",
        "queue": "mail",
        "args": [{"token": secret, "id": 5, "deep": [{"password": f"{secret}2"}]}],
        "custom": {"a": {"secret": secret}, "copy": secret},
        "failure": failure,
    }
    return json.dumps(job | more).encode()


def fill(db: apsw.Connection, secret: str = SECRET) -> None:
    put(db, JobState.DEAD, NOW + 9, "plain", payload=payload("plain", secret))
    put(db, JobState.RETRIES, NOW + 60, "failed", payload=payload("failed", secret))
    put(db, JobState.ENQUEUED, 1, "queued", payload=payload("queued", secret), enqueued_at=NOW)
    put(db, JobState.SCHEDULED, NOW + 5, "soon", payload=payload("soon", secret))
    put(db, JobState.WORKING, NOW + 5, "runs", payload=payload("runs", secret))
    put(db, JobState.DEAD, NOW + 8, "hidden-queue", queue="pay", payload=payload("h", secret))
    for number, jid in enumerate(("failed", "runs"), start=1):
        row = (number, jid, "Send", "mail", "w", 1.0, 2.0, 3.0, 2, f"Bad {secret}")
        db.execute("INSERT INTO finished VALUES (?,?,?,?,?,?,?,?,?,?,NULL)", row)


def addresses(*words: str) -> list[str]:
    """Every address of the console that a viewer can ask for, also with each of ``words``."""
    found: list[str] = []
    for route in ROUTES:
        if route.kind in (Kind.STATIC, Kind.LIVE, Kind.CHANGE) or route.needs:
            continue
        path = route.pattern.replace("{server}", "main").replace("{queue}", "mail")
        paths = [path.replace("{jid}", jid) for jid in JIDS] if "{jid}" in path else [path]
        if "{set}" in path:
            paths = [path.replace("{set}", name) for name in ("retries", "scheduled", "dead")]
        found += paths
        if "q" in route.query:
            found += [f"{path}?q={quote(word)}" for path in paths for word in words]
    return found


async def indexed(client: httpx.AsyncClient) -> None:
    """Wait until everything can be searched."""
    async with asyncio.timeout(LONG):
        while True:
            found = (await client.get("/api/v1/servers/main/search?q=type:Send")).json()
            if len(found["items"]) >= 5:
                return
            await asyncio.sleep(0.01)


@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.from_regex(r"\A[A-Za-z0-9 \"'<>&\\/é☃_-]{8,24}\Z"))
async def test_a_secret_at_a_hidden_path_is_in_no_byte_of_any_answer(
    tmp_path_factory: pytest.TempPathFactory, secret: str
) -> None:
    secret = f"q9{secret.strip()}9q"
    async with shown(tmp_path_factory.mktemp("data")) as (db, client, app):
        fill(db, secret)
        await indexed(client)
        forms = {secret, json.dumps(secret)[1:-1], quote(secret), repr(secret)[1:-1], "q9", "9q"}
        for address in addresses("type:Send", "deep"):
            answer = await client.get(address)
            assert answer.status_code in {200, 400, 404}, address
            said = answer.text + str(answer.headers)
            assert not [form for form in forms if form in said], address
        topics = ("/main", "/main/dead", "/main/retries", "/main/jobs/plain", "/main/search?q=deep")
        for topic in topics:
            told = await streamed(app, [topic])
            assert b"fragment" in told
            assert not [form for form in forms if form.encode() in told], topic


async def test_the_same_bytes_are_there_for_who_may_see_them(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    rules = Rules(roles=resolve({"all": RoleTable(see=("queues:*",))}), anonymous="all")
    async with storing(tmp_path) as (db, reader):
        fill(db)
        monitor = Monitor({"main": ServerMonitor("main", reader, clock=lambda: NOW, pace=FAST)})
        app = create_app(monitor, clock=lambda: NOW, assets=ASSETS, gate=OpenGate(rules))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house")
        async with monitor.running(), client:
            for address in ("/main/dead", "/main/jobs/plain", "/api/v1/servers/main/jobs/plain"):
                assert SECRET in (await client.get(address)).text, address
            kept = await client.get("/api/v1/servers/main/jobs/plain/stored")
            assert kept.content == payload("plain")


@pytest.mark.parametrize("where", ["sets/dead/jobs", "queues/mail/jobs", "search"])
async def test_a_hidden_value_is_found_by_no_search(tmp_path: Path, where: str) -> None:
    async with shown(tmp_path) as (db, client, _):
        fill(db)
        await indexed(client)
        for words in (
            SECRET,
            f'"{SECRET}"',
            f"args:{SECRET}",
            f"error:{SECRET}",
            "tok-5",
            "5ecr3t2",
        ):
            answer = await client.get(f"/api/v1/servers/main/{where}?q={quote(words)}")
            assert answer.json()["items"] == [], words
            assert not answer.json().get("next"), words
        for words in (f"args.**:{SECRET}", f"args.0.*:{SECRET}"):
            answer = await client.get(f"/api/v1/servers/main/{where}?q={quote(words)}")
            assert answer.json()["items"] == [], words
        assert (await client.get(f"/api/v1/servers/main/{where}?q=args.0.id:5")).json()["items"]


async def test_types_of_errors_in_the_finished_log_tell_nothing_hidden(tmp_path: Path) -> None:
    async with shown(tmp_path) as (db, client, _):
        fill(db)
        path = json.dumps([["args", "0", "token"]])
        other = json.dumps([["args", "0", "id"]])
        for jid, errtype, echoes in (
            ("tells", f"Bad {SECRET}", path), ("plain", "Timeout", "[]"), ("five", "Bad 5", other),
        ):  # fmt: skip
            db.execute(
                "INSERT INTO finished SELECT max(id) + 1, ?, 'Send', 'mail', 'w', 1, 2, 3, 2, ?, ?"
                " FROM finished",
                (jid, errtype, echoes),
            )
        there = "/api/v1/servers/main/finished"
        told = (await client.get(there)).json()
        kinds = {item["jid"]: item.get("errtype") for item in told["items"]}
        assert kinds == {
            "tells": "•••", "plain": "Timeout", "five": "Bad 5", "failed": "•••", "runs": "•••",
        }  # fmt: skip
        for words, found in (
            (SECRET, 0), ("bad", 0), ("tok", 0), ("timeout", 1), ("•••", 0), ("zzz", 0),
        ):  # fmt: skip
            answer = (await client.get(f"{there}?error={quote(words)}")).json()
            assert (answer["total"], len(answer["items"])) == (found, found), words
        for address in ("/main", "/main/finished", "/main/jobs/tells", f"{there}?id=tells"):
            assert SECRET not in (await client.get(address)).text, address


@pytest.mark.parametrize("where", ["sets/dead/jobs", "queues/mail/jobs", "search"])
@pytest.mark.parametrize(
    "words", ["args.0.token:x", "args.**.Token:x", "args.0.deep.0.password:*", "args.0.token.a:x"]
)
async def test_a_search_inside_a_hidden_field_is_refused(
    tmp_path: Path, where: str, words: str
) -> None:
    async with shown(tmp_path) as (db, client, _):
        fill(db)
        answer = await client.get(f"/api/v1/servers/main/{where}?q={quote(words)}")
        assert answer.status_code == 403
        assert answer.json()["code"] == "denied"
        assert "hidden from your role" in answer.json()["detail"]
        page = {"sets/dead/jobs": "dead", "queues/mail/jobs": "queues/mail", "search": "search"}
        told = await client.get(f"/main/{page[where]}?q={quote(words)}")
        assert told.status_code == 403
        assert "hidden from your role" in told.text


async def test_jobs_of_queues_that_may_not_be_seen_are_nowhere(tmp_path: Path) -> None:
    async with shown(tmp_path, RoleTable(see=("queues:ma*",))) as (db, client, app):
        fill(db)
        put(db, JobState.ENQUEUED, 2, "paid", queue="pay", enqueued_at=NOW)
        db.execute("UPDATE finished SET queue = 'pay' WHERE jid = 'runs'")
        for address in addresses("type:Send", "queue:*", "queue:pay"):
            answer = await client.get(address)
            if "hidden-queue" in address:
                assert answer.json()["items"] == [] if answer.status_code == 200 else True
                continue
            said = answer.text.replace("queue:pay", "")
            assert "hidden-queue" not in said, address
            assert "paid" not in said, address
            assert '"pay"' not in said, address
            assert ">pay<" not in said, address
        assert (await client.get("/main/queues/pay")).status_code == 404
        assert (await client.get("/api/v1/servers/main/queues/pay/jobs")).status_code == 404
        told = await streamed(app, ["/main/dead"])
        assert b"plain" in told
        assert b"hidden-queue" not in told


async def test_a_server_of_which_nothing_may_be_seen_does_not_exist(tmp_path: Path) -> None:
    async with shown(tmp_path, RoleTable(servers=("other",))) as (db, client, _):
        fill(db)
        for address in addresses():
            answer = await client.get(address)
            if "main" in address:
                assert answer.status_code == 404, address
            assert "mail" not in answer.text, address
        assert (await client.get("/main/live?topic=/main")).status_code == 404
        assert (await client.get("/api/v1/servers")).json()["items"] == []
