"""The guard, in itself and at the wire of the real server."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest

from glasshouse.web.http import guard, protocol
from glasshouse.web.http.protocol import GuardedProtocol
from tests.steady import LONG
from tests.web.fakes import House, exchange

HOST = b"Host: localhost\r\n"
HOSTILE: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "two Hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", (400,)),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", (400,)),
    "malformed Host": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", (400,)),
    "absolute-form": (b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "fragment": (b"GET /#x HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", (400, 505)),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + b"\r\n", (400, 505)),
    "HTTP/0.9": (b"GET /\r\n\r\n", (400, 505)),
    "500 kB header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 500_000 + b"\r\n\r\n", (400,)),
    "unending header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 60_000, (400,)),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 70 + b"\r\n", (400,)),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "upgrade": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        (400,),
    ),
    "h2c": (b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\n\r\n", (400,)),
    "underscore": (b"GET / HTTP/1.1\r\n" + HOST + b"X_A: 1\r\n\r\n", (400,)),
    "dot segment": (b"GET /main/../x HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "encoded dots": (b"GET /main/%2e%2E/x HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "half-encoded dots": (b"GET /main/.%2e HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "bad percent": (b"GET /main/%zz HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "cut percent": (b"GET /main/%2 HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "bad percent in query": (b"GET /?q=% HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "not UTF-8": (b"GET /main/%ff HTTP/1.1\r\n" + HOST + b"\r\n", (400, 404)),
    "encoded NUL": (b"GET /main/%00 HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "raw NUL": (b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "raw high byte": (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "NUL in header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", (400,)),
    "backslash": (b"GET /\\x HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "double slash": (b"GET //evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", (400,)),
    "body on GET": (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", (400,)),
    "chunked GET": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        (400,),
    ),
    "two lengths": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
        (400,),
    ),
    "length and coding": (
        b"POST / HTTP/1.1\r\n"
        + HOST
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        (400,),
    ),
    "method override": (
        b"GET / HTTP/1.1\r\n" + HOST + b"X-HTTP-Method-Override: DELETE\r\n\r\n",
        (400,),
    ),
    "folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", (400,)),
    "two forwarded": (
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: a\r\nX-Forwarded-For: b\r\n\r\n",
        (400,),
    ),
    "POST": (b"POST /main HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", (405,)),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", (405,)),
    "CONNECT": (b"CONNECT localhost:1 HTTP/1.1\r\n" + HOST + b"\r\n", (400, 405)),
    "made-up method": (b"STEAL / HTTP/1.1\r\n" + HOST + b"\r\n", (400, 405)),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400,)),
}


async def test_hostile_requests_are_refused_at_the_wire_and_the_server_goes_on() -> None:
    async with House().served() as port:
        for name, (request, expected) in HOSTILE.items():
            # What only the router can tell is refused there, and the connection lives.
            lives = name == "not UTF-8"
            answer = await exchange(port, request, answers=1 if lives else None)
            status = int(answer[9:12] or 0)
            assert status in expected, (name, answer[:200])
            assert answer.lower().count(b"\r\ncontent-length: ") == 1, name
            lowered = answer.lower()
            assert lives or b"\r\nconnection: close" in lowered, name
            assert b"\r\ncontent-security-policy: default-src 'none'" in lowered, name
            assert b"\r\nserver:" not in lowered, name
            assert status != 405 or b"\r\nallow: get, head, options" in lowered, name
            healthy = await exchange(
                port, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
            )
            assert healthy.startswith(b"HTTP/1.1 200 "), name


async def test_a_malformed_second_request_does_not_disturb_the_first_answer() -> None:
    good = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    async with House().served() as port:
        answer = await exchange(port, good + good + b"GET http://x/ HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b'{"status":"ok"}') == 2


async def test_pipelined_and_split_requests_are_answered() -> None:
    good = b"GET /healthz?a=%41 HTTP/1.1\r\n" + HOST + b"\r\n"
    async with House().served() as port:
        answer = await exchange(port, good * 3, answers=3)
    assert answer.count(b'{"status":"ok"}') == 3


@pytest.mark.parametrize(
    "target",
    [b"/", b"/main/queues/a%2Fb?page=2&q=a+b%20c", b"/a/...", b"/main/queues/?name=..", b"/~a;b=1"],
)
def test_ordinary_targets_pass(target: bytes) -> None:
    assert guard.check("GET", target, "1.1", [(b"Host", b"[::1]:80")]) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_is_no_fault_of_an_unsafe_method(method: str) -> None:
    headers = [(b"host", b"a"), (b"content-length", b"10")]
    assert guard.check(method, b"/", "1.1", headers) is None


async def test_no_answer_on_a_kept_connection_waits_for_an_acknowledgement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[socket.socket] = []
    begin = GuardedProtocol.connection_made

    def noting(protocol: GuardedProtocol, transport: asyncio.Transport) -> None:
        begin(protocol, transport)
        made.append(transport.get_extra_info("socket"))

    monkeypatch.setattr(GuardedProtocol, "connection_made", noting)
    async with House().served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET /main/queues HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LONG)
            size = re.search(rb"content-length: (\d+)", head)
            assert size is not None
            await asyncio.wait_for(reader.readexactly(int(size[1])), LONG)
        # Linux acknowledges after 40 ms when it has nothing to send.
        assert [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in made] == [1]
        # And what nobody takes is not kept for ever: Linux counts in milliseconds.
        waits = made[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert waits == protocol.UNTAKEN_SECONDS * 1000
        writer.close()


async def test_a_head_that_never_ends_is_answered_and_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    async with House().served() as port:
        answer = await exchange(port, b"GET / HTTP/1.1\r\n" + HOST)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive in time" in answer
