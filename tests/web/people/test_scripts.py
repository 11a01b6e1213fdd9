"""Programs: passwords, tokens and codes in headers, and what they open."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import httpx
import pytest

from glasshouse.identity import tokens
from glasshouse.web.auth.limits import BY_ADDRESS

from .home import PASSWORD, Home, living, may, sign_in, step_up


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def made_token(
    home: Home, name: str, scope: str = "", days: str = "30", *, factor: bool = False
) -> str:
    """Make a token on the account page, as a person does."""
    async with home.browser() as browser:
        await sign_in(browser, name)
        if factor:
            await step_up(browser, home.code())
        page = await browser.post(
            "/account", data={"action": "token-new", "label": "ci", "days": days, "scope": scope}
        )
    assert page.status_code == 200, page.text
    return page.text.partition('id="token">')[2].partition("<")[0]


async def me(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/api/v1/me")


async def test_a_password_in_a_header_is_the_person(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.script(authorization=basic("ops")) as script:
            told = (await me(script)).json()
            assert told["name"] == "local:ops"
            assert told["how"] == "basic"
            assert "set-cookie" not in (await script.get("/main")).headers


@pytest.mark.parametrize(
    "said",
    [
        basic("ops", "wrong"),
        basic("nobody"),
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Bearer gh_" + "0" * 49,
        "Bearer x",
        "Bearer ",
    ],
)
async def test_wrong_credentials_are_refused_and_never_a_stranger(
    tmp_path: Path, said: str
) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.script(authorization=said) as script:
            for path in ("/api/v1/me", "/main", "/main/live?topic=/main"):
                answer = await script.get(path)
                assert answer.status_code == 401, path
                assert answer.headers["www-authenticate"] == 'Bearer realm="Glasshouse"'


@pytest.mark.parametrize("said", ["Digest x", "Negotiate abc", "Basic " + "x" * 5000, "Basic"])
async def test_other_kinds_of_authorization_are_refused(tmp_path: Path, said: str) -> None:
    async with living(tmp_path) as home, home.script(authorization=said) as script:
        assert (await me(script)).status_code in {400, 401}


async def test_a_password_that_was_right_is_remembered_until_it_changes(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.script(authorization=basic("ops")) as script:
            assert (await me(script)).status_code == 200
            async with home.browser() as browser:
                await sign_in(browser, "ops")
                changed = await browser.post(
                    "/account",
                    data={
                        "action": "password",
                        "password": PASSWORD,
                        "new": "another one",
                        "again": "another one",
                    },
                )
                assert changed.status_code == 200
            assert (await me(script)).status_code == 401


async def test_the_current_code_is_the_second_factor_once(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        async with home.script(authorization=basic("ops")) as script:
            assert await may(script) == "needs_factor"
            proof = {"glasshouse-otp": home.code()}
            told = (await script.get("/api/v1/me", headers=proof)).json()
            assert told["factor_age"] == 0.0
            again = await script.get("/api/v1/me", headers=proof)
            assert again.status_code == 401
            assert again.json()["code"] == "factor_required"
            assert await may(script) == "needs_factor"


async def test_a_code_is_exchanged_for_a_token_that_is_good_for_its_age(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        async with home.script(authorization=basic("ops")) as script:
            answer = await script.post("/api/v1/step-up", json={"code": home.code()})
            assert answer.status_code == 200
            token, seconds = answer.json()["token"], answer.json()["expires_in"]
            assert seconds == 600
            again = await script.post("/api/v1/step-up", json={"code": home.code()})
            assert again.status_code == 401
            proof = {"glasshouse-otp": token}
            for _ in range(2):
                told = (await script.get("/api/v1/me", headers=proof)).json()
                assert told["factor_age"] == 0.0
        async with home.script(authorization=f"Bearer {token}") as alone:
            assert await may(alone) == "allow"
            home.now += 601
            assert (await me(alone)).status_code == 401
        async with home.script(authorization=basic("ops")) as script:
            header = {"glasshouse-otp": home.code()}
            answer = await script.post("/api/v1/step-up", headers=header)
            assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{}", 400), (b'{"code": 123456}', 400), (b"[", 400), (b'{"code":"0"}', 401)],
)
async def test_a_step_up_without_a_code_is_refused(
    tmp_path: Path, body: bytes, status: int
) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        async with home.script(authorization=basic("ops")) as script:
            headers = {"content-type": "application/json"}
            answer = await script.post("/api/v1/step-up", content=body, headers=headers)
            assert answer.status_code == status
        async with home.script() as nobody:
            assert (await nobody.post("/api/v1/step-up", json={"code": "0"})).status_code == 401


async def test_a_step_up_token_of_one_person_proves_nothing_of_another(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        home.add("root", "admin")
        async with home.script(authorization=basic("ops")) as script:
            token = (await script.post("/api/v1/step-up", json={"code": home.code()})).json()[
                "token"
            ]
        async with home.script(authorization=basic("root")) as other:
            answer = await other.get("/api/v1/me", headers={"glasshouse-otp": token})
            assert answer.status_code == 401


async def test_a_token_looks_as_its_owner_and_does_only_what_it_was_made_for(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        token = await made_token(home, "ops", "queue.*", factor=True)
        async with home.script(authorization=f"Bearer {token}") as script:
            told = (await me(script)).json()
            assert told["name"] == "local:ops"
            assert told["how"] == "token"
            assert await may(script, "queue.pause") == "needs_factor"
            assert await may(script, "job.retry") == "deny"
            proof = {"glasshouse-otp": home.code(1)}
            told = (await script.get("/api/v1/me", headers=proof)).json()
            rows = {row["operation"]: row["outcome"] for row in told["servers"][0]["may"]}
            assert rows["queue.pause"] == "allow"
            assert rows["job.retry"] == "deny"
            assert rows["queue.clear"] == "deny"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/account", {"action": "token-new", "label": "more", "days": "1", "scope": "*"}),
        ("/account", {"action": "totp-begin"}),
        ("/account", {"action": "sessions-end"}),
        ("/step-up", {"code": "CODE"}),
    ],
)
async def test_a_token_never_reaches_further_than_it_was_made_for(
    tmp_path: Path, address: str, sent: dict[str, str]
) -> None:
    async with living(tmp_path) as home:
        home.add("root", proven=True)
        token = await made_token(home, "root", "queue.pause", factor=True)
        fields = {key: home.code(1) if value == "CODE" else value for key, value in sent.items()}
        async with home.script(authorization=f"Bearer {token}") as script:
            for headers in ({}, {"glasshouse-otp": home.code(1)}):
                answer = await script.post(address, data=fields, headers=headers)
                assert answer.status_code == 403, answer.text
                assert "set-cookie" not in answer.headers
        (only,) = await home.people.tokens.of("local:root")
        assert only.scope == ("queue.pause",)


@pytest.mark.parametrize("address", ["/account/passkey", "/step-up/passkey"])
async def test_a_token_begins_no_passkey(tmp_path: Path, address: str) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        token = await made_token(home, "ops")
        async with home.script(authorization=f"Bearer {token}") as script:
            answer = await script.post(address, json={"step": "begin"})
            assert answer.status_code == 403


async def test_a_token_ends_when_it_expires_or_is_removed_or_its_owner_goes(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        token = await made_token(home, "ops", days="1")
        async with home.script(authorization=f"Bearer {token}") as script:
            assert (await me(script)).status_code == 200
            home.now += 86400
            assert (await me(script)).status_code == 401
        token = await made_token(home, "ops")
        async with (
            home.script(authorization=f"Bearer {token}") as script,
            home.browser() as browser,
        ):
            assert (await me(script)).status_code == 200
            await sign_in(browser, "ops")
            (row,) = await home.people.tokens.of("local:ops")
            await browser.post("/account", data={"action": "token-remove", "id": row.public_id})
            assert (await me(script)).status_code == 401


async def test_who_has_a_second_factor_needs_it_to_make_a_token(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        answer = await browser.post(
            "/account", data={"action": "token-new", "label": "x", "days": "1", "scope": ""}
        )
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [{"days": "0"}, {"days": "9999"}, {"days": "x"}, {"label": " "}, {"scope": "job.explode"}],
)
async def test_a_token_out_of_bounds_is_not_made(tmp_path: Path, wrong: dict[str, str]) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops")
        await sign_in(browser, "ops")
        data = {"action": "token-new", "label": "x", "days": "1", "scope": ""} | wrong
        assert (await browser.post("/account", data=data)).status_code == 400


async def test_guessing_passwords_is_limited_by_address(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.script("203.0.113.9") as script:
            for number in range(BY_ADDRESS.most):
                header = {"authorization": basic(f"name{number}", "wrong")}
                assert (await script.get("/api/v1/me", headers=header)).status_code == 401
            header = {"authorization": basic("ops", "wrong")}
            answer = await script.get("/api/v1/me", headers=header)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["code"] == "too_many"
            header = {"authorization": basic("ops")}
            assert (await script.get("/api/v1/me", headers=header)).status_code == 200
        async with home.script("203.0.113.10", authorization=basic("ops")) as other:
            assert (await me(other)).status_code == 200


async def test_a_stranger_cannot_keep_somebody_out_where_they_signed_in_before(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.browser("198.51.100.1") as browser:
            assert (await sign_in(browser, "ops")).status_code == 303
        statuses = []
        for number in range(20):
            async with home.browser(f"203.0.113.{number}") as stranger:
                statuses.append((await sign_in(stranger, "ops", "wrong")).status_code)
        assert statuses[:10] == [401] * 10
        assert set(statuses[10:]) == {429}
        async with home.browser("198.51.100.1") as browser:
            assert (await sign_in(browser, "ops")).status_code == 303
        home.now += 301
        async with home.browser("192.0.2.1") as browser:
            assert (await sign_in(browser, "ops")).status_code == 303


async def test_guessing_tokens_is_limited(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.script() as script:
        header = {"authorization": f"Bearer {tokens.api_token(bytes(32))}"}
        for _ in range(BY_ADDRESS.most):
            assert (await script.get("/api/v1/me", headers=header)).status_code == 401
        assert (await script.get("/api/v1/me", headers=header)).status_code == 429


async def test_no_answer_has_a_stack_of_attempts_that_run_beside_each_other(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser("203.0.113.5") as browser:
        home.add("ops")
        answers = await asyncio.gather(*(sign_in(browser, "ops", "wrong") for _ in range(30)))
        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 20
