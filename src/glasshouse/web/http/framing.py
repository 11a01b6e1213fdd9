"""Where a request's body ends in the bytes of a connection: pure, in front of the parser.

Invariants: no byte is passed on to the parser that is not part of a body exactly as its head
announced it. A chunk is its size in hexadecimal digits, a line end, that many bytes, a line end;
after the last one comes an empty line and nothing else. Chunk extensions and trailer fields are
refused, so that nothing that arrives after a head can add to it. What is not yet passed on is
limited to a chunk's size line.
Sources: RFC 9112 §6 (body), §7.1 (chunked).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

CHUNKED = b"chunked"
MANY_CHUNKS = 1000
"""How many chunks a body may have whatever their size; beyond that, they must not be tiny."""
SMALL_CHUNK = 128
"""Bytes that chunks must hold on average where there are many."""
_SIZE = re.compile(rb"0*[0-9A-Fa-f]{1,8}\r\n")
_LINE_END = b"\r\n"
_LONGEST_LINE = 18


class FramingError(Exception):
    """A body is not what its head announced; the text states how, and repeats none of it."""


class Body(Protocol):
    """A body that is being received."""

    done: bool

    def take(self, data: bytes) -> int:
        """Return how many of the bytes received belong to it.

        Raises:
            FramingError: it is broken; nothing of ``data`` may be passed on.
        """
        ...


class SizedBody:
    """A body of a given number of bytes."""

    def __init__(self, length: int) -> None:
        """Expect ``length`` bytes."""
        self._left = length
        self.done = not length

    def take(self, data: bytes) -> int:
        """Return how many of the bytes belong to it."""
        step = min(self._left, len(data))
        self._left -= step
        self.done = not self._left
        return step


class Chunked:
    """A body in chunks."""

    def __init__(self) -> None:
        """Expect the size of the first chunk."""
        self.done = False
        self._line = b""
        self._left = 0
        self._size: int | None = None
        self._chunks = self._bytes = 0

    def take(self, data: bytes) -> int:
        """Return how many of the bytes belong to it.

        Raises:
            FramingError: a size is not valid, something follows the last chunk, or there are too
                many very small chunks.
        """
        at = 0
        while at < len(data) and not self.done:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
            else:
                at = self._read_line(data, at)
        return at

    def _read_line(self, data: bytes, at: int) -> int:
        """Take the rest of a line, or what there is of it; return its end."""
        room = at + _LONGEST_LINE - len(self._line)
        end = data.find(b"\n", at, room) + 1
        stop = end or min(room, len(data))
        self._line += data[at:stop]
        if self._size is not None:
            self._end_chunk()
        elif end or len(self._line) == _LONGEST_LINE:
            self._begin_chunk()
        return stop

    def _begin_chunk(self) -> None:
        if _SIZE.fullmatch(self._line) is None:
            extended = b";" in self._line
            raise FramingError(
                "Chunk extensions are not taken." if extended else "A chunk's size is malformed."
            )
        self._size = self._left = int(self._line, 16)
        self._line = b""
        self._chunks += 1
        self._bytes += self._size
        if self._chunks > MANY_CHUNKS + self._bytes // SMALL_CHUNK:
            raise FramingError("The body comes in too many small chunks.")

    def _end_chunk(self) -> None:
        """Expect the line end after a chunk's data, or the empty line after the last one."""
        if not _LINE_END.startswith(self._line):
            raise FramingError(
                "A chunk is longer than its size."
                if self._size
                else "Trailer fields are not taken."
            )
        if self._line == _LINE_END:
            self.done = not self._size
            self._size, self._line = None, b""


def body_of(headers: Sequence[tuple[bytes, bytes]]) -> Body | None:
    """Return the body that a head announces, or ``None``; the guard has already passed the head."""
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"transfer-encoding":
            return Chunked()
        if lowered == b"content-length" and int(value):
            return SizedBody(int(value))
    return None
