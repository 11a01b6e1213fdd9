"""Second factors: set up by who may, shown once, limited, and taken away with a factor."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from glasshouse.identity import recovery, totp
from glasshouse.storage import factors, limits
from glasshouse.web.auth.limits import BY_FACTOR

from .home import PASSWORD, SECRET, Home, field, living, may, sign_in, step_up


async def begin(browser: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await browser.post("/account", data={"action": "totp-begin", "password": password})


async def set_up(home: Home, browser: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Set an authenticator app up on the account page; return its secret and recovery codes."""
    page = (await begin(browser)).text
    secret = "".join(re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].split())
    code = totp.code_at(secret, int(home.now // totp.PERIOD))
    done = await browser.post(
        "/account",
        data={"action": "totp-confirm", "pending": field(page, "pending"), "code": code},
    )
    assert done.status_code == 200
    return secret, re.findall(r"<li><code>([a-z0-9-]+)</code></li>", done.text)


async def test_an_authenticator_app_is_set_up_and_counts_at_once(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        assert await may(browser) == "needs_factor"
        secret, codes = await set_up(home, browser)
        assert len(codes) == recovery.COUNT
        assert await may(browser) == "allow"
        page = (await browser.get("/account")).text
        assert secret not in page
        assert not [code for code in codes if code in page]
        home.now += 3600
        code = totp.code_at(secret, int(home.now // totp.PERIOD))
        assert (await step_up(browser, code)).status_code == 303
        assert await may(browser) == "allow"


async def test_codes_are_taken_as_they_are_typed_wherever_they_are(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        page = (await begin(browser)).text
        # As many apps show them, and as people type what they hear.
        for text in (page, (await browser.get("/step-up")).text):
            for box in re.findall(r'<input name="code"[^>]*>', text):
                assert int(re.findall(r'maxlength="(\d+)"', box)[0]) >= len("1 2 3 4 5 6")
        secret = "".join(re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].split())
        assert len(secret) * 5 == 160

        def code(blank: str) -> str:
            home.now += totp.PERIOD
            return blank.join(totp.code_at(secret, int(home.now // totp.PERIOD)))

        told = {"action": "totp-confirm", "pending": field(page, "pending"), "code": code(" ")}
        assert (await browser.post("/account", data=told)).status_code == 200
        assert (await step_up(browser, code("\u00a0"))).status_code == 303
        basic = httpx.BasicAuth("ops", PASSWORD)
        async with home.script() as script:
            answer = await script.post("/api/v1/step-up", json={"code": code("\t")}, auth=basic)
            assert answer.status_code == 200, answer.text
        async with home.script(glasshouse_otp=code(" ")) as script:
            assert (await script.get("/api/v1/me", auth=basic)).status_code == 200


async def test_the_first_factor_needs_the_password_again(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        for wrong in ("", "wrong"):
            answer = await begin(browser, wrong)
            assert answer.status_code == 401
            assert "totp-confirm" not in answer.text
        answer = await browser.post("/account/passkey", json={"step": "begin", "password": "wrong"})
        assert answer.status_code == 401


async def test_another_factor_and_a_removal_need_a_factor_shown_lately(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        for action in ("totp-begin", "totp-remove", "passkey-remove", "recovery-new"):
            answer = await browser.post("/account", data={"action": action, "password": PASSWORD})
            assert answer.status_code == 401, action
            assert "Verify with your second factor first" in answer.text
        answer = await browser.post("/account/passkey", json={"step": "begin"})
        assert answer.status_code == 401
        assert home.database.call(factors.of, "local:ops").totp is not None
        await step_up(browser, home.code())
        assert "totp-confirm" in (await begin(browser)).text
        answer = await browser.post("/account", data={"action": "totp-remove"})
        assert answer.status_code == 200
        assert not home.database.call(factors.of, "local:ops").any


async def test_a_code_is_good_once_and_an_older_one_never_after(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        newer, older = home.code(), home.code(-1)
        assert (await step_up(browser, newer)).status_code == 303
        for used in (newer, older):
            answer = await step_up(browser, used)
            assert answer.status_code == 401, used
            assert "was already used" in answer.text


async def test_a_used_code_stays_used_after_a_restart(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        assert (await step_up(browser, home.code())).status_code == 303
    async with living(tmp_path) as home, home.browser() as browser:
        await sign_in(browser, "ops")
        assert (await step_up(browser, home.code())).status_code == 401
        assert (await step_up(browser, home.code(-1))).status_code == 401
        assert (await step_up(browser, home.code(1))).status_code == 303


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5", "\0" * 6]
)
async def test_what_is_no_code_is_refused(tmp_path: Path, code: str) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        assert (await step_up(browser, code)).status_code == 401


async def test_a_recovery_code_is_good_once(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        _, codes = await set_up(home, browser)
        home.now += 3600
        assert (await step_up(browser, codes[0].upper().replace("-", " "))).status_code == 303
        assert await may(browser) == "allow"
        home.now += 3600
        assert (await step_up(browser, codes[0])).status_code == 401
        assert (await step_up(browser, codes[1])).status_code == 303
        assert home.database.call(factors.of, "local:ops").recovery == recovery.COUNT - 2


async def test_codes_of_somebody_else_are_wrong(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser, home.browser() as other:
        home.add("ops")
        home.add("root", "admin")
        await sign_in(browser, "ops")
        await sign_in(other, "root")
        _, codes = await set_up(home, browser)
        await set_up(home, other)
        home.now += 3600
        assert (await step_up(other, codes[0])).status_code == 401


async def test_guessing_codes_is_limited_also_across_restarts(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        for _ in range(BY_FACTOR.most):
            assert (await step_up(browser, "000000")).status_code == 401
        answer = await step_up(browser, "000000")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
    async with living(tmp_path) as home, home.browser() as browser:
        await sign_in(browser, "ops")
        assert (await step_up(browser, "000000")).status_code == 429
        assert (await step_up(browser, home.code())).status_code == 303
        home.now += BY_FACTOR.seconds + 1
        assert (await step_up(browser, "000000")).status_code == 401


async def test_a_setting_up_that_was_begun_by_another_or_long_ago_is_nothing(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home, home.browser() as browser, home.browser() as other:
        home.add("ops")
        home.add("root", "admin")
        await sign_in(browser, "ops")
        await sign_in(other, "root")
        page = (await begin(browser)).text
        secret = "".join(re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].split())
        data = {
            "action": "totp-confirm",
            "pending": field(page, "pending"),
            "code": totp.code_at(secret, int(home.now // totp.PERIOD)),
        }
        assert (await other.post("/account", data=data)).status_code == 400
        assert (await browser.post("/account", data=data)).status_code == 400
        page = (await begin(browser)).text
        home.now += 901
        data["pending"] = field(page, "pending")
        assert (await browser.post("/account", data=data)).status_code == 400
        assert not home.database.call(factors.of, "local:ops").any


async def test_a_wrong_code_lets_one_try_again_with_the_same_secret(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        page = (await begin(browser)).text
        secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0]
        again = await browser.post(
            "/account",
            data={"action": "totp-confirm", "pending": field(page, "pending"), "code": "000000"},
        )
        assert secret in again.text
        assert field(again.text, "pending") != field(page, "pending")


async def test_attempts_are_forgotten_when_their_time_is_over(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        limit = limits.Limit(2, 10.0)
        assert home.database.call(limits.take, "x", limit, 100.0) == 0
        assert home.database.call(limits.take, "x", limit, 105.0) == 0
        assert home.database.call(limits.take, "x", limit, 106.0) == 4.0
        assert home.database.call(limits.take, "x", limit, 110.0) == 0
        assert SECRET
