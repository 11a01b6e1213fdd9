"""What is said where something is done: by whom, at what price, and to whom a page belongs."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from glasshouse.policy.roles import RoleTable, resolve
from tests.control.shop import Shop, shop
from tests.web.people.home import living, sign_in

from .test_operations import API, agree, ask, seen

PAIR = RoleTable(
    inherits="viewer", see=("audit", "trash"), allow=("*",), factor_age="1h",
    second_person=("queue.clear", "set.clear"),
)  # fmt: skip
SOME = RoleTable(inherits="viewer", allow=("*",), queues=("mail",), factor_age="none")


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


def ruled(shop: Shop, role: RoleTable, **more: object) -> None:
    """Give the operator another role from now on."""
    rules = shop.people.access.rules
    roles = {**rules.roles, **resolve({"operator": role})}
    shop.people.access.rules = msgspec.structs.replace(rules, roles=roles, **more)


def text(page: str) -> str:
    """Return a page as it reads, without its marks."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


# -- line ends -------------------------------------------------------------------


async def test_what_browsers_send_for_a_line_end_is_one(open_shop: Shop) -> None:
    lines = [
        "{",
        '  "jobtype": "Mail",',
        '  "queue": "mail",',
        '  "args": [',
        "    1,",
        "    2",
        "  ]",
        "}",
    ]
    job = "\r\n".join(lines)
    async with open_shop.signed_in() as client:
        shown = await ask(client, operation="job.push", job=job)
        assert "u000" not in shown.text
        assert '"args": [\n    1,\n    2\n  ]' in html.unescape(shown.text)
        await agree(client, shown)
        queue = await seen(client, "/main/queues/mail", '<code class="args">')
    assert '<code class="args">[1,2]</code>' in queue


async def test_failures_of_windows_programs_end_their_lines(open_shop: Shop) -> None:
    client, worker = await open_shop.engine.peer(), await open_shop.engine.peer(wid="w-1")
    await client.push("from-windows", queue="mail", retry=-1)
    await worker.fetch("mail")
    told = {
        "jid": "from-windows", "errtype": "IOException",
        "message": "first\r\nsecond\r\r\nthird", "backtrace": ["a.cs:1\r", "b.cs:2\r\n"],
    }  # fmt: skip
    assert await worker.ask("FAIL " + msgspec.json.encode(told).decode()) == "+OK"
    client.close()
    worker.close()
    async with httpx.AsyncClient(base_url=open_shop.url, timeout=60) as stranger:
        page = await seen(stranger, "/main/jobs/from-windows", "IOException")
        dead = await seen(stranger, "/main/dead", "IOException")
    assert '<pre class="message">first\nsecond\nthird</pre>' in page
    assert "a.cs:1\nb.cs:2</pre>" in page
    assert "first second third" in dead
    assert "u000" not in page.partition('id="h-s-1"')[0]
    assert "u000" not in dead


# -- what can be done where ------------------------------------------------------


async def test_a_button_says_before_the_preview_that_it_needs_a_second_person(
    open_shop: Shop,
) -> None:
    await open_shop.failed(1)
    await open_shop.fill("mail", 1)
    ruled(open_shop, PAIR)
    for proven in (False, True):
        async with open_shop.signed_in(proven=proven) as client:
            for path, button in (("/main/queues/mail", "queue.clear"), ("/main/dead", "set.clear")):
                page = await seen(client, path, button)
                said = re.search(rf'value="{button}">[^<]+</button>(.{{0,80}})', page)
                assert said is not None
                assert "needs a second person" in said[1]
            account = text((await client.get("/account")).text)
            assert re.search(r"queue\.clear\s+clear a queue\s+needs a second person", account)
            shown = await ask(client, operation="queue.clear", queue="mail")
            assert "You are not allowed to do this." in shown.text
            assert "Needs approval by a second person." in shown.text
            assert 'name="code"' not in shown.text


async def test_who_covers_some_queues_is_offered_nothing_that_concerns_all(
    open_shop: Shop,
) -> None:
    await open_shop.failed(1, "mail")
    await open_shop.worker("w-77")
    ruled(open_shop, SOME)
    async with open_shop.signed_in(proven=False) as client:
        dead = await seen(client, "/main/dead", "set.clear")
        busy = await seen(client, "/main/busy", "w-77")
        told = (await client.get("/api/v1/me")).json()["servers"][0]["may"]
        account = text((await client.get("/account")).text)
        refused = await ask(client, operation="set.clear", set="dead")
    denied = {row["operation"] for row in told if row["outcome"] == "deny"}
    assert denied == {
        "set.clear", "worker.quiet", "worker.terminate", "server.configure", "server.flush",
    }  # fmt: skip
    assert re.search(r'value="set.clear" disabled', dead)
    assert not re.search(r'value="job.retry" disabled data-denied', dead)
    assert not re.search(r'value="worker.quiet">', busy)
    assert re.search(r"set\.clear\s+clear a set\s+not allowed", account)
    assert refused.status_code == 403


