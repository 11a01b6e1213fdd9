"""Every sign-in, refusal, second factor and change of an account stands in the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from glasshouse.ledger.verify import verify
from glasshouse.storage import ledger

from .home import PASSWORD, Home, living, sign_in, step_up
from .test_scripts import basic, made_token, me


def records(home: Home) -> list[dict[str, Any]]:
    """Return every record, from the first on; the chain is whole."""
    head = home.database.call(ledger.end)
    links = list(ledger.walk(home.database, upto=head.seq))
    assert verify(home.database.call(ledger.ledger_id), links, (), head).fault is None
    return [json.loads(link.body) for link in links]


def told(home: Home) -> list[tuple[str, str, dict[str, str]]]:
    """Return event, name and detail of every record."""
    return [
        (record["event"], record["who"].get("name", ""), record.get("detail", {}))
        for record in records(home)
    ]


async def test_signing_in_and_out_is_recorded(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser("10.1.2.3") as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        await step_up(browser, "000000")
        await step_up(browser, home.code())
        await browser.post("/sign-out")
        assert told(home) == [
            ("session.signed_in", "local:ops", {"by": "password"}),
            ("factor.refused", "local:ops", {"by": "code"}),
            ("factor.shown", "local:ops", {"by": "code"}),
            ("session.signed_out", "local:ops", {}),
        ]
        last = records(home)[-1]
        assert last["who"] == {
            "name": "local:ops",
            "roles": ["operator", "viewer"],
            "address": "10.1.2.3",
            "how": "session",
            "factor_age": 0,
        }
        assert last["at"] == "2027-01-15T08:00:00.000000+00:00"


async def test_what_was_typed_where_a_name_belongs_is_not_kept(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "my secret password", "x")
        await sign_in(browser, "ops", "wrong password")
        assert told(home) == [
            ("session.refused", "", {}),
            ("session.refused", "local:ops", {}),
        ]
        raw = json.dumps(records(home))
        assert "my secret" not in raw
        assert "wrong password" not in raw


async def test_a_program_is_recorded_by_what_it_shows_wrong_or_new(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        async with home.script(authorization=basic("ops", "wrong")) as script:
            assert (await me(script)).status_code == 401
        async with home.script(authorization=basic("ops")) as script:
            await me(script)
            await me(script)
            proof = {"glasshouse-otp": home.code()}
            assert (await script.get("/api/v1/me", headers=proof)).status_code == 200
        assert [event for event, _, _ in told(home)] == ["session.refused", "factor.shown"]


async def test_changes_of_an_account_are_recorded_and_no_secret_with_them(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        token = await made_token(home, "ops", "queue.pause", factor=True)
        assert told(home)[-1] == ("account.changed", "local:ops", {"action": "token-new"})
        async with home.browser() as browser:
            await sign_in(browser, "ops")
            before = len(records(home))
            refused = await browser.post("/account", data={"action": "totp-remove"})
            assert refused.status_code == 401
            unknown = await browser.post("/account", data={"action": "x"})
            assert unknown.status_code == 400
            assert len(records(home)) == before
            fields = {"password": PASSWORD, "new": "another horse", "again": "another horse"}
            await browser.post("/account", data={"action": "password", **fields})
            assert told(home)[-1] == ("account.changed", "local:ops", {"action": "password"})
        raw = json.dumps(records(home))
        for secret in (token, PASSWORD, "another horse", home.code()):
            assert secret not in raw


async def test_who_cannot_be_recorded_is_not_let_in(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        home.database.call(lambda db: db.execute(sa.text("ALTER TABLE ledger RENAME TO gone")))
        answer = await sign_in(browser, "ops")
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers
        shown = await browser.get("/main")
        assert shown.status_code == 200  # looking goes on


@pytest.mark.parametrize("name", ["ops", "nobody"])
async def test_limited_attempts_do_not_fill_the_ledger(tmp_path: Path, name: str) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        answers: list[httpx.Response] = [await sign_in(browser, name, "x") for _ in range(30)]
        assert answers[-1].status_code == 429
        assert len(records(home)) <= 20
