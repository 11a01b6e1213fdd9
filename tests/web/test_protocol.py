"""What is sent after a head, or never: it changes nothing, and is not waited for long."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
from pathlib import Path

import pytest

from glasshouse.web import app
from glasshouse.web.http import bodies, protocol
from glasshouse.web.http.protocol import GuardedProtocol
from glasshouse.web.request.rules import ProxyHeader
from glasshouse.web.serve import serve
from tests.engine.certificate import needs_openssl, server_context
from tests.steady import LONG
from tests.web.fakes import House, exchange
from tests.web.people.home import SAME, living
from tests.web.serving import serving

HERE = (ipaddress.ip_network("127.0.0.1/32"),)
PROXY = ProxyHeader(header="x-auth-user", groups_header="x-auth-groups", networks=HERE)
CHUNKED = (
    b"POST /sign-in HTTP/1.1\r\nHost: house\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
ME = b"GET /api/v1/me HTTP/1.1\r\nHost: house\r\n\r\n"
TRAILERS = {
    "a name": b"X-Auth-User: jane\r\n",
    "a name and groups": b"X-Auth-User: jane\r\nX-Auth-Groups: sre\r\n",
    "credentials": b"Authorization: Bearer x\r\nX: y\r\n",
    "anything": b"Checksum: 1\r\n",
    "a name that never ends": b"X" * 40_000,
}
BROKEN = {
    "no size": b"xyz\r\na\r\n",
    "a wrong size": b"1\r\nabc\r\n0\r\n\r\n",
    "an extension": b"1;x=y\r\na\r\n0\r\n\r\n",
    "small chunks": b"1\r\na\r\n" * 30_000,
}
CODINGS = (b"gzip", b"identity", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"x", b"")


@pytest.mark.parametrize("name", TRAILERS)
async def test_trailer_fields_are_refused_and_reach_no_request(name: str, tmp_path: Path) -> None:
    async with living(tmp_path, proxy=PROXY) as home, serving(home.app) as port:
        sent = CHUNKED + b"3\r\na=b\r\n0\r\n" + TRAILERS[name] + b"\r\n" + ME
        answer = await exchange(port, sent)
        assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"jane" not in answer
        alone = await exchange(port, ME, answers=1)
        assert json.loads(alone.partition(b"\r\n\r\n")[2]).get("name") is None


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_body_is_answered_at_once(name: str) -> None:
    async with House().served() as port:
        answer = await exchange(port, CHUNKED + BROKEN[name])
        assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]


@pytest.mark.parametrize("coding", CODINGS)
async def test_no_coding_but_chunked_is_taken(coding: bytes) -> None:
    async with House().served() as port:
        answer = await exchange(port, CHUNKED.replace(b": chunked", b": " + coding) + b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
        assert b"Transfer-Encoding" in answer or b"well-formed" in answer


@pytest.mark.parametrize("begun", [b"", b"5", b"5\r\n", b"5\r\nab", b"5\r\nabcde\r\n", b"0\r\n"])
async def test_a_body_that_never_comes_is_answered_and_closed(
    begun: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    async with living(tmp_path) as home, serving(home.app) as port:
        answer = await exchange(port, CHUNKED + begun)
        assert answer.startswith(b"HTTP/1.1 408 "), answer[:200]
        assert b"\r\nconnection: close" in answer


async def test_nothing_is_made_for_who_has_gone(tmp_path: Path) -> None:
    said: list[object] = []

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        said.append(message)

    scope = {
        "type": "http", "method": "POST", "http_version": "1.1", "raw_path": b"/sign-in",
        "query_string": b"", "headers": [(b"host", b"house"), (b"content-length", b"9")],
        "client": ("127.0.0.1", 1),
    }  # fmt: skip
    async with living(tmp_path) as home:
        await home.app(scope, gone, send)
    assert said == []


@needs_openssl
async def test_a_handshake_that_never_comes_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            House().app,
            host="127.0.0.1",
            port=0,
            tls=server_context(tmp_path),
            on_ready=lambda _, port: ready.set_result(port),
        )
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", await ready)
    assert await asyncio.wait_for(reader.read(), LONG) == b""
    writer.close()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_who_asks_is_decided_before_a_body_is_waited_for(tmp_path: Path) -> None:
    async with living(tmp_path) as home, serving(home.app) as port:
        head = CHUNKED.replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer none\r\n\r\n")
        answer = await exchange(port, head + b"5\r\nab")
        assert answer.startswith(b"HTTP/1.1 401 "), answer[:200]


async def test_who_loses_a_right_while_a_body_is_sent_has_lost_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_LONG_BODY", 0.0)
    async with living(tmp_path) as home, serving(home.app) as port:
        home.add("ops")
        async with home.browser() as browser:
            data = {"name": "ops", "password": "correct horse", "next": "/main"}
            assert (await browser.post("/sign-in", data=data)).status_code == 303
            cookie = f"glasshouse={browser.cookies['glasshouse']}"
            said = b"what=password&old=correct+horse&new=another+horse+yet"
            head = "".join(
                f"{name}: {value}\r\n"
                for name, value in {
                    **SAME, "host": "house", "cookie": cookie, "content-length": str(len(said)),
                    "content-type": "application/x-www-form-urlencoded",
                }.items()
            )  # fmt: skip
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            asked = asyncio.Event()
            again = home.people.sessions.find

            async def finding(text: str) -> object:
                asked.set()
                return await again(text)

            monkeypatch.setattr(home.people.sessions, "find", finding)
            writer.write(f"POST /account HTTP/1.1\r\n{head}\r\n".encode() + said[:-1])
            await asyncio.wait_for(asked.wait(), LONG)
            assert (await browser.post("/sign-out")).status_code == 303
            writer.write(said[-1:])
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), LONG)
            assert int(answer[9:12]) in {303, 401, 403}
            rest = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LONG)
            assert b"/sign-in" in rest or int(answer[9:12]) in {401, 403}
            writer.close()


async def test_pipelined_requests_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are sent at once, one is under way and the others are not even parsed."""
    under_way: list[int] = [0]
    begin, end = GuardedProtocol.on_headers_complete, GuardedProtocol.on_response_complete

    def beginning(protocol: GuardedProtocol) -> None:
        under_way.append(under_way[-1] + 1)
        begin(protocol)

    def ending(protocol: GuardedProtocol) -> None:
        under_way.append(under_way[-1] - 1)
        end(protocol)

    monkeypatch.setattr(GuardedProtocol, "on_headers_complete", beginning)
    monkeypatch.setattr(GuardedProtocol, "on_response_complete", ending)
    one = b"GET /healthz HTTP/1.1\r\nHost: house\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with House().served() as port:
        answer = await exchange(port, one * 999 + last + one)
    assert answer.count(b'{"status":"ok"}') == 1000
    assert max(under_way) == 1


