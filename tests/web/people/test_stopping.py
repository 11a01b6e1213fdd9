"""Stopping by form and by program: with the rights and the factor of beginning it."""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.upstream import embedded_operator
from glasshouse.web.request.person import How, Person
from tests.control.midst import Waiting
from tests.control.shop import Shop, shop
from tests.web.people.home import PASSWORD

from .test_operations import API, agree, ask, operations, records

LATER = 2 * 3600


@pytest.fixture
async def open_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with shop(tmp_path) as made:
        yield made


@contextlib.asynccontextmanager
async def going(shop: Shop, client: httpx.AsyncClient) -> AsyncIterator[str]:
    """Clear a queue of five, two of them done; yield where it is followed."""
    operator = Waiting(shop.engine.data)
    shop.control.operators = shop.control._going._operators = {"main": operator}
    shop.control.patience = 0.05
    await shop.fill("mail", 5)
    shown = await ask(client, operation="queue.clear", queue="mail")
    where = (await agree(client, shown, reason="tests")).url.path
    await operator.reached.wait()
    try:
        yield where
    finally:
        operator.go.set()
        await shop.control.settled()
        await operator.close()


def stops(shop: Shop) -> list[tuple[str, str]]:
    return [(r["who"]["name"], r["detail"]["intent"]) for r in records(shop, "operation.stopped")]


async def test_an_old_factor_is_asked_for_again_on_the_page_and_taken_there(
    open_shop: Shop,
) -> None:
    async with open_shop.signed_in() as client, going(open_shop, client) as where:
        assert 'name="code"' not in (await client.get(where)).text
        open_shop.clock.ahead += LATER
        page = html.unescape((await client.get(where)).text)
        assert 'name="code"' in page
        assert f'href="/step-up?next={where}"' in page
        without = await client.post(where, data={"action": "stop"})
        assert without.status_code == 401
        assert "second factor" in without.text
        wrong = await client.post(where, data={"action": "stop", "code": "000000"})
        assert wrong.status_code == 401
        told = (await client.get("/api/v1" + where)).json()
        assert (told["state"], "stopped_by" in told, stops(open_shop)) == ("running", False, [])
        form = {"action": "stop", "code": open_shop.code()}
        assert (await client.post(where, data=form)).status_code == 303
        page = (await client.get(where)).text
        assert "It will stop before its next step." in page
        assert "Stopped by" in page
        told = (await client.get("/api/v1" + where)).json()
        assert told["stopped_by"] == "local:ops"
        assert stops(open_shop) == [("local:ops", str(told["record"]))]
    refused = [detail for event, detail in operations(open_shop) if event.endswith("refused")]
    assert [(d["action"], d["rule"]) for d in refused] == [("stop", "old_factor")]
    assert operations(open_shop)[-1][1]["stopped_by"] == "local:ops"


async def test_a_program_shows_the_factor_to_stop(open_shop: Shop) -> None:
    who = httpx.BasicAuth("ops", PASSWORD)
    async with (
        open_shop.signed_in() as client,
        going(open_shop, client) as where,
        httpx.AsyncClient(base_url=open_shop.url, auth=who, timeout=60) as program,
    ):
        without = await program.post("/api/v1" + where, json={"stop": True})
        assert (without.status_code, without.json()["code"]) == (401, "factor_required")
        assert stops(open_shop) == []
        open_shop.clock.ahead += 60
        headers = {"Glasshouse-OTP": open_shop.code()}
        stopped = await program.post("/api/v1" + where, json={"stop": True}, headers=headers)
        assert (stopped.status_code, stopped.json()["stopped_by"]) == (200, "local:ops")


