"""Who vouches for a name: the proxy in front, a password file, and never one for another."""

from __future__ import annotations

import base64
import ipaddress
import os
from pathlib import Path

import pytest
from passlib.hash import apr_md5_crypt

from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import factors
from glasshouse.storage.htpasswd_file import PasswordFile
from glasshouse.web.request.rules import ProxyHeader

from .home import SECRET, Home, living, may, sign_in, step_up
from .test_scripts import basic

PROXY = ProxyHeader(
    header="x-auth-user",
    groups_header="x-auth-groups",
    networks=(ipaddress.ip_network("10.0.0.0/24"),),
)
AT_PROXY = "10.0.0.5"


def rules(**members: str) -> Rules:
    named = {name.replace("__", ":"): role for name, role in members.items()}
    return Rules(roles=resolve({}), members=named, anonymous="viewer")


async def name_of(home: Home, address: str = AT_PROXY, **headers: str) -> str:
    async with home.script(address, **headers) as script:
        answer = await script.get("/api/v1/me")
        assert answer.status_code == 200, answer.text
        return str(answer.json().get("name", ""))


async def test_a_proxy_says_who_somebody_is_and_in_which_groups(tmp_path: Path) -> None:
    held = Rules(
        roles=resolve({}),
        members={"proxy-group:sre": "operator", "proxy:jane": "auditor"},
        anonymous="viewer",
    )
    async with living(tmp_path, rules=held, proxy=PROXY) as home:
        assert await name_of(home, x_auth_user="jane") == "proxy:jane"
        async with home.script(AT_PROXY, x_auth_user="jo", x_auth_groups="dev, sre") as script:
            told = (await script.get("/api/v1/me")).json()
            assert told["name"] == "proxy:jo"
            assert told["roles"] == ["operator", "viewer"]


@pytest.mark.parametrize("address", ["203.0.113.7", "127.0.0.1", "10.0.1.5", "::1"])
@pytest.mark.parametrize("headers", [{"x_auth_user": "jane"}, {"x_auth_groups": "sre"}])
async def test_a_forged_header_is_refused(
    tmp_path: Path, address: str, headers: dict[str, str]
) -> None:
    async with (
        living(tmp_path, proxy=PROXY, rules=rules(proxy__jane="admin")) as home,
        home.script(address, **headers) as script,
    ):
        assert (await script.get("/api/v1/me")).status_code == 400
        assert (await script.get("/main")).status_code == 400


async def test_a_forwarded_address_does_not_make_a_proxy(tmp_path: Path) -> None:
    async with (
        living(tmp_path, proxy=PROXY, trusted=("203.0.113.0/24",)) as home,
        home.script("203.0.113.7", x_auth_user="jane", x_forwarded_for=AT_PROXY) as script,
    ):
        assert (await script.get("/api/v1/me")).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        [("x-auth-user", "jane"), ("x-auth-user", "root")],
        [("x-auth-user", "jane"), ("X_Auth_User", "root")],
        [("x_auth_user", "root")],
        [("x-auth_user", "root")],
        [("x-auth-user", "jane"), ("x_auth_groups", "sre")],
        [("x-auth-user", "jane, root")],
        [("x-auth-user", "x" * 300)],
        [("x-auth-groups", "sre")],
    ],
)
async def test_duplicates_twins_and_what_is_no_name_are_refused(
    tmp_path: Path, headers: list[tuple[str, str]]
) -> None:
    async with living(tmp_path, proxy=PROXY) as home, home.script(AT_PROXY) as script:
        assert (await script.get("/api/v1/me", headers=headers)).status_code == 400


async def test_without_the_setting_the_header_says_nothing(tmp_path: Path) -> None:
    async with living(tmp_path, rules=rules(proxy__jane="admin")) as home:
        assert await name_of(home, x_auth_user="jane") == ""


