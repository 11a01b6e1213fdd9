"""An identity provider of the tests' own, which can be as hostile as it likes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

NOW = 1_800_000_000.0
CLIENT, SECRET = "glasshouse", "cl13nt s3cret&"
Key = OctKey | RSAKey | ECKey | OKPKey


class Issuer:
    """Signs in whoever comes; ``knobs`` change what it says."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"}, auto_kid=False)
        self.known: list[Key] = [self.key]
        self.odd_keys: list[Any] = []
        """What stands before those in the set of keys, as it is."""
        self.signer: Key = self.key
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.claims: dict[str, Any] = {}
        self.left_out: tuple[str, ...] = ()
        self.discovery: dict[str, Any] = {}
        self.answer: Callable[[str], web.StreamResponse] | None = None
        self.token: str | None = None
        self.access: str | None = None
        self.userinfo: dict[str, Any] | str | int = {"sub": "subject-1"}
        """Claims, a signed answer, or the status of a refusal."""
        self.slow = asyncio.Event()
        self.slow.set()
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.credentials: list[str] = []
        self.url = ""

    def authorize(self, url: str) -> dict[str, str]:
        """Sign somebody in who was sent to ``url``; return what comes back in the address."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"c0de-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Issuer]:
        """Answer on a free port of loopback."""
        app = web.Application()
        app.add_routes([
            web.get("/.well-known/openid-configuration", self._discovery),
            web.get("/keys", self._keys),
            web.post("/token", self._token),
            web.get("/userinfo", self._userinfo),
        ])  # fmt: skip
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            self.slow.set()
            await runner.cleanup()

    async def _discovery(self, _: web.Request) -> web.StreamResponse:
        self.asked.append("discovery")
        await self.slow.wait()
        told = {
            "issuer": self.url,
            "authorization_endpoint": self.url + "/authorize",
            "token_endpoint": self.url + "/token",
            "jwks_uri": self.url + "/keys",
        }
        return web.json_response(told | self.discovery)

    async def _keys(self, _: web.Request) -> web.StreamResponse:
        self.asked.append("keys")
        known = KeySet(self.known).as_dict(private=False)["keys"]
        return web.json_response({"keys": [*self.odd_keys, *known]})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("token")
        form = await request.post()
        code = str(form["code"])
        self.credentials.append(request.headers.get("authorization", str(form.get("client_id"))))
        if self.answer is not None:
            return self.answer(code)
        query = self.codes.pop(code, None)
        verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if query is None or query["code_challenge"] != challenge:
            return web.json_response({"error": "invalid_grant"}, status=400)
        told = {"id_token": self.token or self.signed(query["nonce"])}
        return web.json_response(told if self.access is None else told | self._access)

    @property
    def _access(self) -> dict[str, Any]:
        return {"access_token": self.access, "token_type": "Bearer"}

    async def _userinfo(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("userinfo")
        if request.headers.get("authorization") != f"Bearer {self.access}":
            return web.Response(status=401)
        if isinstance(self.userinfo, int):
            return web.Response(status=self.userinfo)
        if isinstance(self.userinfo, str):
            return web.Response(text=self.userinfo, content_type="application/jwt")
        return web.json_response(self.userinfo)

    def knowing(self, **claims: Any) -> None:
        """Say claims at the userinfo endpoint, which discovery names then."""
        self.access = "acc3ss-token"
        self.discovery = self.discovery | {"userinfo_endpoint": self.url + "/userinfo"}
        self.userinfo = {"sub": "subject-1"} | claims

    def signed(self, nonce: str) -> str:
        """Return an ID token as the knobs say."""
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "subject-1",
            "nonce": nonce,
            "iat": NOW,
            "exp": NOW + 300,
            "preferred_username": "jane",
            "groups": ["platform", "dev"],
        } | self.claims
        for name in self.left_out:
            del claims[name]
        # By hand: the library refuses to write most of what is odd.
        parts = (json.dumps(part).encode() for part in (self.header, claims))
        text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        seal = JWSRegistry.algorithms[self.header["alg"]].sign(text, self.signer)
        return (text + b"." + base64.urlsafe_b64encode(seal).rstrip(b"=")).decode("ascii")
