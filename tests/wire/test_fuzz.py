"""Hostile bytes in short: what `make fuzz` looks at for long, by Hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.wire.jsontext import MAX_DEPTH, JsonTextError, finish, skip_value
from glasshouse.wire.server import Rejected, ServerConnection, Unread
from tests.fuzz.targets import SEEDS, TARGETS

PIECES = [
    b"HELLO ", b"PUSH ", b"PUSHB ", b"FETCH ", b"ACK ", b"FAIL ", b"BEAT ", b"INFO", b"QUEUE ",
    b"PAUSE ", b"LATENCY ", b"*", b"MUTATE ", b"FLUSH", b"END", b"\n", b"\r\n", b"\r", b" ",
    b'{"jid":"12345678","jobtype":"T","args":[]}', b'{"jid":', b'"JID"', b"[", b"]", b"{", b"}",
    b",", b":", b"null", b"NaN", b"-0", b"1e999", b"9" * 40, b'"\\ud800"', b'"\\u00e9\\n"', b'"',
    b"\xff\xfe", b"\0", b'"at":"2026-01-01T00:00:00Z"', b'"retry":', b'"custom":', b"x" * 300,
    b"[" * 50, b"]" * 50, b'"backtrace":["a",1]', b'"filter":{"jids":["12345678"]}',
]  # fmt: skip

pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=25).map(b"".join)
garbled = st.tuples(
    st.sampled_from(SEEDS["wire"]), st.integers(0, 200), st.integers(0, 20), st.binary(max_size=8)
).map(lambda given: given[0][: given[1]] + given[3] + given[0][given[1] + given[2] :])
hostile = (
    st.binary(max_size=200)
    | garbled
    | st.tuples(st.sampled_from([b"\1", b"\7"]), pieces).map(b"".join)
)


@pytest.mark.parametrize("name", ["wire", "scanner", "globs", "lines"])
def test_hostile_bytes_are_events_errors_or_nothing(name: str) -> None:
    @settings(max_examples=400, deadline=None)
    @given(hostile)
    def hold(data: bytes) -> None:
        TARGETS[name](data)

    hold()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_a_journal_with_any_bytes_changed_yields_what_was_written(data: bytes) -> None:
    TARGETS["records"](data)


@pytest.mark.parametrize(
    "line",
    [
        b'PUSH {"jid":"12345678","jobtype":"T","args":' + b"[" * 100_000,
        b'PUSH {"jid":"12345678","jobtype":"T","args":[' + b'{"a":' * 100_000,
        b"PUSHB [" * 50_000,
        b"FETCH " + b"q " * 500_000,
        b"PUSH " + b'"' * 1_000_000,
        b'ACK {"jid":"' + b"\\" * 999_999,
        b'MUTATE {"cmd":"kill","target":"dead","filter":{"jids":[' + b'"",' * 300_000 + b'""]}}',
    ],
    ids=["arrays", "objects", "commands", "queues", "quotes", "escapes", "ids"],
)
def test_long_lines_of_nothing_are_refused_in_small_steps(line: bytes) -> None:
    connection = ServerConnection(password=None, salt="1", iterations=1)
    connection.receive(b'HELLO {"v":2}\n')
    [event] = connection.receive(line + b"\n")
    assert isinstance(event, Unread)
    assert isinstance(finish(event.steps), Rejected)
    assert connection.kept == 0


@pytest.mark.parametrize("extra", [0, 1])
def test_nesting_ends_where_gos_ends(extra: int) -> None:
    text = b"[" * (MAX_DEPTH - 1 + extra) + b"]" * (MAX_DEPTH - 1 + extra)
    if extra:
        with pytest.raises(JsonTextError, match="exceeded max depth"):
            skip_value(text, 0)
    else:
        assert skip_value(text, 0) == len(text)
