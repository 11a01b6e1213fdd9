"""What ends, ends whole: with a factor, with a signing out, with a line of the password file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from passlib.hash import apr_md5_crypt

from glasshouse.identity import totp
from glasshouse.policy.roles import resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import ends, factors, ledger
from glasshouse.storage.htpasswd_file import PasswordFile
from glasshouse.storage.tables import (
    ACCOUNT,
    PASSKEY,
    RECOVERY,
    SESSION,
    TOKEN,
    TOTP,
)
from glasshouse.web.auth.departures import Departures
from glasshouse.web.auth.gate import PeopleGate
from tests.steady import LONG

from .home import PASSWORD, SECRET, Home, field, living, may, sign_in, step_up
from .test_factors import begin, set_up
from .test_recording import records, told
from .test_scripts import basic, me

RULES = Rules(roles=resolve({}), members={"htpasswd:ops": "operator"}, anonymous="viewer")


async def exchanged(home: Home, password: str = PASSWORD, ahead: int = 0) -> str:
    """Exchange a code for a token that proves a second factor."""
    async with home.script(authorization=basic("ops", password)) as script:
        answer = await script.post("/api/v1/step-up", json={"code": home.code(ahead)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


async def proves(home: Home, token: str, password: str = PASSWORD) -> bool:
    """Return whether a token opens anything, alone or beside the password."""
    async with home.script(authorization=f"Bearer {token}") as script:
        alone = (await me(script)).status_code == 200
    async with home.script(authorization=basic("ops", password), glasshouse_otp=token) as script:
        beside = (await me(script)).status_code == 200
    assert alone is beside
    return alone


async def test_resetting_factors_ends_what_one_was_exchanged_for(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        home.add("other", proven=True)
        token = await exchanged(home)
        assert await proves(home, token)
        home.database.call(ends.reset_factors, "local:other")
        assert await proves(home, token)
        home.database.call(ends.reset_factors, "local:ops")
        assert not await proves(home, token)


async def test_signing_out_everywhere_ends_what_a_factor_was_exchanged_for(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        token = await exchanged(home)
        await sign_in(browser, "ops")
        assert await proves(home, token)
        answer = await browser.post("/account", data={"action": "sessions-end"})
        assert answer.status_code == 303
        assert not await proves(home, token)
        assert (await me(browser)).json()["signed_in"] is False


async def test_an_open_page_of_a_token_that_ends_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.web.auth.tokens._FRESH", 0.0)
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        token = await exchanged(home)
        gate = PeopleGate(home.people)
        scope = {
            "type": "http",
            "method": "GET",
            "client": ("127.0.0.1", 4000),
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }
        viewer = await gate.viewer(scope)
        assert (await gate.again(viewer)).signed_in
        home.database.call(ends.sign_out_everywhere, "local:ops")
        assert not (await gate.again(viewer)).signed_in


@pytest.mark.parametrize("action", ["password", "totp-remove", "recovery-new"])
async def test_what_changes_how_somebody_signs_in_ends_what_was_proven_before(
    tmp_path: Path, action: str
) -> None:
    async with living(tmp_path) as home, home.browser() as browser, home.browser() as other:
        home.add("ops", proven=True)
        token = await exchanged(home)
        home.now += 30
        await sign_in(other, "ops")
        await step_up(other, home.code())
        home.now += 30
        await sign_in(browser, "ops")
        await step_up(browser, home.code())
        assert await may(other) == "allow"
        new = PASSWORD if action != "password" else "another horse"
        fields = {"password": PASSWORD, "new": new, "again": new}
        answer = await browser.post("/account", data={"action": action, **fields})
        assert answer.status_code == 200
        assert not await proves(home, token, new)
        assert await may(other) == ("deny" if action == "password" else "needs_factor")
        assert await may(browser) == "allow"


# -- the password file ---------------------------------------------------------------------


def write(file: Path, **passwords: str) -> None:
    """Write a password file with these lines."""
    stored = {
        name: _HASHES.setdefault(word, apr_md5_crypt.hash(word)) for name, word in passwords.items()
    }
    new = file.with_name("new")
    new.write_text("".join(f"{name}:{line}\n" for name, line in stored.items()) + "#" * len(stored))
    new.replace(file)


_HASHES: dict[str, str] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "htpasswd"
    write(made, ops="one", other="two")
    return made


@contextlib.asynccontextmanager
async def at_home(folder: Path, file: Path) -> AsyncIterator[tuple[Home, httpx.AsyncClient]]:
    """Yield a console whose people stand in a password file, and a browser of nobody's yet."""
    async with (
        living(folder, rules=RULES, file=PasswordFile(file)) as home,
        home.browser() as browser,
    ):
        yield home, browser


