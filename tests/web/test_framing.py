"""Where a body ends, byte by byte and all at once."""

from __future__ import annotations

from collections import deque

import pytest

from glasshouse.web.http import framing
from glasshouse.web.http.framing import Chunked, FramingError, SizedBody, body_of

WHOLE = b"5\r\nhello\r\n0A\r\n0123456789\r\n0\r\n\r\n"
BROKEN = {
    "a trailer field": b"1\r\na\r\n0\r\nX-User: root\r\n\r\n",
    "a trailer that never ends": b"0\r\nX: " + b"a" * 100,
    "an extension": b"1;x=y\r\na\r\n0\r\n\r\n",
    "an extension that never ends": b"1;" + b"a" * 100,
    "an extension of the last chunk": b"0;x\r\n\r\n",
    "no size": b"\r\na\r\n",
    "a size that is no number": b"xyz\r\na\r\n",
    "a signed size": b"+1\r\na\r\n",
    "a prefixed size": b"0x1\r\na\r\n",
    "a size of many digits": b"1" * 17 + b"\r\n",
    "a size with a blank": b"1 \r\na\r\n",
    "a bare line feed": b"1\na\r\n",
    "more than its size": b"1\r\nab\r\n",
    "a bare line feed behind data": b"1\r\na\n",
}


def test_a_whole_body_ends_where_it_ends() -> None:
    body = Chunked()
    assert body.take(WHOLE + b"GET / HTTP/1.1\r\n") == len(WHOLE)
    assert body.done
    assert body.take(b"GET") == 0
    counted = SizedBody(3)
    assert (counted.take(b"ab"), counted.done) == (2, False)
    assert (counted.take(b"cd"), counted.done) == (1, True)


def test_a_body_may_come_byte_by_byte() -> None:
    body = Chunked()
    assert [body.take(bytes([byte])) for byte in WHOLE] == [1] * len(WHOLE)
    assert body.done


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_broken_body_is_refused_however_it_is_cut(name: str, step: int) -> None:
    body, sent = Chunked(), BROKEN[name]
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)]
    with pytest.raises(FramingError):
        deque(map(body.take, pieces), maxlen=0)
    assert not body.done


def test_many_small_chunks_are_refused_and_many_that_hold_something_are_not() -> None:
    with pytest.raises(FramingError):
        Chunked().take(b"1\r\na\r\n" * (framing.MANY_CHUNKS + 100))
    some = b"80\r\n" + b"a" * framing.SMALL_CHUNK + b"\r\n"
    sent = some * (framing.MANY_CHUNKS * 4) + b"0\r\n\r\n"
    body = Chunked()
    assert body.take(sent) == len(sent)
    assert body.done


def test_the_head_says_which_body_comes() -> None:
    assert body_of([(b"Host", b"a")]) is None
    assert body_of([(b"Content-Length", b"0")]) is None
    assert isinstance(body_of([(b"content-length", b"7")]), SizedBody)
    assert isinstance(body_of([(b"Transfer-Encoding", b"chunked")]), Chunked)
