"""Reading a job's stored JSON for display: exact, bounded, never raising.

A payload is hostile: it may contain invalid UTF-8, lone surrogates, numbers that no machine type
can represent and endless nesting. Its text is shown as stored; only the fields that a page needs
are decoded, each by itself.
"""

from __future__ import annotations

import json
import re

import msgspec

from glasshouse.model.job import StoredJob
from glasshouse.web.text.format import cut, display_text, on_one_line, size
from glasshouse.wire.lenient import MAX_SCAN, fields, value

__all__ = ["Preview", "failure_of", "fields", "message_of", "pretty", "preview", "text_of", "value"]

MAX_SHOWN = 64 * 1024
MAX_DEPTH = 40
MAX_PRETTY = 1024 * 1024
PREVIEW = 160

_GAP = re.compile(r"[\r\n]|  |\t")
_LEXEME = re.compile(r'\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+)\s*', re.DOTALL)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of a value's stored text, and the size of the whole."""

    text: str
    size: str
    cut: bool


def failure_of(members: dict[str, bytes]) -> dict[str, object]:
    """Return the fields of a job's ``failure``; anything but an object is its ``message``."""
    raw = members.get("failure")
    if raw is not None and len(raw) > MAX_SCAN:
        # Decoded as a whole it would be text only; each field by itself may be short.
        parts = fields(raw)
        if parts:
            return {name: value(part) for name, part in parts.items()}
    failure = value(raw)
    return failure if isinstance(failure, dict) else {"message": failure}


def text_of(data: object) -> str:
    """Return a decoded value of any type as text on one line."""
    if isinstance(data, str):
        return display_text(data)
    if data is None:
        return ""
    try:
        return display_text(json.dumps(data, ensure_ascii=False))
    except (ValueError, TypeError, RecursionError):
        return display_text(cut(repr(type(data)), 80))


def message_of(facts: dict[str, object]) -> str:
    """Return the message of a failure on one line."""
    data = facts.get("message")
    return on_one_line(data) if isinstance(data, str) else text_of(data)


def preview(members: dict[str, bytes], job: StoredJob, locale: str) -> Preview:
    """Return the beginning of the arguments, or of the whole payload if they are not found."""
    if job.shown_args is not None:
        return Preview(text=cut(display_text(job.shown_args), PREVIEW), size="", cut=False)
    raw = members.get("args")
    if raw is None:
        if members:
            return Preview(text="", size="", cut=False)
        raw = job.payload
    text = display_text(_without_gaps(raw[: PREVIEW * 4].decode("utf-8", "backslashreplace")))
    return Preview(
        text=cut(text, PREVIEW),
        size=size(len(raw), locale),
        cut=len(text) > PREVIEW or len(raw) > PREVIEW * 4,
    )


def _without_gaps(text: str) -> str:
    """Return the beginning of stored JSON without its line breaks and layout whitespace.

    Anything that is not JSON is returned unchanged.
    """
    if _GAP.search(text) is None:
        return text
    out: list[str] = []
    position = 0
    while position < len(text):
        match = _LEXEME.match(text, position)
        if match is None:
            return "".join(out) + text[position:].lstrip()
        out.append(match.group(1))
        position = match.end()
    return "".join(out)


def pretty(raw: bytes, most: int = MAX_SHOWN) -> str:
    """Return the beginning of stored JSON, ``most`` bytes of it, indented, each token as stored.

    What is not JSON, is nested deeper than 40 levels, or would grow beyond 1 MiB is returned
    unchanged.
    """
    text = raw[:most].decode("utf-8", "backslashreplace")
    indented = _indent(text, whole=len(raw) <= most)
    return display_text(text if indented is None else indented, lines=True)


def _indent(text: str, *, whole: bool) -> str | None:
    out: list[str] = []
    length = depth = position = 0
    fresh = False
    while position < len(text):
        match = _LEXEME.match(text, position)
        if match is None:
            # A truncated text may end within a token.
            return None if whole else "".join(out) + text[position:]
        lexeme, position = match.group(1), match.end()
        piece, depth, fresh = _piece(lexeme, depth, fresh=fresh)
        length += len(piece)
        if not 0 <= depth <= MAX_DEPTH or length > MAX_PRETTY:
            return None
        out.append(piece)
    return "".join(out) if depth == 0 or not whole else None


def _piece(lexeme: str, depth: int, *, fresh: bool) -> tuple[str, int, bool]:
    """Return the text for ``lexeme``, the depth after it, and if a container was just opened."""
    lead = "\n" + "  " * depth if fresh else ""
    if lexeme in "{[":
        return lead + lexeme, depth + 1, True
    if lexeme in "}]":
        return ("" if fresh else "\n" + "  " * (depth - 1)) + lexeme, depth - 1, False
    if lexeme == ",":
        return ",\n" + "  " * depth, depth, False
    if lexeme == ":":
        return ": ", depth, False
    return lead + lexeme, depth, False
