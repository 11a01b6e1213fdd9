"""A real Faktory with a password, filled with every kind of job over the protocol.

``FAKTORY`` names its binary; without it these tests are not collected.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from glasshouse.wire.handshake import password_hash
from tests.engine.peer import Peer

BINARY = os.environ.get("FAKTORY", "")
PASSWORD = "a password of the tests"


def pytest_ignore_collect() -> bool | None:
    return None if BINARY else True


class Faktory(msgspec.Struct):
    """A running Faktory."""

    port: int
    web: httpx.AsyncClient
    peers: list[Peer]

    async def peer(self, wid: str | None = None) -> Peer:
        """Connect to it; with a ``wid`` as a worker."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        self.peers.append(peer)
        greeting = json.loads(str(await peer.reply()).removeprefix("+HI "))
        hello: dict[str, Any] = {"v": 2}
        hello["pwdhash"] = password_hash(PASSWORD.encode(), greeting["s"], greeting["i"])
        if wid is not None:
            hello |= {"wid": wid, "hostname": "app-<1>", "pid": 77, "labels": ["shop", "<b>"]}
        assert await peer.ask(f"HELLO {json.dumps(hello)}") == "+OK"
        return peer

    async def page(self, path: str) -> bytes:
        """Return one of its pages."""
        answer = await self.web.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture
async def faktory(tmp_path: Path) -> AsyncIterator[Faktory]:
    """A Faktory without a job, on free ports of loopback."""
    port, web = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        *(BINARY, "-b", f"127.0.0.1:{port}", "-w", f"127.0.0.1:{web}", "-e", "staging"),
        *("-l", "warn", "-d", str(tmp_path / "db"), "-c", str(tmp_path / "conf")),
        env=os.environ | {"FAKTORY_PASSWORD": PASSWORD},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{web}",
        auth=("", PASSWORD),
        headers={"Accept-Language": "en"},
        timeout=30,
    )
    try:
        await _until_it_answers(client)
        running = Faktory(port, client, [])
        yield running
        for peer in running.peers:
            peer.close()
            await peer.writer.wait_closed()
    finally:
        await client.aclose()
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def _until_it_answers(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/health")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
