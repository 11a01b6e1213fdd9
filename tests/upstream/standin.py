"""Something that answers where a Faktory is expected: well, badly, slowly or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Answering:
    """A server on a free port of loopback; ``open`` counts connections, ``seen`` what was asked."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.port = 0
        self.open = 0
        self.connections = 0
        self.seen: list[bytes] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.talk(reader, writer)
        finally:
            self.open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Answering]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            server.close_clients() if hasattr(server, "close_clients") else None

    async def until_closed(self) -> None:
        """Return once nobody is connected any more."""
        async with asyncio.timeout(60):
            while self.open:
                await asyncio.sleep(0.005)


def web(answer: Callable[[str], bytes | Awaitable[bytes]], seen: list[bytes] | None = None) -> Talk:
    """Speak HTTP/1.1: ``answer`` makes the whole answer from a path."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if seen is not None:
                seen.append(head)
            made = answer(head.split(b" ")[1].decode())
            writer.write(made if isinstance(made, bytes) else await made)
            await writer.drain()

    return talk


def page(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    """An HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body