async def test_where_a_server_can_only_be_looked_at_nothing_is_said_to_be_allowed(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.access.rules = msgspec.structs.replace(home.rules, watched=frozenset({"main"}))
        home.add("ops")
        async with home.browser() as browser:
            await sign_in(browser, "ops")
            told = (await browser.get("/api/v1/me")).json()["servers"][0]["may"]
            page = (await browser.get("/account")).text
    assert {row["outcome"] for row in told} == {"deny"}
    assert {row["detail"] for row in told} == {
        "This server is read-only here: operations work only on the embedded server."
    }
    assert "This server is read-only here" in page
    assert ">allowed<" not in page


# -- the price of a retry --------------------------------------------------------


async def test_that_a_retry_by_hand_uses_up_one_is_said_where_it_is_done(open_shop: Shop) -> None:
    await open_shop.failed(1)
    client = await open_shop.engine.peer()
    await client.push("later-later", queue="mail", at="2099-01-01T00:00:00Z")
    client.close()
    async with open_shop.signed_in() as browser:
        dead = await ask(browser, operation="job.retry", set="dead", jids="charge-billing-0000")
        later = await ask(browser, operation="job.retry", set="scheduled", jids="later-later")
        killed = await ask(browser, operation="job.kill", set="scheduled", jids="later-later")
    said = "uses up one of the job's own retries, as in Faktory"
    assert said in text(dead.text)
    assert said not in text(later.text)
    assert said not in text(killed.text)


# -- a job's page ----------------------------------------------------------------


async def done(client: httpx.AsyncClient, **order: object) -> None:
    """Do an operation after a look at it."""
    told = (await client.post(API + "/operations/preview", json=order)).json()
    answer = await client.post(API + "/operations", json={**order, "preview": told["preview"]})
    assert answer.status_code == 200, answer.text


async def test_the_page_of_a_deleted_job_leads_to_its_operation_and_the_trash(
    open_shop: Shop,
) -> None:
    await open_shop.fill("mail", 600)
    async with open_shop.signed_in() as client:
        one = {"operation": "queue.delete_jobs", "queue": "mail", "jids": ["mail-0001"]}
        await done(client, **one, reason="was a test")
        await done(client, operation="queue.clear", queue="mail", reason="all of them")
        for jid, reason in (("mail-0001", "was a test"), ("mail-0599", "all of them")):
            page = await client.get(f"/main/jobs/{jid}")
            slashed = page.text.replace("&#x2f;", "/")
            assert page.status_code == 404
            assert "This job is no longer on the server." in page.text
            link = re.search(r'href="(/operations/[^"]+)"', slashed)
            assert link is not None, jid
            assert reason in page.text
            assert reason in (await client.get(html.unescape(link[1]))).text
            batch = re.search(r'href="/main/trash#(heap-\d+)"', slashed)
            assert batch is not None
            assert f'id="{batch[1]}"' in (await client.get("/main/trash")).text
            assert 'href="/main/queues"' in slashed
    async with httpx.AsyncClient(base_url=open_shop.url, timeout=60) as stranger:
        page = await stranger.get("/main/jobs/mail-0001")
        assert page.status_code == 404
        assert "was a test" not in page.text
        assert "trash" not in page.text
        assert (await stranger.get(API + "/jobs/mail-0001")).status_code == 404


async def test_a_killed_job_says_when_and_by_whom(open_shop: Shop) -> None:
    client = await open_shop.engine.peer()
    await client.push("later-later", queue="mail", at="2099-01-01T00:00:00Z")
    client.close()
    (jid,) = await open_shop.failed(1)
    async with open_shop.signed_in() as ops:
        await done(ops, operation="job.kill", set="scheduled", jids=["later-later"], reason="no")
        page = text(await seen(ops, "/main/jobs/later-later", "Killed"))
        given_up = text((await ops.get(f"/main/jobs/{jid}")).text)
    assert "It was killed by ops and will not run again." in page
    assert re.search(r"Killed\s+\d+ (?:s|min) ago\s+[\d-]{10} [\d:]{8} UTC\s+by ops: no", page)
    assert "It is dead" in given_up
    assert "killed" not in given_up
    async with httpx.AsyncClient(base_url=open_shop.url, timeout=60) as stranger:
        seen_by_all = text((await stranger.get("/main/jobs/later-later")).text)
    assert "It was killed and will not run again." in seen_by_all
    assert "by ops" not in seen_by_all


async def test_a_job_that_ran_again_after_it_was_killed_is_said_to_be_given_up(
    open_shop: Shop,
) -> None:
    client, worker = await open_shop.engine.peer(), await open_shop.engine.peer(wid="w-1")
    await client.push("again-again", queue="mail", retry=1, at="2099-01-01T00:00:00Z")
    async with open_shop.signed_in() as ops:
        await done(ops, operation="job.kill", set="scheduled", jids=["again-again"], reason="no")
        await done(ops, operation="job.retry", set="dead", jids=["again-again"])
        for _ in range(2):
            assert await worker.fetch("mail") is not None
            fail = 'FAIL {"jid":"again-again","errtype":"Late","message":"x"}'
            assert await worker.ask(fail) == "+OK"
            if not _:
                await done(ops, operation="job.retry", set="retries", jids=["again-again"])
        page = text(await seen(ops, "/main/jobs/again-again", "It is dead"))
    client.close()
    worker.close()
    assert "will not run again" in page
    assert "It was killed" not in page
    assert len(re.findall("Retried by hand", page)) == 2
