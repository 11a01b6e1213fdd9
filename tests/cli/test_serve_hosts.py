"""A console as a process of its own: under which names it answers, and behind a real nginx."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.engine.certificate import client_context, needs_openssl, server_context
from tests.nginx import needs_nginx, nginx
from tests.ports import free_port
from tests.steady import LONG
from tests.web.fakes import exchange

from .test_serve_settings import Served, served

FOREIGN = ("evil.example", "evil.example:7421", "localhost.evil.example", "jobs")


async def status(made: Served, host: str, path: str = "/main") -> int:
    port = urlsplit(made.url).port
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=LONG) as client:
        return (await client.get(path, headers={"host": host})).status_code


async def test_a_console_answers_under_its_own_names_and_those_that_are_added(
    tmp_path: Path,
) -> None:
    settings = '[console]\nhosts = ["jobs.internal"]\n'
    async with served(tmp_path, settings) as made:
        own = ("localhost", "127.0.0.1", "[::1]:1", socket.gethostname(), "jobs.internal:80")
        assert [await status(made, host) for host in own] == [200] * len(own)
        for path in ("/main", "/readyz", "/api/v1/servers"):
            assert [await status(made, host, path) for host in FOREIGN] == [421] * len(FOREIGN)
        assert await status(made, "192.0.2.7") == 421
        file = tmp_path / "glasshouse.toml"
        file.write_text(file.read_text().replace("jobs.internal", "jobs"))
        made.process.send_signal(signal.SIGHUP)
        await made.until_logged("settings reloaded")
        assert "console.hosts" in made.log
        assert await status(made, "jobs") == 200
        assert await status(made, "jobs.internal") == 421


async def test_a_console_for_other_machines_answers_at_any_address(tmp_path: Path) -> None:
    async with served(tmp_path, "", "0.0.0.0:0") as made:
        own = ("10.20.3.4", "[2001:db8::7]:7421", socket.gethostname(), socket.getfqdn())
        assert [await status(made, host, "/healthz") for host in own] == [200] * len(own)
        assert [await status(made, host) for host in FOREIGN] == [421] * len(FOREIGN)


@needs_openssl
async def test_a_console_answers_under_the_names_of_its_certificate(tmp_path: Path) -> None:
    server_context(tmp_path)
    settings = '[console]\ntls_cert = "cert.pem"\ntls_key = "key.pem"\n'
    async with served(tmp_path, settings) as made:
        trust, port = client_context(tmp_path), urlsplit(made.url).port
        async with httpx.AsyncClient(verify=trust, timeout=LONG) as client:
            for host, expected in (("localhost", 200), ("evil.example", 421)):
                answer = await client.get(f"https://127.0.0.1:{port}/main", headers={"host": host})
                assert answer.status_code == expected, host


@needs_nginx
async def test_nginx_as_it_is_documented_passes_the_name_and_no_trailer_fields(
    tmp_path: Path,
) -> None:
    inner = free_port()
    settings = """
[console]
public_url = "http://tools.example.com/jobs"
trusted_proxies = ["127.0.0.1/32"]
[identity.proxy]
header = "X-Auth-User"
networks = ["127.0.0.1/32"]
"""
    block = f"""
    location /jobs/ {{
      proxy_pass http://127.0.0.1:{inner};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Auth-User "";
      proxy_buffering off;
      proxy_request_buffering off;
    }}"""
    async with (
        served(tmp_path, settings, f"127.0.0.1:{inner}") as made,
        nginx(tmp_path / "nginx", block) as at,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{at}", timeout=LONG) as client,
    ):
        for host, expected in (("tools.example.com", 200), ("evil.example", 421)):
            answer = await client.get("/jobs/main", headers={"host": host})
            assert answer.status_code == expected
        # Probes come to the console itself, by its address.
        assert await status(made, f"127.0.0.1:{inner}", "/readyz") == 200
        sent = (
            b"POST /jobs/api/v1/step-up HTTP/1.1\r\nHost: tools.example.com\r\n"
            b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
            b"X-Auth-User: jane\r\nAuthorization: Bearer x\r\n\r\n"
        )
        told = await exchange(at, sent)
        assert told[9:12] in {b"400", b"401"}, told[:200]
        assert b"jane" not in told
        me = (await client.get("/jobs/api/v1/me", headers={"host": "tools.example.com"})).json()
        assert me.get("name") is None
