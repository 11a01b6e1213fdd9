"""``glasshouse serve -c``: TLS, a path of a host, nginx in front, settings read again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from glasshouse.identity import totp
from glasshouse.storage import factors
from glasshouse.storage.database import Database, sqlite_url
from tests.engine.certificate import client_context, needs_openssl, server_context
from tests.nginx import needs_nginx, nginx
from tests.ports import free_port
from tests.steady import LONG
from tests.upstream.faktory import StandIn

from .command import glasshouse

PASSWORD = "correct horse"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Served:
    """A console that runs as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, folder: Path) -> None:
        self.process = process
        self.url = url
        self.folder = folder

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    async def until_logged(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(60):
            while self.log.count(text) < times:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def served(folder: Path, settings: str, listen: str = "127.0.0.1:0") -> AsyncIterator[Served]:
    """Serve settings over a stand-in, with an operator ``ops`` who has an authenticator app."""
    state = folder / "state"
    async with StandIn().running() as faktory:
        text = (
            settings + f'\n[[servers]]\nname = "main"\nfaktory = "tcp://:hush@127.0.0.1:'
            f'{faktory.command.port}"\nweb = "http://127.0.0.1:{faktory.web.port}"\n'
        )
        (folder / "glasshouse.toml").write_text(text)
        if not (state / "console.db").exists():
            _add_ops(folder, state)
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "glasshouse", "serve", "--listen", listen),
                *("-c", str(folder / "glasshouse.toml"), "--state", str(state)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, (folder / "log").read_text()
        made = Served(process, json.loads(line)["console"], folder)
        try:
            yield made
        finally:
            process.terminate()
            code = await asyncio.wait_for(process.wait(), 60)
        assert code == 0
        for word in ("hush", PASSWORD, SECRET):
            assert word not in made.log


def _add_ops(folder: Path, state: Path) -> None:
    add = ("users", "add", "ops", "--role", "operator", "--password-stdin")
    glasshouse(*add, "--state", str(state), said=PASSWORD).check_returncode()
    database = Database(sqlite_url(state))
    database.call(factors.set_totp, "local:ops", SECRET, 1.0, 1)
    database.close()


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def sign_in(client: httpx.AsyncClient, path: str = "") -> httpx.Response:
    data = {"name": "ops", "password": PASSWORD, "next": "/main"}
    return await client.post(path + "/sign-in", data=data)


@needs_openssl
async def test_a_console_speaks_tls_by_itself(tmp_path: Path) -> None:
    server_context(tmp_path)
    settings = '[console]\ntls_cert = "cert.pem"\ntls_key = "key.pem"\n'
    async with served(tmp_path, settings) as made:
        assert made.url.startswith("https://localhost:")
        url = made.url.replace("localhost", "127.0.0.1")
        trust = client_context(tmp_path)
        async with httpx.AsyncClient(
            base_url=url, verify=trust, headers={"origin": url}, timeout=LONG
        ) as client:
            assert (await client.get("/main")).status_code == 200
            answer = await sign_in(client)
            assert answer.status_code == 303
            assert answer.headers["set-cookie"].startswith("__Host-glasshouse=")
            assert "Secure" in answer.headers["set-cookie"]
            assert (await client.get("/api/v1/me")).json()["name"] == "local:ops"
        with pytest.raises(httpx.HTTPError):
            async with httpx.AsyncClient(base_url=url.replace("https", "http")) as client:
                await client.get("/main")


@needs_nginx
@pytest.mark.parametrize("taken_off", [False, True])
async def test_a_console_lives_below_a_path_of_a_host(tmp_path: Path, *, taken_off: bool) -> None:
    port, inner = free_port(), free_port()
    settings = f'[console]\npublic_url = "http://127.0.0.1:{port}/tools/jobs/"\n'
    block = f"""
    location /tools/jobs/ {{
      proxy_pass http://127.0.0.1:{inner}{"/" if taken_off else ""};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}"""
    async with (
        served(tmp_path, settings, f"127.0.0.1:{inner}") as made,
        nginx(tmp_path / "nginx", block, port) as at,
    ):
        assert made.url == f"http://localhost:{inner}/tools/jobs"
        origin = f"http://127.0.0.1:{at}"
        async with httpx.AsyncClient(
            base_url=origin, headers={"origin": origin}, timeout=LONG
        ) as client:
            page = await client.get("/tools/jobs/main")
            assert page.status_code == 200
            found = re.findall(r' (?:href|src|action|data-(?:json-)?worker)="([^"]+)"', page.text)
            assert len(found) > 15
            own = (text.replace("&#x2f;", "/") for text in found if text != "#live")
            for address in own:
                assert address.startswith("/tools/jobs"), address
                answer = await client.get(address)
                assert answer.status_code == 200, address
            answer = await sign_in(client, "/tools/jobs")
            assert answer.headers["location"] == "/tools/jobs/step-up?next=%2Fmain"
            code = totp.code_at(SECRET, int(_now() // totp.PERIOD))
            data = {"code": code, "next": "/main/dead"}
            answer = await client.post("/tools/jobs/step-up", data=data)
            assert answer.headers["location"] == "/tools/jobs/main/dead"
            assert (await client.get("/tools/jobs/api/v1/me")).json()["name"] == "local:ops"
            topic = "/tools/jobs/main/live?topic=/main/queues"
            async with client.stream("GET", topic) as stream:
                said = b""
                async for chunk in stream.aiter_bytes():
                    said += chunk
                    if b"event: fragment" in said:
                        break
            assert (await client.get("/tools/jobs")).status_code in {200, 301}
            async with httpx.AsyncClient(
                base_url=origin, headers={"origin": f"http://localhost:{inner}"}
            ) as other:
                assert (await sign_in(other, "/tools/jobs")).status_code == 403


def _now() -> float:
    import time  # noqa: PLC0415

    return time.time()


@needs_nginx
async def test_nginx_passes_on_where_somebody_comes_from_and_who_they_are(tmp_path: Path) -> None:
    inner = free_port()
    settings = """
[console]
trusted_proxies = ["127.0.0.1/32"]
[identity.proxy]
header = "X-Auth-User"
groups_header = "X-Auth-Groups"
networks = ["127.0.0.1/32"]
[members]
"proxy-group:sre" = "operator"
"""
    block = f"""
    location / {{
      proxy_pass http://127.0.0.1:{inner};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Auth-User jane;
      proxy_set_header X-Auth-Groups sre;
    }}"""
    async with (
        served(tmp_path, settings, f"127.0.0.1:{inner}"),
        nginx(tmp_path / "nginx", block) as at,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{at}", timeout=LONG) as client,
    ):
        told = (await client.get("/api/v1/me")).json()
        assert (told["name"], told["address"]) == ("proxy:jane", "127.0.0.1")
        assert told["roles"] == ["operator", "viewer"]
        forged = {"x-forwarded-for": "10.20.0.9", "x-auth-user": "root", "x-auth-groups": "admins"}
        told = (await client.get("/api/v1/me", headers=forged)).json()
        # nginx is here itself, so the chain goes on to what the client wrote: its own words
        # count only when it sits behind a proxy that is trusted, as everybody on loopback does.
        assert told["name"] == "proxy:jane"
        assert told["address"] == "10.20.0.9"
        twin = {"X_Auth_User": "root"}
        told = (await client.get("/api/v1/me", headers=twin)).json()
        assert told["name"] == "proxy:jane"


async def test_settings_are_read_again_all_of_them_or_nothing(tmp_path: Path) -> None:
    settings = '[console]\n[roles.operator]\nfactor_age = "none"\n'
    # The other server can only be looked at, whatever a role allows.
    here = f'[[servers]]\nname = "here"\nengine = "{tmp_path / "engine"}"\n'
    async with served(tmp_path, settings + here) as made:
        path = tmp_path / "glasshouse.toml"
        text = path.read_text()
        async with httpx.AsyncClient(
            base_url=made.url, headers={"authorization": basic("ops")}
        ) as client:

            async def outcome() -> str:
                rows = (await client.get("/api/v1/me")).json()["servers"][0]["may"]
                return str(next(r for r in rows if r["operation"] == "queue.pause")["outcome"])

            assert await outcome() == "allow"
            path.write_text(text.replace('"none"', '"10m"').replace("[console]", ""))
            made.process.send_signal(signal.SIGHUP)
            await made.until_logged("settings reloaded")
            assert "roles.operator.factor_age" in made.log
            assert await outcome() == "needs_factor"
            path.write_text(text + '[members]\n"local:x" = "gone"\n')
            made.process.send_signal(signal.SIGHUP)
            await made.until_logged("settings not reloaded")
            assert await outcome() == "needs_factor"
            path.write_text(text + '[identity]\nanonymous = "none"\n')
            made.process.send_signal(signal.SIGHUP)
            await made.until_logged("settings reloaded", 2)
            assert "identity.anonymous" in made.log
            assert await outcome() == "allow"
            async with httpx.AsyncClient(base_url=made.url, timeout=LONG) as stranger:
                assert (await stranger.get("/api/v1/servers")).status_code == 401
