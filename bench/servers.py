"""Servers as processes of their own on free ports of loopback: engine, real Faktory, console.

Each is ended by its process id when the block ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from tests.ports import free_port

_ROLLUP = re.compile(r"^Rss:\s+(\d+) kB", re.MULTILINE)
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_TICKS = os.sysconf("SC_CLK_TCK")


class Server(msgspec.Struct, frozen=True):
    """A running server: where it answers, and its process."""

    port: int
    pid: int
    url: str = ""
    redis: Path | None = None
    """The socket of a real Faktory's Redis."""

    def rss_mb(self) -> float:
        """Return the resident memory now, in MB."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        found = _ROLLUP.search(rollup)
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def peak_mb(self) -> float:
        """Return the highest resident memory so far, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = _PEAK.search(status)
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def cpu_seconds(self) -> float:
        """Return the processor time used so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / _TICKS


@contextlib.asynccontextmanager
async def engine(folder: Path, *, durable: bool = True) -> AsyncIterator[Server]:
    """Run an engine on ``folder``; without ``durable`` it believes in the disk unasked."""
    kind = ["glasshouse", "engine", "--listen", "127.0.0.1:0", "--data"]
    command = kind if durable else ["bench.careless"]
    async with _process(sys.executable, "-m", *command, str(folder)) as (process, ready):
        yield Server(int(ready["faktory"].rpartition(":")[2]), process.pid)


@contextlib.asynccontextmanager
async def console(folder: Path) -> AsyncIterator[Server]:
    """Run a console on the folder of a running engine."""
    async with serving("--engine", str(folder)) as server:
        yield server


@contextlib.asynccontextmanager
async def serving(*named: str) -> AsyncIterator[Server]:
    """Run a console over the server that is ``named``."""
    command = ("-m", "glasshouse", "serve", *named, "--listen", "127.0.0.1:0")
    async with _process(sys.executable, *command) as (process, ready):
        url = ready["console"]
        yield Server(int(url.rpartition(":")[2]), process.pid, url)


@contextlib.asynccontextmanager
async def faktory(binary: str, *, password: str | None = None) -> AsyncIterator[Server]:
    """Run a real Faktory with an empty store; its ``url`` is that of its Web UI."""
    secret = {"FAKTORY_SKIP_PASSWORD": "1"} if password is None else {"FAKTORY_PASSWORD": password}
    with tempfile.TemporaryDirectory(prefix="f", ignore_cleanup_errors=True) as folder:
        port, web = free_port(), free_port()
        process = await asyncio.create_subprocess_exec(
            *(binary, "-b", f"127.0.0.1:{port}", "-w", f"127.0.0.1:{web}", "-e", "development"),
            *("-l", "warn", "-d", f"{folder}/db", "-c", f"{folder}/conf"),
            env=os.environ | secret,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until_it_listens(port)
            await until_it_listens(web)
            socket_path = Path(folder) / "db" / "redis.sock"
            yield Server(port, process.pid, f"http://127.0.0.1:{web}", socket_path)
        finally:
            await _end(process)
            await end_redis(Path(folder) / "db" / "redis.sock")


async def end_redis(at: Path) -> None:
    """End the Redis that a Faktory has started: some of its versions leave it behind."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(at)
        writer.write(b"SHUTDOWN NOSAVE\r\n")
        await reader.read()
        writer.close()


async def until_it_listens(port: int) -> None:
    """Return as soon as somebody listens on a port; after ten seconds all the same."""
    for _ in range(200):
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _process(
    *command: str,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await asyncio.wait_for(process.wait(), 60)


async def load(port: int, connections: int, jobs: int) -> float:
    """Return jobs pushed, fetched and acknowledged per second by ``bench.load``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load", str(port), str(connections), str(jobs)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 300)
    return float(out)
