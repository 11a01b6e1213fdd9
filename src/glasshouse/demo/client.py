"""A small asyncio client for the demo: one connection, replies in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Iterable
from typing import Any

from glasshouse.demo.people import Json
from glasshouse.model.errors import GlasshouseError
from glasshouse.wire.client import (
    Bulk,
    ClientConnection,
    Error,
    Greeting,
    Nil,
    Simple,
    encode_command,
    hello,
)

Reply = Simple | Error | Bulk | Nil
_CHUNK = 500


class RefusedError(GlasshouseError):
    """The server answered with an error."""

    code = "refused"


class Client:
    """A connected client; a worker's if it has a ``wid``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use an open connection; call ``connect`` instead."""
        self._reader = reader
        self._writer = writer
        self._wire = ClientConnection()
        self._events: deque[Greeting | Reply] = deque()

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        *,
        wid: str = "",
        hostname: str = "shop",
        pid: int = 1,
        labels: tuple[str, ...] = (),
    ) -> Client:
        """Connect and shake hands.

        Raises:
            OSError: nobody answers there.
            RefusedError: the server requires a password.
        """
        client = cls(*await asyncio.open_connection(host, port))
        try:
            greeting = await client._greeting()
            greeted = hello(
                greeting, password=None, wid=wid, hostname=hostname, pid=pid, labels=labels
            )
            client._writer.write(greeted)
            _require(await client._reply())
        except BaseException:
            client.close()
            raise
        return client

    async def call(self, verb: str, *args: str) -> Reply:
        """Send one command and return its reply.

        Raises:
            RefusedError: the reply is an error.
            OSError: the connection is gone.
        """
        self._writer.write(encode_command(verb, *args))
        await self._writer.drain()
        return _require(await self._reply())

    async def push_all(self, jobs: Iterable[Json]) -> None:
        """Push jobs, many in one command.

        Raises:
            RefusedError: a job was rejected.
        """
        waiting = list(jobs)
        for start in range(0, len(waiting), _CHUNK):
            reply = await self.call("PUSHB", _dump(waiting[start : start + _CHUNK]))
            if isinstance(reply, Bulk) and (rejected := json.loads(reply.data)):
                raise RefusedError(f"Jobs were rejected: {rejected}.")

    async def fetch(self, *queues: str) -> Json | None:
        """Return the next job of the queues, or ``None`` after two seconds without one."""
        reply = await self.call("FETCH", *queues)
        if not isinstance(reply, Bulk):
            return None
        job: Json = json.loads(reply.data)
        return job

    async def tell(self, verb: str, body: Json) -> Reply:
        """Send a command with a JSON object, such as ACK, FAIL and BEAT."""
        return await self.call(verb, _dump(body))

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()

    async def _greeting(self) -> Greeting:
        event = await self._next()
        if not isinstance(event, Greeting):
            raise RefusedError(f"The work server did not greet: {event}.")
        return event

    async def _reply(self) -> Reply:
        event = await self._next()
        if isinstance(event, Greeting):
            raise RefusedError("The work server greeted twice.")
        return event

    async def _next(self) -> Greeting | Reply:
        while not self._events:
            data = await self._reader.read(1 << 16)
            if not data:
                raise ConnectionResetError("the work server closed the connection")
            self._events.extend(self._wire.receive(data))
        return self._events.popleft()


def _require(reply: Reply) -> Reply:
    if isinstance(reply, Error):
        raise RefusedError(f"The work server refused: {reply}.")
    return reply


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
