"""Bytes to lines (fwp.md §1, T2): a line ends at LF, one CR before it is dropped.

The work is linear in the bytes fed, however small the pieces are, and no more
than ``limit`` bytes (and one piece) of an unfinished line are ever kept.
"""

from __future__ import annotations

from glasshouse.model.errors import InvalidError


class LineTooLong(InvalidError):  # noqa: N818 - the protocol's own words for it
    """A line exceeds the limit; ``lines`` holds the valid ones that came before it.

    The buffer is empty afterwards and the stream is out of sync: close it.
    """

    code = "line_too_long"

    def __init__(self, limit: int, lines: list[bytes]) -> None:
        """Keep the lines that were complete before the long one."""
        super().__init__(f"a line is longer than {limit} bytes")
        self.lines = lines


class LineBuffer:
    """Collects bytes and hands out complete lines; ``limit`` may change at any time."""

    def __init__(self, limit: int) -> None:
        """Allow lines of up to ``limit`` bytes, not counting their line end."""
        self.limit = limit
        self._rest = bytearray()

    @property
    def kept(self) -> int:
        """How many bytes of an unfinished line are kept."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in; return the lines that they complete, without LF or CRLF.

        Raises:
            LineTooLong: a line, complete or not, is longer than ``limit``.
        """
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._rest:
            self._rest += lines[0]
            lines[0] = bytes(self._rest)
            self.clear()
        for index, line in enumerate(lines):
            if line[-1:] == b"\r":
                lines[index] = line[:-1]
            if len(lines[index]) > self.limit:
                self.clear()
                raise LineTooLong(self.limit, lines[:index])
        if rest:
            self._keep(rest, lines)
        return lines

    def clear(self) -> None:
        """Forget the unfinished line."""
        self._rest = bytearray()

    def _keep(self, rest: bytes, lines: list[bytes]) -> None:
        # One array, not a list of pieces: a piece of one byte would take forty.
        self._rest += rest
        # A CR at the end may belong to the line end, so it does not count yet.
        if len(self._rest) - rest.endswith(b"\r") > self.limit:
            self.clear()
            raise LineTooLong(self.limit, lines)