async def test_what_a_body_that_is_not_wanted_says_is_no_next_request() -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: house\r\n\r\n"
    size = b"Content-Length: %d\r\n\r\n" % len(smuggled)
    async with House().served() as port:
        answer = await exchange(port, b"POST /main HTTP/1.1\r\nHost: house\r\n" + size + smuggled)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_an_answer_is_read_by_who_still_sends_what_is_not_wanted() -> None:
    """A closed connection that was not read to its end is reset: the answer may be lost."""
    async with House().served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /main HTTP/1.1\r\nHost: house\r\nContent-Length: 3000000\r\n\r\n")
        for _ in range(30):
            writer.write(b"a" * 100_000)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), LONG)
        assert answer.startswith(b"HTTP/1.1 405 ")
        writer.close()


REFUSALS = {
    "a control character": (b"/api/v1/servers/a%0Ab", b"Host: house\r\n", 400, "invalid"),
    "a dot segment": (b"/api/../x", b"Host: house\r\n", 400, "invalid"),
    "below a path": (b"/tools/api/v1/me%00", b"Host: house\r\n", 400, "invalid"),
    "no host": (b"/api/v1/me", b"X: y\r\n", 400, "invalid"),
    "a body that is none": (
        b"/api/v1/me", b"Host: house\r\nTransfer-Encoding: gzip\r\n", 400, "invalid",
    ),
    "a header twice": (b"/api/v1/me", b"Host: house\r\nHost: house\r\n", 400, "invalid"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_program_is_told_in_its_own_form_why_its_request_is_refused(case: str) -> None:
    target, headers, status, code = REFUSALS[case]
    async with House().served() as port:
        answer = await exchange(port, b"GET %b HTTP/1.1\r\n%b\r\n" % (target, headers))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"content-type: application/problem+json" in head
        told = json.loads(body)
        assert (told["status"], told["code"]) == (status, code)
        assert told["detail"]
        # For a person it is a sentence.
        shown = await exchange(port, b"GET /main%0A HTTP/1.1\r\nHost: house\r\n\r\n")
        assert b"content-type: text/plain" in shown


async def test_and_when_its_head_does_not_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    async with House().served() as port:
        answer = await exchange(port, b"GET /api/v1/me HTTP/1.1\r\nHost: h\r\nX")
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert (told["status"], told["code"]) == (408, "late")
