"""uvicorn's httptools protocol with the guard at the wire.

What always holds: a request reaches the application only after ``guard.check``
passed on the bytes as sent; an unfinished head is bounded in bytes and time; a
refused connection is closed and never disturbs an answer that is under way.
"""

from __future__ import annotations

import asyncio
import http
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from glasshouse.web import guard
from glasshouse.web.guard import Refusal
from glasshouse.web.headers import NOT_KEPT, SECURITY_HEADERS

HEAD_SECONDS = 10.0
MAX_CONNECTIONS = 2000
_MAX_HEAD = guard.MAX_TARGET + guard.MAX_HEADER_BYTES + 256
_MALFORMED = Refusal(400, "The request is not well-formed HTTP/1.1.")


class RefusedError(Exception):
    """Stops the parser inside a callback; never leaves this module."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection; see the module's promises."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start with no request seen."""
        super().__init__(*args, **kwargs)
        self._refusal = _MALFORMED
        self._refused = False
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or answer 503 when there are too many."""
        super().connection_made(transport)
        # Head and body are two writes: without this the body waits for the client's
        # acknowledgement, 40 ms on a kept connection. Loops set it for some sockets only.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(Refusal(503, "Too many connections."))
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_seen()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser while the connection is in good order."""
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
            self._await_head()
        super().data_received(data)
        if self._in_head and self._head_bytes > _MAX_HEAD:
            self._refuse(Refusal(400, "The request's head is too long."))

    def on_message_begin(self) -> None:
        """Begin to measure a head."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check the request as sent, before anything is derived from it."""
        refusal = guard.check(
            self.parser.get_method().decode("latin-1"),
            self.url,
            self.parser.get_http_version(),
            self.headers,
        )
        if refusal is not None:
            self._refusal = refusal
            raise RefusedError
        self._head_seen()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect the next head."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what uvicorn calls invalid, with the guard's reason if it has one."""
        self._refuse(self._refusal)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def _head_seen(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._refuse(Refusal(408, "The request did not arrive in time."))

    def _refuse(self, refusal: Refusal) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._head_seen()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            # An earlier answer is under way: let it end, then close.
            cycle.keep_alive = False
            return
        self.transport.write(plain_answer(refusal))
        self.transport.close()


def plain_answer(refusal: Refusal) -> bytes:
    """Return a whole HTTP/1.1 response in plain text that closes the connection."""
    body = f"{refusal.detail}\n".encode()
    lines = [
        f"HTTP/1.1 {refusal.status} {http.HTTPStatus(refusal.status).phrase}",
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(body)}",
        "connection: close",
        f"cache-control: {NOT_KEPT}",
        *(f"{name}: {value}" for name, value in SECURITY_HEADERS.items()),
    ]
    if refusal.status == http.HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append(f"allow: {guard.ALLOW}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
