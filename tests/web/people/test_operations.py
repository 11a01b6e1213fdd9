"""Operations by form and by program, over a real engine: looked at, agreed to, recorded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from glasshouse.ledger.export import read
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.storage import ledger
from glasshouse.storage.ledger import RecordFilter
from glasshouse.upstream import embedded_operator
from tests.control.midst import Waiting
from tests.control.shop import Shop, shop
from tests.steady import LONG
from tests.web.people.home import PASSWORD, living, may, sign_in, step_up

API = "/api/v1/servers/main"


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


async def seen(client: httpx.AsyncClient, path: str, text: str) -> str:
    """Return a page as soon as it has a text: the console looks at its server in turns."""
    async with asyncio.timeout(LONG):
        while text not in (page := (await client.get(path)).text):
            await asyncio.sleep(0.02)
    return page


def records(shop: Shop, event: str = "") -> list[dict[str, Any]]:
    found = ledger.walk(shop.people.tools.database, RecordFilter(event=event))
    return [read(link) for link in found]


def operations(shop: Shop) -> list[tuple[str, dict[str, str]]]:
    return [
        (record["event"], record["detail"])
        for record in records(shop)
        if record["event"].startswith("operation.")
    ]


async def ask(client: httpx.AsyncClient, **fields: object) -> httpx.Response:
    """Send a form as a page does, and go where it leads."""
    answer = await client.post("/main/operations", data=fields)
    if answer.status_code != 303:
        return answer
    return await client.get(answer.headers["location"])


async def agree(client: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    """Agree to what a page shows, and go where that leads."""
    answer = await client.post(page.url.path, data={"reason": "", **fields})
    return answer if answer.status_code != 303 else await client.get(answer.headers["location"])


async def test_a_form_is_looked_at_then_done_once_and_recorded(open_shop: Shop) -> None:
    await open_shop.failed(3)
    async with open_shop.signed_in() as client:
        page = await seen(client, "/main/dead", 'name="keys"')
        keys = re.findall(r'name="keys" value="([^"]+)"', page)
        shown = await ask(client, operation="job.retry", set="dead", query="", keys=keys[:2])
        assert "2 jobs" in shown.text
        assert "CardRefused" in shown.text
        assert operations(open_shop) == []
        done = await agree(client, shown, reason="the card works again")
        again = await agree(client, shown, reason="twice")
        strip = await seen(client, "/main/jobs/charge-billing-0002", "the card works again")
    assert "2</b>" in done.text
    assert "the card works again" in again.text
    assert "Retry jobs" in strip or "retry jobs" in strip
    (intent, outcome) = operations(open_shop)
    assert intent[0] == "operation.intent"
    assert intent[1]["reason"] == "the card works again"
    assert (outcome[0], outcome[1]["jobs"]) == ("operation.outcome", "2")


async def test_everything_of_a_search_is_frozen_and_deleted_and_put_back(open_shop: Shop) -> None:
    await open_shop.failed(5)
    await open_shop.failed(3, "mail")
    async with open_shop.signed_in() as client:
        shown = await ask(client, operation="job.delete", set="dead", query="queue:mail", all="yes")
        assert "3 jobs" in shown.text
        refused = await agree(client, shown, reason=" ")
        assert refused.status_code == 400
        assert "requires a reason" in refused.text
        done = await agree(client, shown, reason="these are tests")
        assert "Restore" in done.text
        trash = await client.get("/main/trash")
        record = re.search(r'name="record" value="(\d+)"', trash.text)
        assert record is not None
        told = (await client.get(API + "/trash")).json()["items"]
        assert (told[0]["jobs"], told[0]["restored"], told[0]["record"]) == (3, 0, int(record[1]))
        back = await agree(client, await ask(client, operation="trash.restore", record=record[1]))
        assert "3</b>" in back.text
        assert (await client.get(API + "/trash")).json()["items"][0]["restored"] == 3
        page = await seen(client, "/main/dead?q=queue:mail", "charge-mail-0002")
    assert page.count('name="keys"') == 3


async def test_the_trash_tells_nothing_of_queues_that_may_not_be_seen(tmp_path: Path) -> None:
    async with shop(tmp_path, anonymous=None) as closed:
        await closed.fill("mail", 2)
        await closed.fill("secret", 2)
        async with closed.signed_in() as client:
            for queue in ("mail", "secret"):
                shown = await ask(client, operation="queue.clear", queue=queue)
                await agree(client, shown, reason="no")
            assert len((await client.get(API + "/trash")).json()["items"]) == 2
        async with closed.signed_in("clerk", proven=False) as clerk:
            (item,) = (await clerk.get(API + "/trash")).json()["items"]
            page = (await clerk.get("/main/trash")).text
    assert item["queue"] == "mail"
    assert "mail" in page
    assert "secret" not in page


async def test_where_flushing_is_off_the_table_says_so_and_there_is_no_button(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.add("root", "admin", proven=True)
        async with home.browser() as browser:
            await sign_in(browser, "root")
            await step_up(browser, home.code())
            assert await may(browser, "server.flush") == "deny"
            assert "Flushing this server is turned off." in (await browser.get("/account")).text
            assert "Flush everything" not in (await browser.get("/main/parameters")).text


async def test_a_server_is_flushed_from_its_parameters_after_a_look(open_shop: Shop) -> None:
    rules = open_shop.people.access.rules
    roles = resolve({"operator": RoleTable(inherits="viewer", allow=("*",), factor_age="1h")})
    open_shop.people.access.rules = msgspec.structs.replace(
        rules, roles={**rules.roles, **roles}, flushable=frozenset({"main"})
    )
    await open_shop.fill("mail", 3)
    async with open_shop.signed_in() as client:
        assert 'value="server.flush"' in (await client.get("/main/parameters")).text
        shown = await ask(client, operation="server.flush")
        assert "3 jobs" in shown.text
        assert "Queues, pauses, counts and the log" in shown.text
        done = await agree(client, shown, reason="a fresh start")
        assert "Flush everything" in done.text
        assert "Restore" in done.text
        empty = await ask(client, operation="server.flush")
        assert "0 jobs" in empty.text
        assert "Nothing to do" not in empty.text
    assert open_shop.engine.engine.memory.queues == {}
    async with open_shop.signed_in("helper", proven=False) as helper:
        page = (await helper.get("/main/parameters")).text
    assert "Flush everything</b>: Not allowed for role helper." in page


async def test_a_form_with_nothing_chosen_says_so(open_shop: Shop) -> None:
    async with open_shop.signed_in() as client:
        answer = await ask(client, operation="job.delete", set="dead", query="")
        odd = await ask(client, operation="job.delete", set="dead", colour="red")
        twice = await ask(client, operation="queue.pause", queue=["a", "b"])
        number = await ask(client, **{"operation": "server.configure", "parameter.due_period": "x"})
    assert (answer.status_code, "Nothing is selected." in answer.text) == (400, True)
    assert [odd.status_code, twice.status_code, number.status_code] == [400, 400, 400]


async def test_the_code_can_be_shown_with_the_agreement(open_shop: Shop) -> None:
    await open_shop.fill("mail", 2)
    async with open_shop.signed_in(proven=False) as client:
        shown = await ask(client, operation="queue.pause", queue="mail")
        assert 'name="code"' in shown.text
        without = await agree(client, shown)
        wrong = await agree(client, shown, code="000000", reason="deploy")
        assert 'value="deploy"' in wrong.text
        done = await agree(client, shown, code=open_shop.code(1), reason="deploy")
    assert (without.status_code, wrong.status_code) == (401, 401)
    assert "by ops" in done.text or "ops" in done.text
    kinds = [event for event, _ in operations(open_shop)]
    assert kinds == ["operation.refused", "operation.intent", "operation.outcome"]


async def test_who_may_not_sees_no_button_and_is_refused_and_recorded(open_shop: Shop) -> None:
    await open_shop.failed(1)
    async with open_shop.signed_in("helper", proven=False) as client:
        page = await seen(client, "/main/queues/billing", "Pause")
        assert re.search(r'value="queue.clear" disabled', page) or "queue.clear" not in page
        dead = await seen(client, "/main/dead", "charge-billing-0000")
        assert re.search(r'value="job.delete" disabled data-denied title="[^"]+"', dead)
        shown = await ask(client, operation="set.clear", set="dead")
        assert shown.status_code == 403 or "You are not allowed to do this." in shown.text
        sent = await client.post(
            API + "/operations", json={"operation": "set.clear", "set": "dead"}
        )
    assert (sent.status_code, sent.json()["code"]) == (403, "denied")
    assert operations(open_shop)[-1][0] == "operation.refused"


async def test_a_stranger_changes_nothing_and_sees_no_box(open_shop: Shop) -> None:
    await open_shop.failed(1)
    headers = {"origin": open_shop.url, "sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(base_url=open_shop.url, headers=headers, timeout=LONG) as client:
        page = await seen(client, "/main/dead", "charge-billing-0000")
        assert (
            "checkbox"
            not in page.replace('id="keys-on"', "").split("<main", 1)[1].split("</main")[0]
        )
        form = await client.post("/main/operations", data={"operation": "set.clear", "set": "dead"})
        program = await client.post(
            API + "/operations", json={"operation": "queue.pause", "queue": "x"}
        )
        looked = await client.get("/operations/" + "0" * 32)
        trash = await client.get("/main/trash")
        told = await client.get(API + "/trash")
    assert form.status_code in {303, 401, 403}
    assert program.status_code in {401, 403}
    assert (looked.status_code, trash.status_code, told.status_code) == (303, 303, 403)


async def test_a_page_of_somewhere_else_cannot_send_the_form(open_shop: Shop) -> None:
    await open_shop.fill("mail", 1)
    async with open_shop.signed_in() as client:
        bad = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        form = {"operation": "queue.pause", "queue": "mail"}
        sent = await client.post("/main/operations", data=form, headers=bad)
        shown = await ask(client, **form)
        agreed = await client.post(shown.url.path, data={}, headers=bad)
    assert (sent.status_code, agreed.status_code) == (403, 403)
    assert operations(open_shop) == []


async def test_a_program_previews_and_performs(open_shop: Shop) -> None:
    await open_shop.failed(130)
    asked = {"operation": "job.delete", "set": "dead", "query": "", "reason": "old"}
    headers = {"Glasshouse-OTP": open_shop.code(), "content-type": "application/json"}
    who = httpx.BasicAuth("ops", PASSWORD)
    async with httpx.AsyncClient(base_url=open_shop.url, auth=who, timeout=60) as client:
        hasty = await client.post(API + "/operations", json=asked, headers=headers)
        assert (hasty.status_code, hasty.json()["code"]) == (400, "preview_needed")
        token = await client.post("/api/v1/step-up", json={"code": open_shop.code(1)})
    bearer = {"authorization": f"Bearer {token.json()['token']}"}
    async with httpx.AsyncClient(base_url=open_shop.url, headers=bearer, timeout=60) as client:
        told = (await client.post(API + "/operations/preview", json=asked)).json()
        assert (told["count"], told["undo"], told["lost"]) == (130, True, 0)
        assert told["errors"] == {"CardRefused": 130}
        assert len(told["samples"]) == 10
        stale = await client.post(API + "/operations", json={**asked, "preview": "0" * 32})
        assert (stale.status_code, stale.json()["code"]) == (409, "preview_stale")
        done = await client.post(API + "/operations", json={**asked, "preview": told["preview"]})
        body = done.json()
        assert (done.status_code, body["outcome"], body["jobs"]) == (200, "done", 130)
        whole = (await client.get("/api/v1/operations/" + body["operation"])).json()
        assert (whole["state"], whole["done"], whole["record"]) == ("ended", 130, body["record"])
        no_stop = await client.post("/api/v1/operations/" + body["operation"], json={"stop": 1})
        assert no_stop.status_code == 400
        odd = await client.post(API + "/operations", json={**asked, "colour": "red"})
        assert odd.status_code == 400


async def test_a_pushed_copy_gets_an_id_of_its_own(open_shop: Shop) -> None:
    async with open_shop.signed_in() as client:
        text = '{"jobtype": "Mail", "queue": "mail", "args": [18446744073709551617]}'
        shown = await ask(client, operation="job.push", job=text)
        await agree(client, shown)
        bad = await ask(client, operation="job.push", job="{")
        page = await seen(client, "/main/queues/mail", "18446744073709551617")
    assert bad.status_code == 400
    assert len(re.findall(r'name="keys" value="\d+\|([0-9a-f]{24})"', page)) == 1


async def test_another_persons_preview_is_nobody_elses(open_shop: Shop) -> None:
    await open_shop.fill("mail", 1)
    async with (
        open_shop.signed_in() as client,
        open_shop.signed_in("helper", proven=False) as other,
    ):
        shown = await ask(client, operation="queue.pause", queue="mail")
        looked = await other.get(shown.url.path)
        sent = await other.post(shown.url.path, data={})
        assert looked.status_code == 404
        assert "mail" not in sent.text
        assert operations(open_shop) == []


async def test_what_goes_on_is_followed_and_stopped_by_its_owner_alone(
    open_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    operator = Waiting(open_shop.engine.data)
    open_shop.control.operators = open_shop.control._going._operators = {"main": operator}
    open_shop.control.patience = 0.05
    await open_shop.fill("mail", 5)
    async with (
        open_shop.signed_in() as client,
        open_shop.signed_in("helper", proven=False) as other,
    ):
        shown = await ask(client, operation="queue.clear", queue="mail")
        asked = await agree(client, shown, reason="tests")
        await operator.reached.wait()
        page = await client.get(asked.url)
        assert "data-follow" in page.text
        assert "Stop" in page.text
        assert 'value="40"' in page.text
        where = page.url.path
        assert (await other.get(where)).status_code == 404
        assert (await other.post(where, data={"action": "stop"})).status_code == 404
        told = (await client.get("/api/v1" + where)).json()
        assert (told["state"], told["done"], told["total"]) == ("running", 2, 5)
        asked = await client.post("/api/v1" + where, json={"stop": True})
        assert asked.status_code == 200
        assert "It will stop before its next step." in (await client.get(where)).text
        operator.go.set()
        await open_shop.control.settled()
        ended = await client.get(where)
    assert "stopped early" in ended.text
    assert "data-follow" not in ended.text
    assert "Restore" in ended.text
    await operator.close()
