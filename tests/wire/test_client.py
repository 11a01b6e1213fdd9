from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.errors import InvalidError
from glasshouse.wire import replies
from glasshouse.wire.client import (
    Bulk,
    ClientConnection,
    Error,
    Greeting,
    Nil,
    ProtocolError,
    Reply,
    Simple,
    encode_command,
    hello,
)
from glasshouse.wire.handshake import check_password, greeting, parse_hello

HI = b'+HI {"v":2}\r\n'


def greeted(**limits: int) -> ClientConnection:
    conn = ClientConnection(**limits)
    assert conn.receive(HI) == [Greeting(2)]
    return conn


def test_each_kind_of_reply_is_told_apart() -> None:
    got = greeted().receive(b"+OK\r\n-ERR no such job\r\n$-1\r\n$4\r\na\r\nb\r\n$0\r\n\r\n-X\n")
    assert got == [
        Simple("OK"), Error("ERR", "no such job"), Nil(), Bulk(b"a\r\nb"), Bulk(b""),
        Error("X", ""),
    ]  # fmt: skip


def test_an_error_may_come_instead_of_the_greeting() -> None:
    assert ClientConnection().receive(b"-ERR shutdown in progress\r\n") == [
        Error("ERR", "shutdown in progress")
    ]


def test_the_hello_of_a_worker_passes_the_servers_check() -> None:
    (hi,) = ClientConnection().receive(greeting("salt", 4001))
    assert hi == Greeting(2, "salt", 4001)
    line = hello(hi, password=b"pw", wid="w", hostname="h", pid=3, labels=("a",))
    told = parse_hello(line.removesuffix(b"\r\n"))
    assert (told.wid, told.hostname, told.pid, told.labels) == ("w", "h", 3, ("a",))
    assert check_password(told, b"pw", "salt", 4001)


def test_the_hello_of_a_producer_tells_nothing_but_the_version() -> None:
    assert hello(Greeting(2), password=b"unused") == b'HELLO {"v":2}\r\n'


def test_a_command_cannot_smuggle_another() -> None:
    assert encode_command("PUSH", b"{}") == b"PUSH {}\r\n"
    assert encode_command("FETCH", "a", "b") == b"FETCH a b\r\n"
    for bad in ("a\nFLUSH", "a\r", b"\n"):
        with pytest.raises(InvalidError):
            encode_command("FETCH", bad)


@pytest.mark.parametrize(
    "data",
    [
        b"*1\r\n", b":1\r\n", b"\r\n", b"$x\r\n", b"$-2\r\n", b"$ 1\r\n", b"$101\r\n",
        b"$1\r\nabc\r\n", b"$\r\n", b"+" + b"x" * 70_000, b"$" + b"9" * 5000 + b"\r\n",
    ],
)  # fmt: skip
def test_malformed_replies_are_the_remotes_fault(data: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        greeted(max_bulk=100).receive(b"+OK\r\n" + data)
    assert caught.value.replies == [Simple("OK")]


@pytest.mark.parametrize(
    "data",
    [
        b"+OK\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"+HI {\r\n", b'+HI {"v":"x"}\r\n',
        b'+HI {"v":2,"s":"x","i":1000000000}\r\n', b'+HI {"i":0}\r\n', b"$-1\r\n",
    ],
)  # fmt: skip
def test_whoever_does_not_greet_is_no_faktory(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        ClientConnection().receive(data)


@given(st.lists(st.binary()), st.lists(st.integers(0, 500)))
def test_it_reads_what_the_server_writes_in_any_chunks(
    bodies: list[bytes], cuts: list[int]
) -> None:
    stream = HI + b"".join(replies.bulk(body) + replies.OK + replies.NIL for body in bodies)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    conn, got = ClientConnection(), list[Reply]()
    for start, end in itertools.pairwise(edges):
        got += conn.receive(stream[start:end])
    expected: list[Reply] = [Greeting(2)]
    for body in bodies:
        expected += [Bulk(body), Simple("OK"), Nil()]
    assert got == expected


@given(st.text())
def test_an_error_comes_back_as_one_error(text: str) -> None:
    (got,) = greeted().receive(replies.error(text))
    flat = text.replace("\r", " ").replace("\n", " ")
    assert got == Error("ERR", flat)


@given(st.binary(), st.booleans())
def test_random_bytes_raise_nothing_but_protocol_errors(data: bytes, after_hi: bool) -> None:
    conn = greeted() if after_hi else ClientConnection()
    with contextlib.suppress(ProtocolError):
        conn.receive(data)
