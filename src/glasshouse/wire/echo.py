"""Quoting what a client sent in an error text: short and without control characters."""

from __future__ import annotations

MAX_ECHO = 200


def clip(text: str, size: int) -> str:
    """Return the longest prefix of ``text`` that has at most ``size`` bytes in UTF-8."""
    if len(text) * 4 <= size:
        return text
    return text[:size].encode(errors="replace")[:size].decode(errors="ignore")


def echo(text: str | bytes) -> str:
    """Return ``text`` for display: no control characters, at most 200 bytes."""
    if isinstance(text, bytes):
        text = text[: MAX_ECHO * 2].decode(errors="replace")
    shown = "".join(c for c in text[: MAX_ECHO * 2] if c >= " " and not "\x7f" <= c <= "\x9f")
    return clip(shown, MAX_ECHO)
