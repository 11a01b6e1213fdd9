"""Whatever a client sends, cut wherever the network cuts it: nothing raises, nothing piles up."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.wire import commands as c
from glasshouse.wire import replies
from glasshouse.wire.commands import LONG, CommandError, parse_command
from glasshouse.wire.handshake import Hello
from glasshouse.wire.jsontext import finish
from glasshouse.wire.server import ConnectionClosed, Event, LongLine, Rejected, ServerConnection
from glasshouse.wire.states import ConnectionState

NOW = "2026-01-01T00:00:00Z"
MAX_HELLO, MAX_LINE = 200, 4 * LONG
HELLO = b'HELLO {"v":2,"wid":"w","hostname":"h","pid":7,"labels":["a","b"]}'
ODD_VALUES = (
    b"NaN", b"-Infinity", b"1e400", b"-1e-400", b"9" * 400, b'"\\ud800"', b'"\\udc00\\ud800"',
    b'"\xff\xfe"', b'"\\u0000"', b"null", b"true", b"{}", b"[[[[]]]]", b"[" * 11_000, b'"',
    b'{"a":1,"a":2}', b"-0", b"01", b"18446744073709551616", b'"' + b"x" * LONG + b'"',
)  # fmt: skip
JSON_LINES = (
    b'PUSH {"jid":"abcdefgh","jobtype":"T","args":%b,"queue":"q","retry":1,"at":"2030-01-01"}',
    b'PUSH {"jid":"abcdefgh","jobtype":"T","args":[1],"custom":%b,"Queue":"a","queue":"b"}',
    b'PUSH {"jid":"abcdefgh","jobtype":"T","args":[1],"retry":%b,"reserve_for":%b}',
    b'PUSHB [{"jid":"abcdefgh","jobtype":"T","args":[]},%b,{"jid":"12345678","args":%b}]',
    b'ACK {"jid":%b}',
    b'FAIL {"jid":"abcdefgh","message":%b,"errtype":"E","backtrace":["a",%b]}',
    b'BEAT {"wid":"w","rss_kb":%b,"current_state":%b}',
    b'MUTATE {"cmd":"kill","target":"dead","filter":{"jids":%b,"regexp":%b}}',
)
PLAIN_LINES = (
    b"FETCH a b", b"INFO", b"FLUSH", b"QUEUE PAUSE *", b"QUEUE LATENCY q", b"END", b"BATCH NEW {}",
    b"", b"\r", b" ", b"\x00\xff", b"HELLO {}", b"FETCH " + b"q " * LONG, b"END " + b"x" * 2 * LONG,
)  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A command, as a client might write it, or as one that means harm."""
    if draw(st.booleans()):
        return draw(st.sampled_from(PLAIN_LINES))
    line = draw(st.sampled_from(JSON_LINES))
    odd = st.sampled_from(ODD_VALUES) | st.just(b'["x"]') | st.just(b'"abcdefgh"')
    line %= tuple(draw(odd) for _ in range(line.count(b"%b")))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(st.binary(max_size=4)) + line[at + draw(st.integers(0, 4)) :]
    return line


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """A HELLO, mostly a good one, and lines after it."""
    first = draw(st.sampled_from((HELLO, HELLO, HELLO, b"HELLO {", b"GET /", b"x" * 300, b"")))
    said = [first, *draw(st.lists(lines(), max_size=12))]
    ends = [draw(st.sampled_from((b"\n", b"\r\n"))) for _ in said]
    text = b"".join(line + end for line, end in zip(said, ends, strict=True))
    return text[: draw(st.sampled_from((len(text), len(text) - 1, len(text) // 2)))]


def connection() -> ServerConnection:
    return ServerConnection(
        password=None, salt="s", iterations=1, max_line=MAX_LINE, max_hello=MAX_HELLO
    )


def events(pieces: list[bytes]) -> list[Event]:
    """Feed a connection; after each piece, what it keeps must be within its limit."""
    conn, found = connection(), list[Event]()
    for piece in pieces:
        over = conn.state is ConnectionState.CLOSED
        got = conn.receive(piece)
        assert not (over and got)
        # A CR at the end does not count, it may belong to the line's end.
        limit = MAX_HELLO if conn.state is ConnectionState.AWAITING_HELLO else MAX_LINE
        assert conn.kept <= limit + 1
        if conn.state is ConnectionState.CLOSED:
            assert conn.kept == 0
        found += [finish(event.steps) if isinstance(event, LongLine) else event for event in got]
    return found


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def is_one_line(reply: bytes) -> bool:
    """Tell whether nobody smuggled a second reply into an error text."""
    return reply.endswith(b"\r\n") and not set(b"\r\n") & set(reply[:-2])


@given(conversations(), st.lists(st.integers(0, 1 << 18), max_size=20))
@settings(max_examples=250, deadline=None)
def test_a_conversation_amounts_to_the_same_however_it_is_cut(
    text: bytes, places: list[int]
) -> None:
    whole = events([text])
    assert events(cut(text, places)) == whole
    assert all(isinstance(event, Hello) is (number == 0) for number, event in enumerate(whole)) or (
        isinstance(whole[0], ConnectionClosed) and len(whole) == 1
    )
    assert not any(isinstance(event, ConnectionClosed | c.End) for event in whole[:-1])
    for event in whole:
        if isinstance(event, Rejected):
            assert is_one_line(replies.error(event.text))
            assert len(event.text) < 2000


@given(st.lists(st.binary(max_size=300), max_size=20), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_bytes_at_all_amount_to_the_same_however_they_are_cut(
    pieces: list[bytes], greeted: bool
) -> None:
    hello = [HELLO + b"\n"] if greeted else []
    assert events([*hello, *pieces]) == events([b"".join([*hello, *pieces])])


@given(st.sampled_from([b"\r", b"x", b" ", b"{", b'"', b"\x00", b"PUSH ["]), st.booleans())
@settings(max_examples=14, deadline=None)
def test_of_a_line_without_end_no_more_is_kept_than_its_limit(filler: bytes, greeted: bool) -> None:
    hello = [HELLO + b"\n"] if greeted else []
    piece = filler * (1000 // len(filler))
    found = events([*hello, *[piece] * (3 * MAX_LINE // len(piece))])
    assert found[-1] == ConnectionClosed(replies.error("line too long"))
    assert len(found) == 1 + greeted


def test_a_line_that_comes_byte_by_byte_costs_no_more_than_its_bytes() -> None:
    conn = connection()
    conn.receive(HELLO + b"\n")
    started = time.thread_time()
    for byte in itertools.repeat(b"x", MAX_LINE):
        assert conn.receive(byte) == []
    assert conn.kept == MAX_LINE
    assert time.thread_time() - started < 5


@pytest.mark.parametrize("opener", [b"[", b'{"a":', b'[{"a":', b"[1,[2,"])
@pytest.mark.parametrize(
    "line",
    [b'PUSH {"jid":"abcdefgh","jobtype":"T","args":%b', b"PUSHB [%b", b"ACK %b", b"FAIL %b",
     b'BEAT {"wid":%b', b'MUTATE {"filter":%b', b'PUSH {"custom":%b'],
)  # fmt: skip
def test_nesting_of_a_hundred_thousand_is_an_error_and_soon(line: bytes, opener: bytes) -> None:
    conn = ServerConnection(password=None, salt="s", iterations=1)
    conn.receive(HELLO + b"\n")
    started = time.thread_time()
    [event] = conn.receive(line % (opener * 100_000) + b"\n")
    assert isinstance(event, LongLine)
    assert isinstance(finish(event.steps), Rejected)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    "args", [b"[NaN]", b"[Infinity]", b"[-]", b"[1e]", b"[01]", b'["\x01"]', b'["\\ud8"]', b"[1,]"]
)
def test_args_that_are_no_json_are_refused(args: bytes) -> None:
    with pytest.raises(CommandError):
        parse_command(b'PUSH {"jid":"abcdefgh","jobtype":"T","args":%b}' % args)


@pytest.mark.parametrize(
    "args",
    [b'["\\ud800"]', b'["\\udc00\\ud800"]', b"[1e400]", b"[-0]", b"[%b]" % (b"9" * 5000),
     b"[%b]" % (b"1." + b"0" * 9000 + b"1e-5"), b'["\\u0000"]', b"[" * 9000 + b"]" * 9000,
     b'[{"a":1,"a":2}]'],
    ids=range(9),
)  # fmt: skip
def test_odd_args_come_back_byte_for_byte(args: bytes) -> None:
    for filler in (b"", b" " * LONG):
        line = b'PUSH {"jid":"abcdefgh","jobtype":"T",%b"args":%b}\n' % (filler, args)
        [_, push] = events([HELLO + b"\n", line])
        assert isinstance(push, c.Push)
        assert args in push.job.payload(now=NOW, enqueued=True)


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    first, last = b'"jid":"11111111"', b'"jid":"22222222"'
    push = parse_command(b'PUSH {%b,"jobtype":"T","args":[],%b}' % (first, last))
    assert isinstance(push, c.Push)
    assert push.job.jid == "22222222"
    assert json.loads(push.job.payload(now=NOW, enqueued=True))["jid"] == "22222222"
    assert parse_command(b"ACK {%b,%b}" % (first, last)) == c.Ack("22222222")
