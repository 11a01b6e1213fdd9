"""A client of the work server that waits for each answer; its cost does not matter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

import msgspec


class Client:
    """One connection, as a producer or, with ``wid``, as a worker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use ``connect``."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int, *, wid: str = "", host: str = "", **said: object) -> Client:
        """Connect and be welcomed; ``said`` are further members of the HELLO."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        await client._reader.readline()
        hello: dict[str, object] = {"v": 2, **said}
        if wid:
            hello |= {"wid": wid, "hostname": host or "bench", "pid": 1}
        await client.ask(f"HELLO {json.dumps(hello)}")
        return client

    async def ask(self, command: str) -> str:
        """Send a command and return its answer."""
        self._writer.write(command.encode() + b"\r\n")
        line = await self._reader.readline()
        assert not line.startswith(b"-"), line
        if line.startswith(b"$") and line != b"$-1\r\n":
            return (await self._reader.readexactly(int(line[1:]) + 2)).decode()
        return line.decode()

    async def push(self, jid: str, *, queue: str = "default", **fields: object) -> None:
        """Push a job."""
        job = {"jid": jid, "jobtype": "Bench", "queue": queue, "args": []} | fields
        await self.ask(f"PUSH {json.dumps(job)}")

    async def push_all(self, jobs: Iterable[dict[str, object]]) -> None:
        """Push many jobs at once."""
        await self.ask(f"PUSHB {msgspec.json.encode(list(jobs)).decode()}")

    def close(self) -> None:
        """Go."""
        self._writer.close()
