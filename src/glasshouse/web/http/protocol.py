"""uvicorn's httptools protocol with the guard at the wire.

Invariants: a request reaches the application only after ``guard.check`` passed on the bytes as
sent, and nothing that arrives after its head can add to it; at most one request of a connection is
in progress, and what follows it is not read until it was answered; an unfinished head is limited in
bytes and time; a refused connection is closed and never disturbs an answer in progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import http
import socket
from typing import Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from glasshouse.model.errors import InvalidError
from glasshouse.web.http import framing, guard, replies
from glasshouse.web.http.bodies import LateError
from glasshouse.web.http.connections import ConnectionPool
from glasshouse.web.http.guard import Refusal
from glasshouse.web.http.headers import NOT_KEPT, SECURITY_HEADERS
from glasshouse.web.http.problems import BusyError, Problem, encoded

HEAD_SECONDS = 10.0
LINGER_SECONDS, LINGER_BYTES = 2.0, 8 << 20
"""How long, and how much, is read and discarded from a client that was already answered."""
UNTAKEN_SECONDS = 30
"""How long a client may accept nothing of what it was sent before its connection is dropped."""
_MAX_HEAD = guard.MAX_TARGET + guard.MAX_HEADER_BYTES + 256
_HEAD_END = b"\r\n\r\n"
_MALFORMED = Refusal(400, "The request is not well-formed HTTP/1.1.")
_CROWDED = Refusal(503, "Too many connections.")


_CODES = {408: LateError.code, 503: BusyError.code}
"""The code a program gets alongside the status; for other refusals, that of an invalid request."""


class RefusedError(Exception):
    """Stops the parser inside a callback; never leaves this module."""


class _Due(enum.Enum):
    """What a connection waits for."""

    HEAD = enum.auto()
    BODY = enum.auto()
    ANSWER = enum.auto()


class GuardedProtocol(HttpToolsProtocol):
    """One connection; see the module's invariants."""

    def __init__(self, *args: Any, crowd: ConnectionPool, **kwargs: Any) -> None:
        """Start with no request seen; ``crowd`` holds all connections."""
        super().__init__(*args, **kwargs)
        self._crowd = crowd
        self._refusal = _MALFORMED
        self._refused = False
        self._due = _Due.HEAD
        self._held = bytearray()
        self._unwanted = 0
        self._seen = b""
        self._head_bytes, self._head_whole = 0, False
        self._body: framing.Body | None = None
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or answer 503 when there are too many."""
        super().connection_made(transport)
        self._parting = cast("asyncio.Transport", _Parting(self))
        sock = transport.get_extra_info("socket")
        # Head and body are two writes: without this the body waits for the client's
        # acknowledgement, 40 ms on a persistent connection. Event loops set it for some sockets
        # only.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_SECONDS * 1000)
        if not self._crowd.enter(self, self.client[0] if self.client else None):
            self._refuse(_CROWDED, lingering=False)
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._crowd.leave(self)
        self._head_seen()
        self._held.clear()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Make room for others: end an incomplete request, if there is one."""
        if self._due is not _Due.HEAD or self._head_bytes:
            self._refuse(_CROWDED, lingering=False)
        self._refused = True
        # Do not wait for a client that does not read its answer.
        self.transport.abort() if self.transport.get_write_buffer_size() else self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser while the connection is in good order, one request at a time."""
        if self._refused:
            self._unwanted += len(data)
            if self._unwanted > LINGER_BYTES:
                self.transport.abort()
            return
        if self._is_a_head(data):
            # The usual case: nothing is held back, and nothing has to be split.
            self._head_bytes, self._head_whole = len(data), True
            super().data_received(data)
            self._compare()
            return
        self._held += data
        self._take()

    def _is_a_head(self, data: bytes) -> bool:
        """Return whether this is one whole head, with nothing before or after it."""
        return (
            self._due is _Due.HEAD
            and not self._held
            and not self._head_bytes
            and len(data) <= _MAX_HEAD
            and data.find(_HEAD_END) == len(data) - len(_HEAD_END)
        )

    def _take(self) -> None:
        """Pass on what has arrived, up to the end of the request in progress."""
        while self._held and self._due is not _Due.ANSWER and not self._refused:
            piece = self._piece_of_head() if self._due is _Due.HEAD else self._piece_of_body()
            if not self._refused:
                del self._held[: len(piece)]
                super().data_received(piece)
                self._compare()
        if self._refused:
            return
        if self._due is _Due.HEAD:
            # Most heads arrive whole and need no timer.
            self._await_head()
        elif len(self._held) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def _piece_of_head(self) -> bytes:
        """Return what has arrived of a head, up to its end."""
        piece = bytes(self._held[: _MAX_HEAD + 1])
        end = (self._seen + piece).find(_HEAD_END)
        self._head_whole = end >= 0
        if self._head_whole:
            piece = piece[: end + len(_HEAD_END) - len(self._seen)]
        self._seen = (self._seen + piece)[1 - len(_HEAD_END) :]
        self._head_bytes += len(piece)
        if self._head_bytes > _MAX_HEAD:
            self._refuse(Refusal(400, "The request's head is too long."))
        return piece

    def _piece_of_body(self) -> bytes:
        """Return what has arrived of a body, up to its end."""
        assert self._body is not None
        try:
            data = bytes(self._held)
            return data[: self._body.take(data)]
        except framing.FramingError as error:
            self._refuse(Refusal(400, str(error)))
            return b""

    def _compare(self) -> None:
        """Refuse input that the parser understands differently than we do."""
        ended = self._body is None or self._body.done
        if (self._due is _Due.BODY and ended) or (self._due is _Due.HEAD and self._head_whole):
            self._refuse(_MALFORMED)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._expect(_Due.HEAD)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of a head; nothing that arrives later is one."""
        if self._due is not _Due.HEAD:
            raise RefusedError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Check the request as sent, before anything is derived from it."""
        self._expect(_Due.HEAD)
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
        self._due, self._body = _Due.BODY, framing.body_of(self.headers)
        # What the decision was based on stays as it is, whatever the parser still finds.
        self.scope["headers"] = tuple(self.headers)
        super().on_headers_complete()
        self.cycle.transport = self._parting

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._expect(_Due.BODY)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hold back further input until this request was answered."""
        self._expect(_Due.BODY)
        self._due = _Due.ANSWER
        self._crowd.answers(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Expect the next head."""
        super().on_response_complete()
        if self.transport.is_closing() or self._refused:
            return
        if self._due is _Due.BODY:
            self.part()
            return
        self._due, self._seen, self._head_bytes, self._head_whole = _Due.HEAD, b"", 0, False
        self._crowd.waits(self)
        if self._held:
            self.loop.call_soon(self._take_next)

    def _take_next(self) -> None:
        if not self.transport.is_closing():
            self._take()

    def _expect(self, due: _Due) -> None:
        if self._due is not due or self._refused:
            raise RefusedError

    def send_400_response(self, msg: str) -> None:
        """Answer what uvicorn calls invalid, with the guard's reason if it has one."""
        self._refuse(self._refusal)

    def shutdown(self) -> None:
        """End the connection as soon as the answer in progress has been sent."""
        super().shutdown()
        if self._refused or self._due is not _Due.ANSWER:
            self.transport.close()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def _head_seen(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._refuse(Refusal(408, "The request did not arrive in time."))

    def _refuse(self, refusal: Refusal, *, lingering: bool = True) -> None:
        """Answer the incomplete request, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._held.clear()
        self._head_seen()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started:
                # Let the answer in progress finish, then close.
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(refused(refusal, self._path()))
        if lingering:
            self.part()
        else:
            self.transport.close()

    def _path(self) -> bytes:
        """Return the requested path, as far as it has arrived."""
        return bytes(getattr(self, "url", b"") or b"").partition(b"?")[0]

    def part(self) -> None:
        """Close; keep reading briefly if more is coming, or the answer may never be seen.

        A connection closed with unread input is reset, and the other side may lose what it was
        sent.
        """
        self._refused = True
        if self._due is _Due.ANSWER or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._held.clear()
        with contextlib.suppress(OSError, RuntimeError):
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


class _Parting:
    """A transport for answers that closes gracefully while the client is still sending."""

    def __init__(self, protocol: GuardedProtocol) -> None:
        self._protocol = protocol
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing

    def close(self) -> None:
        """Close the connection."""
        self._protocol.part()


def refused(refusal: Refusal, path: bytes) -> bytes:
    """Return a whole HTTP/1.1 response that closes the connection.

    It is plain text, except for an API client, which gets a problem as always.
    """
    body, media = f"{refusal.detail}\n".encode(), replies.TEXT
    if b"/api/" in path:
        code = _CODES.get(refusal.status, InvalidError.code)
        body, media = encoded(Problem(refusal.status, code, refusal.detail, "")), replies.PROBLEM
    lines = [
        f"HTTP/1.1 {refusal.status} {http.HTTPStatus(refusal.status).phrase}",
        f"content-type: {media}",
        f"content-length: {len(body)}",
        "connection: close",
        f"cache-control: {NOT_KEPT}",
        *(f"{name}: {value}" for name, value in SECURITY_HEADERS.items()),
    ]
    if refusal.status == http.HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append(f"allow: {guard.ALLOW}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
