"""Signing in with a real browser: password, authenticator app, passkey, and what ends them."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Request, expect

from glasshouse.identity import passwords, totp
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts, factors
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.web.app import create_app
from glasshouse.web.auth import sessions
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.gate import PeopleGate
from glasshouse.web.live import endpoint
from glasshouse.web.request.rules import Access
from glasshouse.web.request.viewer import Viewer
from tests.engine.peer import Clock
from tests.steady import LONG
from tests.web.fakes import FAST, FakeReader
from tests.web.people.home import PASSWORD
from tests.web.serving import serving

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Home:
    """A served console that knows ``ops``, and its clock."""

    def __init__(self, url: str, people: People, clock: Clock, access: Access) -> None:
        self.url = url
        self.people = people
        self.clock = clock
        self.access = access


@contextlib.asynccontextmanager
async def served(folder: Path, rules: Rules | None = None) -> AsyncIterator[Home]:
    clock = Clock()
    access = Access(rules=rules or Rules(roles=resolve({}), anonymous="viewer"))
    people = People(AuthDependencies(database=Database(sqlite_url(folder)), clock=clock), access)
    stored = passwords.hashed(PASSWORD, b"s" * 16)
    account = Account(name="ops", password=stored, role="operator", created_at=clock())
    people.tools.database.call(accounts.add, account)
    monitor = Monitor({"main": ServerMonitor("main", FakeReader(), clock=clock, pace=FAST)})
    app = create_app(monitor, clock=clock, people=people)
    try:
        async with monitor.running(), serving(app) as port:
            yield Home(f"http://localhost:{port}", people, clock, access)
    finally:
        people.tools.close()


async def sign_in(page: Page, home: Home, path: str = "/main/dead") -> None:
    await page.goto(home.url + path)
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("Name").fill("ops")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def virtual_authenticator(context: BrowserContext, page: Page) -> tuple[CDPSession, str]:
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return session, made["authenticatorId"]


async def may(page: Page) -> str:
    """What the account page says of pausing a queue."""
    row = page.get_by_role("row").filter(has_text="queue.pause")
    return await row.locator(".badge").inner_text()


async def test_a_person_signs_in_sets_factors_up_and_is_asked_again(
    browser: Browser, tmp_path: Path
) -> None:
    async with served(tmp_path) as home:
        context = await browser.new_context()
        page = await context.new_page()
        await sign_in(page, home)
        await page.wait_for_url("**/main/dead")
        await page.get_by_role("link", name="ops").click()
        assert await may(page) == "needs a second factor"
        secret = await set_up_app(page, home)
        assert await may(page) == "allowed"
        _, key = await _add_passkey(context, page)
        assert key
        await _asked_again(page, home, secret)
        await page.goto(home.url + "/account")
        await page.get_by_role("button", name="Sign out everywhere").click()
        await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        await context.close()


async def set_up_app(page: Page, home: Home) -> str:
    """Set an authenticator app up on the account page; return its secret."""
    await page.get_by_label("Confirm your password").fill(PASSWORD)
    await page.get_by_role("button", name="Set up an authenticator app").click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = (await page.locator("code.secret").inner_text()).replace(" ", "")
    code = totp.code_at(secret, int(home.clock() // totp.PERIOD))
    await page.get_by_label("Current code").fill(code)
    await page.get_by_role("button", name="Set up", exact=True).click()
    codes = page.locator(".codes li code").filter(has_text=re.compile(r"\S"))
    await expect(codes).to_have_count(10)
    return secret


async def _add_passkey(context: BrowserContext, page: Page) -> tuple[CDPSession, str]:
    session, authenticator = await virtual_authenticator(context, page)
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_text("passkey, created").wait_for()
    return session, authenticator


async def _asked_again(page: Page, home: Home, secret: str) -> None:
    home.clock.ahead += 601
    await page.goto(home.url + "/account")
    assert await may(page) == "needs a second factor"
    await page.get_by_role("link", name="Verify now").click()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/account")
    assert await may(page) == "allowed"
    (finish,) = [r for r in sent if r.post_data and '"finish"' in r.post_data]
    await _replayed(page, home, json.loads(finish.post_data or ""))
    home.clock.ahead += 601
    await page.goto(home.url + "/step-up?next=/main/retries")
    await page.locator("[name=code]").fill(totp.code_at(secret, int(home.clock() // totp.PERIOD)))
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url("**/main/retries")


async def _replayed(page: Page, home: Home, answer: dict[str, object]) -> None:
    """What the browser answered once is refused a second time, also to a new challenge."""
    jar = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}
    same = {"origin": home.url}
    async with httpx.AsyncClient(
        base_url=home.url, cookies=jar, headers=same, timeout=LONG
    ) as thief:
        again = await thief.post("/step-up/passkey", json=answer)
        assert again.status_code == 401
        asked = (await thief.post("/step-up/passkey", json={"step": "begin"})).json()
        again = await thief.post("/step-up/passkey", json=answer | {"pending": asked["pending"]})
        assert again.status_code == 401
        assert again.json()["code"] == "factor_required"


async def test_a_passkey_alone_is_a_second_factor_with_recovery_codes(
    browser: Browser, tmp_path: Path
) -> None:
    async with served(tmp_path) as home:
        context = await browser.new_context()
        page = await context.new_page()
        await sign_in(page, home)
        await page.goto(home.url + "/account")
        session, authenticator = await virtual_authenticator(context, page)
        await page.get_by_label("Confirm your password").fill(PASSWORD)
        await page.get_by_role("button", name="Add a passkey").click()
        await page.get_by_role("link", name="I have saved them").wait_for()
        codes = await page.locator("#new-codes code").all_inner_texts()
        assert len(codes) == 10
        await page.get_by_role("link", name="I have saved them").click()
        assert await may(page) == "allowed"
        await session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": authenticator, "isUserVerified": False},
        )
        home.clock.ahead += 601
        await page.goto(home.url + "/step-up?next=/account")
        await page.get_by_role("button", name="Use a passkey").click()
        await page.locator("#key-fault:not([hidden])").wait_for()
        await page.get_by_label("Recovery code").fill(codes[3])
        await page.get_by_role("button", name="Continue").click()
        await page.wait_for_url("**/account")
        assert await may(page) == "allowed"
        await context.close()


async def test_a_passkey_without_a_verified_user_is_not_made(
    browser: Browser, tmp_path: Path
) -> None:
    async with served(tmp_path) as home:
        context = await browser.new_context()
        page = await context.new_page()
        await sign_in(page, home)
        await page.goto(home.url + "/account")
        session = await context.new_cdp_session(page)
        await session.send("WebAuthn.enable")
        options = AUTHENTICATOR | {"isUserVerified": False}
        await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        await page.get_by_label("Confirm your password").fill(PASSWORD)
        await page.get_by_role("button", name="Add a passkey").click()
        await page.locator("#key-fault:not([hidden])").wait_for()
        held = home.people.tools.database.call(factors.of, "local:ops")
        assert not held.any
        await context.close()


async def test_at_an_address_passkeys_are_not_offered_and_why_is_said(
    browser: Browser, tmp_path: Path
) -> None:
    async with served(tmp_path) as home:
        context = await browser.new_context()
        page = await context.new_page()
        home.url = home.url.replace("localhost", "127.0.0.1")
        await sign_in(page, home)
        await page.goto(home.url + "/account")
        assert not await page.get_by_role("button", name="Add a passkey").is_visible()
        assert await page.get_by_text("Browsers store passkeys for names only").is_visible()
        await context.close()


@pytest.mark.parametrize("how", ["session", "account", "role"])
async def test_who_loses_a_right_stops_seeing_within_two_seconds(
    browser: Browser, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was read of a session is used for so long, and is looked at so often.
    assert sessions._FRESH + endpoint._RIGHTS_SECONDS < 2
    looks = 0
    look = PeopleGate.again

    async def counted(gate: PeopleGate, viewer: Viewer) -> Viewer:
        nonlocal looks
        looks += 1
        return await look(gate, viewer)

    monkeypatch.setattr(PeopleGate, "again", counted)
    rules = Rules(roles=resolve({}))
    async with served(tmp_path, rules) as home:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(home.url + "/main/queues")
        await page.get_by_label("Name").fill("ops")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.locator("#indicator[data-state=live]").wait_for()
        if how == "session":
            await home.people.sessions.end_all("local:ops", lambda _: None)
        elif how == "account":
            home.people.tools.database.call(accounts.remove, "ops")
        else:
            roles = resolve(
                {"operator": RoleTable(servers=("other",)), "viewer": RoleTable(servers=("other",))}
            )
            home.access.rules = Rules(roles=roles)
        before = looks
        await page.locator("#indicator:not([data-state=live])").wait_for()
        assert looks - before <= 3
        answer = await page.request.get(home.url + "/main/live?topic=/main/queues")
        assert answer.status in {401, 404}
        await context.close()


async def test_the_forms_work_without_any_script(browser: Browser, tmp_path: Path) -> None:
    async with served(tmp_path) as home:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await sign_in(page, home)
        await page.wait_for_url("**/main/dead")
        await page.goto(home.url + "/account")
        secret = await set_up_app(page, home)
        home.clock.ahead += 700
        await page.goto(home.url + "/step-up?next=/account")
        code = totp.code_at(secret, int(home.clock() // totp.PERIOD))
        await page.locator("[name=code]").fill(code)
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator("main")).to_contain_text("allowed")
        await context.close()
