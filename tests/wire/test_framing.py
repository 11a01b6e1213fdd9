from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.framing import LineBuffer, LineTooLong


def test_lines_end_at_lf_or_crlf_and_the_rest_waits() -> None:
    buffer = LineBuffer(10)
    assert buffer.feed(b"a\r\nb\n\nc") == [b"a", b"b", b""]
    assert buffer.feed(b"d\r") == []
    assert buffer.feed(b"\n") == [b"cd"]


def test_only_one_cr_is_dropped() -> None:
    assert LineBuffer(10).feed(b"a\r\r\n") == [b"a\r"]


def test_a_line_of_exactly_the_limit_passes_however_it_ends() -> None:
    buffer = LineBuffer(3)
    assert buffer.feed(b"abc\r") == []
    assert buffer.feed(b"\nabc\n") == [b"abc", b"abc"]


@pytest.mark.parametrize("data", [b"ok\nabcd\n", b"ok\nabcd", b"ok\nabcd\r\n"])
def test_a_longer_line_is_refused_after_the_good_ones(data: bytes) -> None:
    with pytest.raises(LineTooLong) as caught:
        LineBuffer(3).feed(data)
    assert caught.value.lines == [b"ok"]


def test_a_long_line_in_small_pieces_takes_linear_time() -> None:
    buffer, piece = LineBuffer(64 << 20), b"x" * 4096
    started = time.thread_time()
    for _ in range((16 << 20) // len(piece)):
        assert buffer.feed(piece) == []
    assert len(buffer.feed(b"\n")[0]) == 16 << 20
    assert time.thread_time() - started < 2


@given(st.lists(st.binary(max_size=20)))
def test_any_chunking_gives_the_same_lines(chunks: list[bytes]) -> None:
    parts = LineBuffer(1000)
    got = [line for chunk in chunks for line in parts.feed(chunk)]
    assert got == LineBuffer(1000).feed(b"".join(chunks))
