"""Signing in at an identity provider, through the console's own pages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from glasshouse.integrations.oidc import Oidc, OidcSettings
from glasshouse.ledger import export
from glasshouse.ledger.record import Event
from glasshouse.policy.roles import resolve
from glasshouse.policy.rules import Rules
from glasshouse.settings import Secret
from glasshouse.storage import ledger
from tests.integrations.issuer import CLIENT, NOW, SECRET, Issuer

from .home import BASE, Home, living

RULES = Rules(
    roles=resolve({}),
    members={"oidc-group:platform": "operator", "local:jane": "admin", "proxy:jane": "admin"},
)


@contextlib.asynccontextmanager
async def trusting(folder: Path, issuer: Issuer) -> AsyncIterator[Home]:
    async with issuer.running(), living(folder, rules=RULES) as home:
        home.now = NOW
        home.people.oidc = Oidc(
            OidcSettings(
                issuer=issuer.url,
                client_id=CLIENT,
                client_secret=Secret(SECRET),
                redirect_uri=f"{BASE}/sign-in/oidc/callback",
            )
        )
        yield home
        await home.people.oidc.close()


async def begun(browser: httpx.AsyncClient, issuer: Issuer, onward: str = "/main") -> str:
    """Begin, sign in there, and return the address that the browser comes back to."""
    answer = await browser.get("/sign-in/oidc", params={"next": onward})
    assert answer.status_code == 303, answer.text
    back = issuer.authorize(answer.headers["location"])
    return f"/sign-in/oidc/callback?code={back['code']}&state={back['state']}"


async def test_somebody_signs_in_there_and_goes_on_here(tmp_path: Path) -> None:
    issuer = Issuer()
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        page = await browser.get("/sign-in?next=/main/dead")
        assert "/sign-in/oidc?next=" in page.text.replace("&#x2f;", "/")
        address = await begun(browser, issuer, "/main/dead?page=2")
        answer = await browser.get(address)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/main/dead?page=2"
        told = (await browser.get("/api/v1/me")).json()
        assert told["name"] == "oidc:jane"
        assert told["roles"] == ["operator"]
        assert "glasshouse-begun" not in browser.cookies


async def test_a_name_there_is_nobody_else_here(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.claims = {"groups": []}
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        await browser.get(await begun(browser, issuer))
        answer = await browser.get("/main")
        assert answer.status_code == 403
        assert "but have no role" in answer.text


async def test_the_way_back_is_good_once(tmp_path: Path) -> None:
    issuer = Issuer()
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        address = await begun(browser, issuer)
        assert (await browser.get(address)).status_code == 303
        answer = await browser.get(address)
        assert answer.status_code == 403
        assert "was not started in this browser" in answer.text


async def test_a_sign_in_that_was_begun_by_another_browser_is_refused(tmp_path: Path) -> None:
    issuer = Issuer()
    async with (
        trusting(tmp_path, issuer) as home,
        home.browser() as attacker,
        home.browser() as victim,
    ):
        address = await begun(attacker, issuer)
        assert (await victim.get(address)).status_code == 403
        assert (await victim.get("/api/v1/me")).status_code == 401
        await begun(victim, issuer)
        assert (await victim.get(address)).status_code == 403


async def test_it_has_ten_minutes(tmp_path: Path) -> None:
    issuer = Issuer()
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        address = await begun(browser, issuer)
        home.now += 601
        assert (await browser.get(address)).status_code == 403


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "wrong_issuer"),
        ({"aud": "another"}, "wrong_audience"),
        ({"nonce": "another"}, "wrong_nonce"),
        ({"exp": NOW - 100}, "expired"),
    ],
)
async def test_a_refusal_is_a_clear_page_and_a_line_in_the_log(
    tmp_path: Path, claims: dict[str, object], why: str
) -> None:
    issuer = Issuer()
    issuer.claims = claims
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        address = await begun(browser, issuer)
        with capture_logs() as logs:
            answer = await browser.get(address)
        assert answer.status_code == 403
        assert "identity provider" in answer.text
        assert "signed_in" not in answer.text
        assert [line["why"] for line in logs] == [why]
        query = parse_qs(urlsplit(address).query)
        for word in (SECRET, query["code"][0], query["state"][0]):
            assert word not in str(logs)
            assert word not in answer.text
        assert (await browser.get("/api/v1/me")).status_code == 401


async def test_a_provider_that_says_no_is_told(tmp_path: Path) -> None:
    issuer = Issuer()
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        address = await begun(browser, issuer)
        answer = await browser.get(address.replace("code=", "error=access_denied&x="))
        assert answer.status_code == 403
        assert "denied you access" in answer.text


async def test_without_a_provider_there_is_nowhere_to_go(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        assert (await browser.get("/sign-in/oidc")).status_code == 404
        assert (await browser.get("/sign-in/oidc/callback?state=x")).status_code == 404
        assert "/sign-in/oidc" not in (await browser.get("/sign-in")).text.replace("&#x2f;", "/")


async def test_a_provider_that_is_gone_is_told(tmp_path: Path) -> None:
    issuer = Issuer()
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        issuer.discovery = {"issuer": "https://evil.example"}
        answer = await browser.get("/sign-in/oidc")
        assert answer.status_code == 403
        assert "was invalid and was rejected" in answer.text


async def test_groups_as_one_text_and_at_the_userinfo_endpoint_give_roles(tmp_path: Path) -> None:
    issuer = Issuer()
    async with trusting(tmp_path, issuer) as home:
        for claims, left_out in (({"groups": "platform"}, ()), ({}, ("groups",))):
            issuer.claims, issuer.left_out = claims, left_out
            issuer.knowing(groups="platform")
            async with home.browser() as browser:
                with capture_logs() as logs:
                    await browser.get(await begun(browser, issuer))
                assert logs == []
                assert (await browser.get("/api/v1/me")).json()["roles"] == ["operator"]
        assert latest(home) == "all"


@pytest.mark.parametrize(
    ("claims", "left_out", "why"),
    [({}, ("groups",), "absent"), ({"groups": {"s3cret-group": 1}}, (), "of another form")],
)
async def test_a_claim_that_gives_nothing_is_a_line_in_the_log_and_in_the_record(
    tmp_path: Path, claims: dict[str, object], left_out: tuple[str, ...], why: str
) -> None:
    issuer = Issuer()
    issuer.claims, issuer.left_out = claims, left_out
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        with capture_logs() as logs:
            answer = await browser.get(await begun(browser, issuer))
        assert answer.status_code == 303
        (line,) = logs
        assert (line["claim"], line["why"], line["name"]) == ("groups", why, "oidc:jane")
        assert "s3cret" not in str(logs)
        assert latest(home) == f"groups {why}"


async def test_the_log_names_the_claim_for_which_somebody_was_refused(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.claims = {"exp": "tomorrow"}
    async with trusting(tmp_path, issuer) as home, home.browser() as browser:
        with capture_logs() as logs:
            assert (await browser.get(await begun(browser, issuer))).status_code == 403
        assert [(line["why"], line["claim"]) for line in logs] == [("bad_token", "exp")]


def latest(home: Home) -> object:
    """Return what the newest record of a sign-in says of its claims."""
    wanted = ledger.RecordFilter(event=Event.SIGNED_IN.value)
    (link,) = home.database.call(ledger.latest, wanted, most=1)
    return export.read(link)["detail"]["claims"]
