"""A Redis of the tests, on a socket and a free port, with a user who has ``@read`` alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.ports import free_port
from tests.steady import LONG

BINARY = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    BINARY is None, reason="redis-server is not installed: make test installs it as root"
)
_READY = re.compile(rb"ccept connections (unix|at /)")
USER, PASSWORD = "looker", "a word of the tests"


class RunningRedis(msgspec.Struct):
    """A running one; ``owner`` may do everything there."""

    process: asyncio.subprocess.Process
    port: int
    socket: Path
    owner: Redis

    async def push(self, key: str, jid: str, **fields: Any) -> None:
        """Put a job at the end of a queue, as Faktory does."""
        await self.owner.lpush(key, self.job(jid, **fields))

    async def put(self, key: str, jid: str, score: float, **fields: Any) -> None:
        """Put a job into a set."""
        await self.owner.zadd(key, {self.job(jid, **fields): score})

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let it answer nothing while the block runs."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

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
        socket = Path(folder) / "redis.sock"
        process, port = await _started(socket, tls)
        # A command that was sent twice would push twice.
        owner = Redis(
            unix_socket_path=str(socket),
            password="of the owner",
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            await owner.acl_setuser(
                USER, enabled=True, passwords=[f"+{PASSWORD}"], keys=["*"], categories=["+@read"]
            )
            yield RunningRedis(process, port, socket, owner)
        finally:
            await owner.aclose()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _started(socket: Path, tls: Path | None) -> tuple[asyncio.subprocess.Process, int]:
    """Start one and wait until it answers; on another port where somebody else was faster."""
    assert BINARY is not None
    said = b""
    for _ in range(5):
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            *(BINARY, "--bind", "127.0.0.1", "--unixsocket", str(socket)),
            *(["--port", str(port)] if tls is None else _tls(port, tls)),
            *("--save", "", "--dir", str(socket.parent), "--requirepass", "of the owner"),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(LONG):
            # It says so of its port first, then of its socket, in the words of its version.
            async for line in process.stdout:
                said += line
                if _READY.search(line):
                    return process, port
        await process.wait()
    raise AssertionError(said.decode(errors="replace"))


def _tls(port: int, folder: Path) -> list[str]:
    return [
        "--port", "0", "--tls-port", str(port), "--tls-cert-file", str(folder / "cert.pem"),
        "--tls-key-file", str(folder / "key.pem"), "--tls-auth-clients", "no",
    ]  # fmt: skip
