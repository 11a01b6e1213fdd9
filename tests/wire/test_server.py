from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire import commands as c
from glasshouse.wire import replies
from glasshouse.wire.handshake import Hello, password_hash
from glasshouse.wire.server import ConnectionClosed, Event, Rejected, ServerConnection
from glasshouse.wire.states import ConnectionState

JOB = b'{"jid":"abcdefgh","jobtype":"T","args":[]}'
PRODUCER = Hello("", "", 0, (), 2, None)
TRANSCRIPT = (
    b'HELLO {"v":2,"wid":"w"}\r\nPUSH ' + JOB + b"\nFETCH default\r\n\nwat\nHELLO {}\n"
    b'ACK {"jid":"abcdefgh"}\nINFO\nEND\nFLUSH\n'
)


def connection(
    password: bytes | None = None, *, max_line: int = 64 << 20, max_hello: int = 64 << 10
) -> ServerConnection:
    return ServerConnection(
        password=password, salt="salt", iterations=4000, max_line=max_line, max_hello=max_hello
    )


def opened(max_line: int = 64 << 20) -> ServerConnection:
    conn = connection(max_line=max_line)
    assert conn.receive(b'HELLO {"v":2}\r\n') == [PRODUCER]
    return conn


def test_a_conversation_from_hello_to_end() -> None:
    conn = connection()
    assert conn.greeting() == b'+HI {"v":2}\r\n'
    hello, push, *rest = conn.receive(TRANSCRIPT)
    assert hello == Hello("w", "", 0, (), 2, None)
    assert isinstance(push, c.Push)
    assert rest == [
        c.Fetch(("default",)),
        Rejected("unknown command "),
        Rejected("unknown command wat"),
        Rejected("unknown command HELLO"),
        c.Ack("abcdefgh"),
        c.Info(),
        c.End(),
    ]
    assert conn.state is ConnectionState.CLOSED
    assert conn.receive(b"INFO\n") == []


@pytest.mark.parametrize("line", [b"INFO\n", b"\n", b'HELLO {"v":"x"}\n', b"GET / HTTP/1.1\r\n"])
def test_a_bad_hello_closes_without_a_word(line: bytes) -> None:
    conn = connection()
    assert conn.receive(line + b"INFO\n") == [ConnectionClosed(None)]
    assert conn.state is ConnectionState.CLOSED


def test_a_password_is_asked_for_and_checked() -> None:
    conn = connection(b"secret")
    assert conn.greeting() == b'+HI {"v":2,"i":4000,"s":"salt"}\r\n'
    good = password_hash(b"secret", "salt", 4000).encode()
    assert isinstance(conn.receive(b'HELLO {"v":2,"pwdhash":"%b"}\n' % good)[0], Hello)
    for text in (b"{}", b'{"v":2,"pwdhash":"00"}'):
        refused = connection(b"secret").receive(b"HELLO " + text + b"\nINFO\n")
        assert refused == [ConnectionClosed(replies.error("Invalid password"))]


def test_a_password_that_nobody_asked_for_is_ignored() -> None:
    assert isinstance(connection().receive(b'HELLO {"pwdhash":"00"}\n')[0], Hello)


def test_a_long_line_closes_after_the_commands_before_it() -> None:
    conn = opened(max_line=20)
    events = conn.receive(b"INFO\nPUSH " + b"x" * 30)
    assert events == [c.Info(), ConnectionClosed(replies.error("line too long"))]
    assert conn.receive(b"INFO\n") == []


def test_nothing_follows_the_end_even_if_it_is_too_long() -> None:
    assert opened(max_line=20).receive(b"END\n" + b"x" * 30) == [c.End()]


def test_the_small_limit_holds_for_the_hello_only() -> None:
    big = b"PUSH " + JOB.replace(b"[]", b'["' + b"x" * 1000 + b'"]')
    events = connection(max_hello=100).receive(b"HELLO {}\n" + big + b"\n")
    assert isinstance(events[1], c.Push)
    assert connection(max_hello=100).receive(b"HELLO {" + b" " * 200) == [
        ConnectionClosed(replies.error("line too long"))
    ]


@given(st.lists(st.integers(0, len(TRANSCRIPT))))
def test_any_chunking_gives_the_same_events(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TRANSCRIPT)]
    conn, events = connection(), list[Event]()
    for start, end in itertools.pairwise(edges):
        events += conn.receive(TRANSCRIPT[start:end])
    assert events == connection().receive(TRANSCRIPT)


@given(st.lists(st.binary()), st.booleans())
def test_random_bytes_never_raise(chunks: list[bytes], greeted: bool) -> None:
    conn = opened() if greeted else connection()
    for chunk in chunks:
        conn.receive(chunk)