async def test_who_comes_by_a_proxy_shows_the_second_factor_in_a_session(tmp_path: Path) -> None:
    held = rules(proxy__jane="operator")
    async with living(tmp_path, rules=held, proxy=PROXY) as home:
        home.access.rules = Rules(
            roles=resolve({"operator": _near(AT_PROXY)}), members=held.members, anonymous="viewer"
        )
        home.add("jane", proven=True)
        home.database.call(factors.set_totp, "proxy:jane", SECRET, home.now, 0)
        async with home.browser(AT_PROXY) as browser:
            browser.headers["x-auth-user"] = "jane"
            assert await may(browser) == "needs_factor"
            assert (await step_up(browser, home.code())).status_code == 303
            assert await may(browser) == "allow"
            browser.headers["x-auth-user"] = "joe"
            assert await may(browser) == "deny"
        async with home.browser(AT_PROXY) as other:
            other.headers["x-auth-user"] = "jane"
            assert await may(other) == "needs_factor"


def _near(address: str) -> RoleTable:
    return RoleTable(networks=(f"{address}/32",))


async def test_a_name_of_one_source_is_nobody_in_another(tmp_path: Path) -> None:
    file = tmp_path / "htpasswd"
    file.write_text(f"ops:{apr_md5_crypt.hash('from file')}\n")
    held = rules(htpasswd__ops="operator", proxy__ops="admin", oidc__ops="admin")
    async with living(tmp_path, rules=held, proxy=PROXY, file=PasswordFile(file)) as home:
        home.access.rules = held
        async with home.script(authorization=basic("ops", "from file")) as script:
            told = (await script.get("/api/v1/me")).json()
            assert told["name"] == "htpasswd:ops"
            assert told["roles"] == ["operator", "viewer"]
        home.add("ops", "auditor")
        async with home.script(authorization=basic("ops")) as script:
            told = (await script.get("/api/v1/me")).json()
            assert told["name"] == "local:ops"
            assert told["roles"] == ["auditor", "viewer"]
        async with home.script(authorization=basic("ops", "from file")) as script:
            assert (await script.get("/api/v1/me")).status_code == 401


async def test_a_password_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "htpasswd"
    file.write_text(f"ops:{apr_md5_crypt.hash('one')}\n")
    held = rules(htpasswd__ops="operator")
    async with (
        living(tmp_path, rules=held, file=PasswordFile(file)) as home,
        home.browser() as browser,
    ):
        assert (await sign_in(browser, "ops", "one")).status_code == 303
        assert (await browser.get("/api/v1/me")).json()["name"] == "htpasswd:ops"
        file.write_text(f"other:{apr_md5_crypt.hash('two')}\n")
        os.utime(file, (1, 1))
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is False
        assert (await sign_in(browser, "ops", "one")).status_code == 401
        assert (await sign_in(browser, "other", "two")).status_code == 303
        file.unlink()
        assert (await browser.get("/api/v1/me")).json()["signed_in"] is False
        assert (await sign_in(browser, "other", "two")).status_code == 401


async def test_a_role_counts_only_in_its_networks(tmp_path: Path) -> None:
    async with living(tmp_path, trusted=("10.0.0.0/24",)) as home:
        home.add("ops", proven=True)
        proof = base64.b64encode(b"ops:correct horse").decode()
        for number, (peer, said, outcome) in enumerate(
            [
                ("127.0.0.1", "", "allow"),
                ("203.0.113.9", "", "deny"),
                ("203.0.113.9", "127.0.0.1", "deny"),
                ("10.0.0.9", "10.20.0.4", "allow"),
                ("10.0.0.9", "10.20.0.4, 203.0.113.9", "deny"),
                ("10.0.0.9", "", "deny"),
                ("::ffff:127.0.0.1", "", "allow"),
            ]
        ):
            home.now += 60
            headers = {"x_forwarded_for": said} if said else {}
            async with home.script(peer, authorization=f"Basic {proof}", **headers) as script:
                code = {"glasshouse-otp": home.code()}
                told = (await script.get("/api/v1/me", headers=code)).json()
                row = next(
                    row for row in told["servers"][0]["may"] if row["operation"] == "queue.pause"
                )
                assert row["outcome"] == outcome, number
                if outcome == "deny":
                    assert "10.20.0.0/16" in row["detail"]
