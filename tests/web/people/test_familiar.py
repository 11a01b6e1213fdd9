"""The console's database cannot be asked: who was known a short while ago looks on."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from glasshouse.model.errors import StoreError
from glasshouse.policy.roles import resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts

from .home import PASSWORD, living, sign_in


def _broken(*_: object, **__: object) -> object:
    raise StoreError("The console's database failed: the disk is gone.")


async def test_who_was_known_looks_on_for_a_quarter_of_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path, rules=Rules(roles=resolve({}))) as home:
        home.add("ops", "viewer")
        async with home.browser() as browser:
            await sign_in(browser, "ops")
            assert "ops" in (await browser.get("/main/dead")).text
            monkeypatch.setattr(home.database, "call", _broken)
            page = await browser.get("/main/dead")
            assert (page.status_code, "ops" in page.text) == (200, True)
            assert (await browser.post("/sign-out", data={"all": ""})).status_code == 503
            home.now += 899
            assert (await browser.get("/main/dead")).status_code == 200
            home.now += 2
            assert "/sign-in" in (await browser.get("/main/dead")).headers["location"]
            monkeypatch.undo()
            assert (await browser.get("/main/dead")).status_code == 200


async def test_who_is_not_known_is_a_stranger_or_told_that_it_cannot_be_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path) as home:
        home.add("ops", "viewer")
        monkeypatch.setattr(home.database, "call", _broken)
        name = home.access.site.cookie
        async with home.script(cookie=f"{name}=made-up") as script:
            page = await script.get("/main/dead")
            assert (page.status_code, "Sign in" in page.text) == (200, True)
        async with home.script(authorization="Bearer made-up") as script:
            assert (await script.get("/api/v1/servers/main/state")).status_code == 503


async def test_who_was_refused_is_not_familiar_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path, rules=Rules(roles=resolve({}))) as home:
        home.add("ops", "viewer")
        said = base64.b64encode(f"ops:{PASSWORD}".encode()).decode()
        async with home.script(authorization=f"Basic {said}") as script:
            path = "/api/v1/servers/main/state"
            assert (await script.get(path)).status_code == 200
            with monkeypatch.context() as broken:
                broken.setattr(home.database, "call", _broken)
                assert (await script.get(path)).status_code == 200
            home.database.call(accounts.remove, "ops")
            assert (await script.get(path)).status_code == 401
            monkeypatch.setattr(home.database, "call", _broken)
            assert (await script.get(path)).status_code == 503


async def test_who_is_signed_out_is_not_familiar_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path, rules=Rules(roles=resolve({}))) as home:
        home.add("ops", "viewer")
        async with home.browser() as browser:
            await sign_in(browser, "ops")
            assert (await browser.get("/main/dead")).status_code == 200
            kept = dict(browser.cookies)
            await browser.post("/sign-out", data={"all": ""})
            browser.cookies.update(kept)
            assert (await browser.get("/main/dead")).status_code == 303
            monkeypatch.setattr(home.database, "call", _broken)
            assert (await browser.get("/main/dead")).status_code == 303
