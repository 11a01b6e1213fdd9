"""Signing in and out with a browser: sessions, their limits, and what refuses them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from glasshouse.monitor.snapshot import Fault
from glasshouse.policy.roles import resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts, sessions

from .home import BASE, PASSWORD, Home, living, may, sign_in, step_up


async def test_a_name_and_its_password_open_a_session(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        answer = await sign_in(browser, "ops", onward="/main/dead?page=2")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/main/dead?page=2"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        told = (await browser.get("/api/v1/me")).json()
        assert told["signed_in"] is True
        assert told["name"] == "local:ops"
        assert "operator" in told["roles"]
        page = (await browser.get("/main")).text
        assert 'href="/account"' in page
        assert "ops" in page


async def test_who_has_a_second_factor_is_asked_for_it_and_goes_on(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        answer = await sign_in(browser, "ops", onward="/main/dead?q=a b")
        assert answer.headers["location"] == "/step-up?next=%2Fmain%2Fdead%3Fq%3Da%20b" or (
            answer.headers["location"] == "/step-up?next=%2F"
        )
        assert await may(browser) == "needs_factor"
        answer = await step_up(browser, home.code(), onward="/main/dead?page=2")
        assert answer.headers["location"] == "/main/dead?page=2"
        assert await may(browser) == "allow"
        home.now += 601
        assert await may(browser) == "needs_factor"
        answer = await step_up(browser, home.code())
        assert answer.status_code == 303
        assert await may(browser) == "allow"


@pytest.mark.parametrize(
    ("name", "password"),
    [("ops", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("ops", ""), ("x" * 300, "y")],
)
async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    tmp_path: Path, name: str, password: str
) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        answer = await sign_in(browser, name, password)
        assert answer.status_code == 401
        assert "The name or the password is wrong." in answer.text
        assert "set-cookie" not in answer.headers
        assert f'value="{password}"' not in answer.text


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/%00",
        "/" + "x" * 9000,
    ],
)
async def test_nobody_is_sent_on_to_another_site(tmp_path: Path, onward: str) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        answer = await sign_in(browser, "ops", onward=onward)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"


async def test_a_session_has_another_id_after_each_proof_and_the_old_one_is_nobody(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        first = browser.cookies["glasshouse"]
        await step_up(browser, home.code())
        second = browser.cookies["glasshouse"]
        assert first != second
        async with home.script(cookie=f"glasshouse={first}") as thief:
            assert (await thief.get("/api/v1/me")).json()["signed_in"] is False
        home.now += 30
        await sign_in(browser, "ops")
        async with home.script(cookie=f"glasshouse={second}") as thief:
            assert (await thief.get("/api/v1/me")).json()["signed_in"] is False


async def test_signing_out_ends_the_session_at_once(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        old = browser.cookies["glasshouse"]
        answer = await browser.post("/sign-out")
        assert answer.status_code == 303
        assert "glasshouse" not in browser.cookies
        async with home.script(cookie=f"glasshouse={old}") as thief:
            assert (await thief.get("/api/v1/me")).json()["signed_in"] is False


async def test_sessions_end_by_themselves(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        began = home.now
        home.people.sessions._kept.clear()
        while home.now - began < sessions.LONGEST:
            assert (await browser.get("/api/v1/me")).json()["signed_in"] is True
            home.now += sessions.IDLE * 0.9
            home.people.sessions._kept.clear()
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is False
        await sign_in(browser, "ops")
        home.now += sessions.IDLE + 1
        home.people.sessions._kept.clear()
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is False


async def test_an_account_that_goes_takes_its_sessions_with_it(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is True
        home.database.call(accounts.remove, "ops")
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is False


async def test_a_role_that_goes_is_gone_at_the_next_request(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        await step_up(browser, home.code())
        assert await may(browser) == "allow"
        roles = {name: role for name, role in resolve({}).items() if name != "operator"}
        home.access.rules = Rules(roles=roles, anonymous="viewer")
        assert await may(browser) == "deny"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://house.evil.example"},
        {"origin": "https://house"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site", "origin": BASE},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/account", "/sign-out", "/step-up", "/step-up/passkey"])
async def test_another_site_cannot_send_our_forms(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        cookie = f"glasshouse={browser.cookies['glasshouse']}"
        async with home.script(cookie=cookie) as forged:
            answer = await forged.post(path, data={"action": "sessions-end"}, headers=headers)
        assert answer.status_code == 403
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is True


async def test_a_stranger_is_sent_to_sign_in_where_strangers_see_nothing(tmp_path: Path) -> None:
    rules = Rules(roles=resolve({}))
    async with living(tmp_path, rules=rules) as home, home.browser() as browser:
        home.add("look", "viewer")
        answer = await browser.get("/main/dead?page=2")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=%2Fmain%2Fdead%3Fpage%3D2"
        for path in ("/api/v1/servers", "/api/v1/me", "/main/live?topic=/main"):
            refused = await browser.get(path)
            assert refused.status_code == 401, path
            assert "main" not in refused.text or path.startswith("/main")
        assert (await browser.get("/sign-in")).status_code == 200
        await sign_in(browser, "look")
        assert (await browser.get("/main/dead")).status_code == 200


async def test_somebody_without_a_role_is_told_so(tmp_path: Path) -> None:
    rules = Rules(roles=resolve({}))
    async with living(tmp_path, rules=rules) as home, home.browser() as browser:
        home.add("ops", "gone")
        await sign_in(browser, "ops")
        for path in ("/main", "/api/v1/servers"):
            answer = await browser.get(path)
            assert answer.status_code in {403, 404} or answer.json()["items"] == []


async def test_a_console_that_knows_nobody_says_so(tmp_path: Path) -> None:
    from tests.web.test_redaction import shown  # noqa: PLC0415

    async with shown(tmp_path) as (_, client, _):
        answer = await client.get("/sign-in")
        assert answer.status_code == 404
        assert "Nobody can sign in here" in answer.text
        assert 'href="/sign-in' not in (await client.get("/main")).text


async def test_over_tls_the_cookie_is_for_this_host_and_tls_alone(tmp_path: Path) -> None:
    from glasshouse.web.request.rules import PublicSite  # noqa: PLC0415

    site = PublicSite(origin="https://jobs.example.com", host="jobs.example.com", secure=True)
    async with living(tmp_path, site=site) as home:
        home.add("ops")
        async with home.script(origin="https://jobs.example.com") as browser:
            answer = await sign_in(browser, "ops")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-glasshouse=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        async with home.script(origin=BASE) as other:
            assert (await sign_in(other, "ops")).status_code == 403


async def test_nothing_secret_is_kept_as_it_is(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        page = await browser.post(
            "/account", data={"action": "token-new", "label": "x", "days": "3", "scope": ""}
        )
        token = page.text.partition('id="token">')[2].partition("<")[0]
        assert token.startswith("gh_")
        session = browser.cookies["glasshouse"]
    held = kept(tmp_path)
    assert b"local:ops" in held
    for word in (PASSWORD, token, session):
        assert word.encode() not in held


def kept(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("console.db*"))


def test_a_home_can_be_made_twice_on_one_folder(tmp_path: Path) -> None:
    for _ in range(2):
        Home(tmp_path).people.tools.close()


async def test_a_probe_names_no_server_to_who_may_not_see_it(tmp_path: Path) -> None:
    for rules, named in ((Rules(roles=resolve({})), False), (None, True)):
        async with living(tmp_path / str(named), rules=rules) as home, home.script() as probe:
            home.server._sampler.snapshot = msgspec.structs.replace(
                home.server.snapshot, fault=Fault(home.now, "gone", "")
            )
            answer = await probe.get("/readyz")
            assert answer.status_code == 503
            assert ("main" in answer.text) is named
            assert (await probe.get("/healthz")).status_code == 200
