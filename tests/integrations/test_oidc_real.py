"""Signing in at a real provider from npm, through its own pages and a served console."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from scripts.node import find_node
from tests.cli.test_serve_settings import served
from tests.ports import free_port

_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="(\w*)"')
PEERS = Path(__file__).parents[1] / "peers"
pytestmark = pytest.mark.skipif(
    not (PEERS / "node_modules/oidc-provider").exists(),
    reason="oidc-provider is not installed: make test installs it",
)


@contextlib.asynccontextmanager
async def provider(redirect: str, where: str) -> AsyncIterator[str]:
    """Run the provider, whose claims are in the token or in userinfo alone; yield its issuer."""
    process = await asyncio.create_subprocess_exec(
        *(str(find_node().binary), str(PEERS / "oidc_provider.mjs"), redirect, where),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        yield json.loads(line)["issuer"]
    finally:
        process.kill()
        await process.wait()


async def through(browser: httpx.AsyncClient, answer: httpx.Response, until: str) -> str:
    """Go where a browser goes, and fill in the provider's forms; return the address it ends at."""
    for _ in range(20):
        if answer.is_redirect:
            address = urljoin(str(answer.url), answer.headers["location"])
            if address.startswith(until):
                return address
            answer = await browser.get(address)
            continue
        action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert action is not None, answer.text[:500]
        fields = dict(_HIDDEN.findall(answer.text))
        if 'name="login"' in answer.text:
            fields |= {"login": "jane", "password": "any"}
        answer = await browser.post(urljoin(str(answer.url), html.unescape(action[1])), data=fields)
    raise AssertionError("the provider leads nowhere")


@pytest.mark.parametrize("where", ["token", "userinfo"])
async def test_somebody_signs_in_at_a_real_provider(tmp_path: Path, where: str) -> None:
    port = free_port()
    console = f"http://127.0.0.1:{port}"
    back = f"{console}/sign-in/oidc/callback"
    async with provider(back, where) as issuer:
        settings = f"""
[console]
public_url = "{console}"
[identity]
anonymous = "none"
[identity.oidc]
issuer = "{issuer}"
client_id = "glasshouse"
client_secret = "cl13nt s3cret"
scopes = ["openid", "profile", "groups"]
[members]
"oidc-group:platform" = "operator"
"""
        async with (
            served(tmp_path, settings, f"127.0.0.1:{port}") as made,
            httpx.AsyncClient(timeout=60) as browser,
        ):
            assert (await browser.get(f"{console}/main")).status_code == 303
            begun = await browser.get(f"{console}/sign-in/oidc?next=/main/dead")
            address = await through(browser, begun, back)
            answer = await browser.get(address)
            assert answer.status_code == 303, answer.text
            assert answer.headers["location"] == "/main/dead"
            told = (await browser.get(f"{console}/api/v1/me")).json()
            assert told["name"] == "oidc:jane"
            assert told["roles"] == ["operator"]
            again = await browser.get(address)
            assert again.status_code == 403
            assert "cl13nt" not in made.log
            assert "gave nothing" not in made.log
            assert "code=" not in made.log
