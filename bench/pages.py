"""How fast a PUSH is answered while sixteen connections hammer the dashboard's pages.

The server is that of somebody who looks at an incident: many jobs, many dead,
workers at work. One client pushes, one by one, and its waits are counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

from bench import servers
from bench.answers import rank

VIEWERS = 16
PUSHES = 2_000
JOBS = 20_000
DEAD = 500
PAGES = (
    "/main", "/main/queues", "/main/queues/q1", "/main/dead", "/main/retries", "/main/busy",
    "/main/finished", "/main/jobs/fill-0000000100", "/api/v1/servers/main/queues",
)  # fmt: skip


class _Client:
    """An FWP client that waits for each answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> _Client:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        await client._reader.readline()
        await client.ask(b'HELLO {"v":2,"wid":"bench"}')
        return client

    async def ask(self, command: bytes) -> bytes:
        self._writer.write(command + b"\r\n")
        line = await self._reader.readline()
        if line.startswith(b"$") and line != b"$-1\r\n":
            return await self._reader.readexactly(int(line[1:]) + 2)
        assert not line.startswith(b"-"), line
        return line

    def close(self) -> None:
        self._writer.close()


async def _fill(client: _Client) -> None:
    for number in range(DEAD):
        jid = b"dead-%010d" % number
        await client.ask(
            b'PUSH {"jid":"%s","jobtype":"Bench","retry":-1,"queue":"d","args":[]}' % jid
        )
        await client.ask(b"FETCH d")
        await client.ask(
            b'FAIL {"jid":"%s","errtype":"Oops","message":"no","backtrace":["a"]}' % jid
        )
    for number in range(JOBS):
        await client.ask(
            b'PUSH {"jid":"fill-%010d","jobtype":"Bench","queue":"q%d","args":[%d,"some text"]}'
            % (number, number % 5, number)
        )


async def _view(port: int, path: str, counts: dict[int, int]) -> None:
    """Ask for a page again and again on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    try:
        while True:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            counts[status] = counts.get(status, 0) + 1
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
    finally:
        writer.close()


async def _waits(client: _Client, first: int) -> list[float]:
    waits = []
    for number in range(first, first + PUSHES):
        start = time.perf_counter()
        await client.ask(
            b'PUSH {"jid":"push-%010d","jobtype":"Bench","queue":"q1","args":[]}' % number
        )
        waits.append((time.perf_counter() - start) * 1000)
    return sorted(waits)


async def measure() -> list[dict[str, object]]:
    """Measure the waits with and without viewers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        async with servers.engine(folder) as engine, servers.console(folder) as console:
            client = await _Client.connect(engine.port)
            await _fill(client)
            calm = await _waits(client, 0)
            counts: dict[int, int] = {}
            viewers = [
                asyncio.create_task(_view(console.port, PAGES[n % len(PAGES)], counts))
                for n in range(VIEWERS)
            ]
            start = time.perf_counter()
            busy = await _waits(client, PUSHES)
            took = time.perf_counter() - start
            pages = sum(counts.values()) / took
            failed = [str(v.exception()) for v in viewers if v.done()]
            for viewer in viewers:
                viewer.cancel()
            for viewer in viewers:
                with contextlib.suppress(asyncio.CancelledError):
                    await viewer
            client.close()
    assert not failed, failed
    assert set(counts) == {200}, counts
    return [
        {"name": "PUSH, nobody looks: 99th percentile", "value": round(rank(calm, 0.99), 2),
         "unit": "ms"},
        {"name": f"PUSH, {VIEWERS} viewers: median", "value": round(rank(busy, 0.5), 2),
         "unit": "ms"},
        {"name": f"PUSH, {VIEWERS} viewers: 99th percentile", "value": round(rank(busy, 0.99), 2),
         "unit": "ms", "goal": "< 50"},
        {"name": "pages a second meanwhile", "value": round(pages), "unit": "pages/s"},
    ]  # fmt: skip
