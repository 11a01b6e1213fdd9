"""A Redis of the tests, on a socket and a free port, with a user who has ``@read`` alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from bench.servers import free_port

BINARY = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    BINARY is None, reason="redis-server is not installed: make test installs it as root"
)
_READY = re.compile(rb"ccept connections (unix|at /)")
USER, PASSWORD = "looker", "a word of the tests"


class RunningRedis(msgspec.Struct):
    """A running one; ``owner`` may do everything there."""

    port: int
    socket: Path
    owner: Redis

    async def push(self, key: str, jid: str, **fields: Any) -> None:
        """Put a job at the end of a queue, as Faktory does."""
        await self.owner.lpush(key, self.job(jid, **fields))

    async def put(self, key: str, jid: str, score: float, **fields: Any) -> None:
        """Put a job into a set."""
        await self.owner.zadd(key, {self.job(jid, **fields): score})

    @staticmethod
    def job(jid: str, **fields: Any) -> bytes:
        """Return a job as it is stored."""
        made = {"jid": jid, "queue": "q", "jobtype": "Test", "args": [], **fields}
        return json.dumps(made, separators=(",", ":")).encode()


@contextlib.asynccontextmanager
async def running_redis(*, tls: Path | None = None) -> AsyncIterator[RunningRedis]:
    """Run one with nothing in it; with ``tls`` its port speaks that, by the certificate there."""
    assert BINARY is not None
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        socket, port = Path(folder) / "redis.sock", free_port()
        process = await asyncio.create_subprocess_exec(
            *(BINARY, "--bind", "127.0.0.1", "--unixsocket", str(socket)),
            *(["--port", str(port)] if tls is None else _tls(port, tls)),
            *("--save", "", "--dir", folder, "--requirepass", "of the owner"),
            stdout=asyncio.subprocess.PIPE,
        )
        owner = Redis(unix_socket_path=str(socket), password="of the owner")
        try:
            assert process.stdout is not None
            async with asyncio.timeout(20):
                # It says so of its port first, then of its socket, in the words of its version.
                while not _READY.search(await process.stdout.readline()):
                    pass
            await owner.acl_setuser(
                USER, enabled=True, passwords=[f"+{PASSWORD}"], keys=["*"], categories=["+@read"]
            )
            yield RunningRedis(port, socket, owner)
        finally:
            await owner.aclose()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def _tls(port: int, folder: Path) -> list[str]:
    return [
        "--port", "0", "--tls-port", str(port), "--tls-cert-file", str(folder / "cert.pem"),
        "--tls-key-file", str(folder / "key.pem"), "--tls-auth-clients", "no",
    ]  # fmt: skip
