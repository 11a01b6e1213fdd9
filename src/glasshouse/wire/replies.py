"""The server's replies as bytes (fwp.md §1, T5). Each is complete, with its CRLF."""

from __future__ import annotations

OK = b"+OK\r\n"
NIL = b"$-1\r\n"


def error(text: str) -> bytes:
    """Return ``-ERR text``; line breaks in ``text`` become spaces so that it stays one reply."""
    flat = text.replace("\r", " ").replace("\n", " ")
    return b"-ERR " + flat.encode(errors="replace") + b"\r\n"


def bulk(data: bytes) -> bytes:
    """Return ``data`` preceded by its length in bytes."""
    return b"$%d\r\n%b\r\n" % (len(data), data)