async def opened(home: Home, browser: httpx.AsyncClient) -> str:
    """Sign in with a browser, and make a token; return the token."""
    assert (await sign_in(browser, "ops", "one")).status_code == 303
    data = {"action": "token-new", "label": "ci", "days": "3", "scope": ""}
    page = await browser.post("/account", data=data)
    return page.text.partition('id="token">')[2].partition("<")[0]


async def lets_in(home: Home, browser: httpx.AsyncClient, token: str) -> bool:
    in_browser = bool((await me(browser)).json()["signed_in"])
    async with home.script(authorization=f"Bearer {token}") as script:
        by_token = (await me(script)).status_code == 200
    assert in_browser is by_token
    return by_token


@pytest.mark.parametrize("looked", ["by who comes", "by the watch"])
async def test_what_a_name_opened_stays_ended_when_it_comes_back_to_the_file(
    tmp_path: Path, file: Path, looked: str
) -> None:
    async with at_home(tmp_path, file) as (home, browser):
        token = await opened(home, browser)
        assert await lets_in(home, browser, token)
        write(file, other="two", third="three")
        if looked == "by who comes":
            assert not await lets_in(home, browser, token)
        else:
            assert home.people.leavers is not None
            await home.people.leavers.look()
        write(file, ops="one", other="two")
        assert not await lets_in(home, browser, token)
        assert told(home)[-1] == (
            "account.changed",
            "htpasswd:ops",
            {"action": "ended", "why": "left the password file"},
        )
        # Who comes back signs in anew.
        token = await opened(home, browser)
        assert await lets_in(home, browser, token)


async def test_another_password_in_the_file_ends_what_the_one_before_opened(
    tmp_path: Path, file: Path
) -> None:
    async with at_home(tmp_path, file) as (home, browser):
        home.database.call(factors.set_totp, "htpasswd:ops", SECRET, home.now, 0)
        proof = await exchanged(home, "one")
        token = await made(home, browser)
        write(file, ops="changed", other="two")
        async with home.script(authorization=basic("ops", "changed"), glasshouse_otp=proof) as new:
            assert (await me(new)).status_code == 401
        assert not await lets_in(home, browser, token)
        write(file, ops="one", other="two")
        assert not await lets_in(home, browser, token)
        assert ("account.changed", "htpasswd:ops") in [row[:2] for row in told(home)]


async def made(home: Home, browser: httpx.AsyncClient) -> str:
    """Likewise ``opened``, of somebody with a second factor."""
    await sign_in(browser, "ops", "one")
    await step_up(browser, home.code(1))
    data = {"action": "token-new", "label": "ci", "days": "3", "scope": ""}
    page = await browser.post("/account", data=data)
    return page.text.partition('id="token">')[2].partition("<")[0]


async def test_a_file_that_cannot_be_read_lets_nobody_in_and_ends_nothing(
    tmp_path: Path, file: Path
) -> None:
    async with at_home(tmp_path, file) as (home, browser):
        token = await opened(home, browser)
        kept = await asyncio.to_thread(file.rename, tmp_path / "kept")
        assert not await lets_in(home, browser, token)
        assert home.people.leavers is not None
        await home.people.leavers.look()
        await asyncio.to_thread(kept.rename, file)
        assert await lets_in(home, browser, token)


async def test_a_session_of_a_version_without_stamps_goes_on_until_its_name_leaves(
    tmp_path: Path, file: Path
) -> None:
    async with at_home(tmp_path, file) as (home, browser):
        token = await opened(home, browser)

        def unstamp(db: sa.Connection) -> None:
            for table in (SESSION, TOKEN):
                db.execute(sa.update(table).values(stamp=None))

        home.database.call(unstamp)
        home.people.sessions.forget()
        assert home.people.leavers is not None
        await home.people.leavers.look()
        assert await lets_in(home, browser, token)
        write(file, ops="changed", other="two")
        await home.people.leavers.look()
        assert not await lets_in(home, browser, token)