@pytest.mark.parametrize("scope", [(), ("queue.pause",), ("job.*",)])
async def test_a_token_that_was_not_made_for_it_cannot_stop_it(
    open_shop: Shop, scope: tuple[str, ...]
) -> None:
    async with open_shop.signed_in() as client, going(open_shop, client) as where:
        viewer_token = await _token(open_shop, scope)
        headers = {"authorization": f"Bearer {viewer_token}"}
        async with httpx.AsyncClient(base_url=open_shop.url, headers=headers) as program:
            seen = await program.get("/api/v1" + where)
            assert seen.json()["state"] == "running"
            sent = await program.post("/api/v1" + where, json={"stop": True})
            form = await program.post(where, data={"action": "stop"})
        assert (sent.status_code, sent.json()["code"]) == (403, "denied")
        assert form.status_code == 403
        assert stops(open_shop) == []
    assert operations(open_shop)[-1][1]["outcome"] == "done"


async def test_somebody_else_who_may_do_it_stops_it_under_their_own_name(open_shop: Shop) -> None:
    rules = open_shop.people.access.rules
    also = {"helper": RoleTable(inherits="viewer", see=("audit",), allow=("queue.clear",),
                                factor_age="none")}  # fmt: skip
    open_shop.people.access.rules = msgspec.structs.replace(
        rules, roles={**rules.roles, "helper": resolve(also)["helper"]}
    )
    async with (
        open_shop.signed_in() as client,
        open_shop.signed_in("helper", proven=False) as other,
        going(open_shop, client) as where,
    ):
        assert 'value="stop"' in (await other.get(where)).text
        assert (await other.post(where, data={"action": "stop"})).status_code == 303
        assert [name for name, _ in stops(open_shop)] == ["local:helper"]
        assert "helper" in (await client.get(where)).text


async def test_who_sees_the_ledger_and_not_the_queue_sees_nothing_of_an_operation(
    open_shop: Shop,
) -> None:
    rules = open_shop.people.access.rules
    some = {"helper": RoleTable(see=("audit", "queues:billing"), factor_age="none")}
    open_shop.people.access.rules = msgspec.structs.replace(
        rules, roles={**rules.roles, "helper": resolve(some)["helper"]}, anonymous=None
    )
    async with (
        open_shop.signed_in() as client,
        open_shop.signed_in("helper", proven=False) as other,
        going(open_shop, client) as where,
    ):
        assert (await other.get(where)).status_code == 404
        assert (await other.get("/api/v1" + where)).status_code == 404
        assert (await other.post(where, data={"action": "stop"})).status_code == 404


async def test_two_clicks_with_one_code_are_told_the_one_outcome(open_shop: Shop) -> None:
    await open_shop.fill("mail", 3)
    async with open_shop.signed_in(proven=False) as client:
        shown = await ask(client, operation="queue.clear", queue="mail")
        form = {"code": open_shop.code(1), "reason": "tests"}
        sent = [client.post(shown.url.path, data=form) for _ in range(5)]
        answers = await asyncio.gather(*sent)
        assert [answer.status_code for answer in answers] == [303] * 5
        page = await client.get(shown.url.path)
    assert "3</b>" in page.text
    assert [event for event, _ in operations(open_shop)] == [
        "operation.intent",
        "operation.outcome",
    ]


async def test_a_used_preview_sent_with_another_order_is_told_as_a_conflict(
    open_shop: Shop,
) -> None:
    await open_shop.fill("mail", 2)
    await open_shop.fill("billing", 2)
    async with open_shop.signed_in() as client:
        asked = {"operation": "queue.clear", "queue": "mail", "reason": "tests"}
        told = (await client.post(API + "/operations/preview", json=asked)).json()
        sent = {**asked, "preview": told["preview"]}
        done = await client.post(API + "/operations", json=sent)
        other = await client.post(API + "/operations", json={**sent, "queue": "billing"})
        again = await client.post(API + "/operations", json=sent)
    assert (done.status_code, done.json()["outcome"]) == (200, "done")
    assert (other.status_code, other.json()["code"]) == (409, "preview_stale")
    assert again.json() == done.json()
    assert open_shop.engine.engine.memory.queues["billing"].ids


async def _token(shop: Shop, scope: tuple[str, ...]) -> str:
    """Make a token of the operator, with a factor that is fresh."""
    person = Person(name="local:ops", how=How.SESSION, scope=scope)
    return await shop.people.tokens.make_step_up(person, shop.clock(), 3600)
