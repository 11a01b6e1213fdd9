"""A real Faktory with a password, filled with every kind of job over the protocol.

``FAKTORY`` names its binary; without it these tests are not collected.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from bench import servers
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
    redis: Path
    peers: list[Peer]
    pid: int

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


@pytest.fixture
async def faktory() -> AsyncIterator[Faktory]:
    """A Faktory without a job, on free ports of loopback."""
    async with (
        servers.faktory(BINARY, password=PASSWORD) as server,
        httpx.AsyncClient(
            base_url=server.url,
            auth=("", PASSWORD),
            headers={"Accept-Language": "en"},
            # Faktory closes a connection that is idle for a second, just when it may be used again.
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=30,
        ) as client,
    ):
        assert server.redis is not None
        running = Faktory(server.port, client, server.redis, [], server.pid)
        yield running
        for peer in running.peers:
            peer.close()
            await peer.writer.wait_closed()