async def test_the_watch_sees_a_change_by_itself(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.web.auth.departures.EVERY", 0.01)
    async with at_home(tmp_path, file) as (home, browser):
        token = await opened(home, browser)
        leavers = home.people.leavers
        assert isinstance(leavers, Departures)
        async with leavers.watching(), asyncio.timeout(LONG):
            write(file, other="two")
            while leavers._seen is None or "ops" in leavers._seen:
                await asyncio.sleep(0.01)
        write(file, ops="one", other="two")
        assert not await lets_in(home, browser, token)


# -- what cannot be recorded ---------------------------------------------------------------


def kept(home: Home) -> Mapping[str, list[tuple[object, ...]]]:
    """Return everything that the database keeps of people."""

    def read(db: sa.Connection) -> dict[str, list[tuple[object, ...]]]:
        found = {}
        for table in (ACCOUNT, SESSION, TOTP, PASSKEY, RECOVERY, TOKEN):
            left_out = {"seen_at"}
            columns = [column for column in table.columns if column.name not in left_out]
            found[table.name] = sorted(map(tuple, db.execute(sa.select(*columns))), key=repr)
        return found

    return home.database.call(read)


def break_ledger(home: Home) -> None:
    home.database.call(lambda db: db.execute(sa.text("ALTER TABLE ledger RENAME TO gone")))


def mend_ledger(home: Home) -> None:
    home.database.call(lambda db: db.execute(sa.text("ALTER TABLE gone RENAME TO ledger")))


FORMS: Mapping[str, Mapping[str, str]] = {
    "password": {"password": PASSWORD, "new": "another horse", "again": "another horse"},
    "totp-begin": {"password": PASSWORD},
    "totp-confirm": {},
    "totp-remove": {},
    "passkey-remove": {"credential": "AAAA"},
    "recovery-new": {},
    "token-new": {"label": "x", "days": "3", "scope": "*"},
    "token-remove": {},
    "session-end": {},
    "sessions-end": {},
}


async def test_no_change_of_an_account_takes_place_that_cannot_be_recorded(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home, home.browser() as browser, home.browser() as other:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        await step_up(browser, home.code())
        await sign_in(other, "ops")
        await browser.post("/account", data={"action": "token-new", **FORMS["token-new"]})
        (token,) = await home.people.tokens.of("local:ops")
        held = await home.people.sessions.of("local:ops")
        (there,) = [one for one in held if one.proven_at is None]
        page = (await begin(browser)).text
        secret = "".join(page.partition('class="secret">')[2].partition("<")[0].split())
        code = totp.code_at(secret, int(home.now // totp.PERIOD))
        more = {
            "totp-confirm": {"pending": field(page, "pending"), "code": code},
            "token-remove": {"id": token.public_id},
            "session-end": {"id": there.public_id},
        }
        from glasshouse.web.auth.account import Account  # noqa: PLC0415

        known = Account(home.people, None)._actions  # type: ignore[arg-type]
        assert set(FORMS) == set(known)
        before = kept(home)
        break_ledger(home)
        for action in FORMS:
            data = {"action": action, **FORMS[action], **more.get(action, {})}
            answer = await browser.post("/account", data=data)
            if action == "totp-begin":  # which changes nothing yet
                assert answer.status_code == 200
                continue
            assert answer.status_code == 503, action
            assert "set-cookie" not in answer.headers
            assert kept(home) == before, action
        assert (await step_up(browser, home.code(1))).status_code == 503
        assert (await browser.post("/sign-out")).status_code == 503
        assert (await sign_in(other, "ops")).status_code == 503
        async with home.script(authorization=basic("ops")) as script:
            answer = await script.post("/api/v1/step-up", json={"code": home.code(1)})
            assert answer.status_code == 503
        assert kept(home) == before
        mend_ledger(home)
        assert (await step_up(browser, home.code(1))).status_code == 303


async def test_a_change_is_recorded_once_and_what_changed_nothing_is_not(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        await set_up(home, browser)
        assert told(home)[-1][2] == {"action": "totp-confirm"}
        before = len(records(home))
        for action in ("token-remove", "session-end"):
            await browser.post("/account", data={"action": action, "id": "\0none"})
        wrong = {"action": "totp-confirm", "pending": "none", "code": "1"}
        assert (await browser.post("/account", data=wrong)).status_code == 400
        assert len(records(home)) == before
        assert home.database.call(ledger.end).seq == before
