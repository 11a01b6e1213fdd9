"""Hidden values: revealed once, with a reason, to who may, and recorded before."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from glasshouse.ledger.export import read
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import ledger
from glasshouse.storage.ledger import RecordFilter

from .home import Home, living, sign_in, step_up

RULES = Rules(
    roles=resolve(
        {
            "viewer": RoleTable(redact=("args.**",)),
            "seer": RoleTable(inherits="viewer", see=("payload",), factor_age="10m"),
        }
    ),
    anonymous="viewer",
)
JID = "mail0001"
API = f"/api/v1/servers/main/jobs/{JID}"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with living(tmp_path, rules=RULES) as made:
        made.add("seer", "seer", proven=True)
        made.add("plain", "viewer")
        yield made


def reveals(home: Home) -> list[dict[str, Any]]:
    return [
        read(link) for link in ledger.walk(home.database, RecordFilter(event="payload.revealed"))
    ]


async def test_a_reason_shows_them_once_and_is_recorded(home: Home) -> None:
    async with home.browser() as browser:
        await sign_in(browser, "seer")
        before = await browser.get(f"/main/jobs/{JID}")
        assert "Verify with your second factor to see hidden values" in before.text
        await step_up(browser, home.code())
        page = await browser.get(f"/main/jobs/{JID}")
        assert "Show hidden values" in page.text
        assert "•••" in page.text
        none = await browser.post(f"/main/jobs/{JID}/reveal", data={"reason": " "})
        assert none.status_code == 400
        shown = await browser.post(f"/main/jobs/{JID}/reveal", data={"reason": "ticket <7>"})
        again = await browser.get(f"/main/jobs/{JID}")
        program = await browser.post(API + "/reveal", json={"reason": "ticket 8"})
    assert shown.status_code == 200
    assert "•••" not in shown.text
    assert "ticket <7>" in html.unescape(shown.text)
    assert "no-store" in shown.headers["cache-control"]
    assert 'data-live="no"' in shown.text
    assert "/stored" not in shown.text
    assert "•••" in again.text
    assert "•••" not in program.text
    assert program.json()["total"] == 1
    assert [r["detail"]["reason"] for r in reveals(home)] == ["ticket <7>", "ticket 8"]
    assert reveals(home)[0]["detail"]["jid"] == JID
    assert reveals(home)[0]["who"]["name"] == "local:seer"


async def test_who_may_not_is_told_and_shown_nothing(home: Home) -> None:
    async with home.browser() as browser:
        await sign_in(browser, "plain")
        page = await browser.get(f"/main/jobs/{JID}")
        assert "hidden values" not in page.text
        sent = await browser.post(f"/main/jobs/{JID}/reveal", data={"reason": "please"})
        program = await browser.post(API + "/reveal", json={"reason": "please"})
    async with home.browser() as stranger:
        form = await stranger.post(f"/main/jobs/{JID}/reveal", data={"reason": "please"})
        call = await stranger.post(API + "/reveal", json={"reason": "please"})
    assert [sent.status_code, program.status_code] == [403, 403]
    assert form.status_code in {303, 401, 403}
    assert call.status_code == 401
    assert reveals(home) == []


async def test_nothing_is_shown_that_cannot_be_recorded(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home.browser() as browser:
        await sign_in(browser, "seer")
        await step_up(browser, home.code())
        gone = await browser.post("/main/jobs/no-such-job/reveal", data={"reason": "ticket"})
        monkeypatch.setattr(ledger, "append", lambda *_: 1 / 0)
        shown = await browser.post(f"/main/jobs/{JID}/reveal", data={"reason": "ticket"})
    assert gone.status_code == 404
    assert shown.status_code == 500
    assert "args" not in shown.text
    assert reveals(home) == []
