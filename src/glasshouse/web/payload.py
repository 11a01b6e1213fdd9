"""Reading a job's stored JSON for display: exact, bounded, never raising.

A payload is hostile: it may hold invalid UTF-8, lone surrogates, numbers that no
machine type holds and nesting without end. Its text is shown as it is stored;
only the fields that a page needs are decoded, each by itself.
"""

from __future__ import annotations

import json
import re

import msgspec

from glasshouse.web.format import cut, display_bytes, display_text

MAX_SHOWN = 256 * 1024
MAX_DEPTH = 40
MAX_PRETTY = 1024 * 1024
_MAX_SCAN = 1024 * 1024
_MAX_LENIENT = 65536
PREVIEW = 160

_LEXEME = re.compile(r'\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+)\s*', re.DOTALL)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of a value's stored text, and the size of the whole in bytes."""

    text: str
    size: int
    cut: bool


def fields(payload: bytes) -> dict[str, bytes]:
    """Return the stored text of each top-level member, or ``{}`` if that cannot be told."""
    try:
        members = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        return _scan(payload)
    return {name: bytes(raw) for name, raw in members.items()}


def value(raw: bytes | None) -> object:
    """Return one member decoded as far as possible; its text when it cannot be."""
    if raw is None:
        return None
    if len(raw) > _MAX_SCAN:
        return display_bytes(raw[:_MAX_SCAN])
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        pass
    text = raw.decode("utf-8", "backslashreplace")
    if len(text) > _MAX_LENIENT:
        return text
    try:
        return json.loads(text, strict=False, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return text


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


def preview(members: dict[str, bytes], payload: bytes, name: str = "args") -> Preview:
    """Return the beginning of member ``name``; of the whole payload when it is not found."""
    raw = members.get(name)
    if raw is None:
        if members:
            return Preview(text="", size=0, cut=False)
        raw = payload
    text = display_bytes(raw[: PREVIEW * 4])
    return Preview(
        text=cut(text, PREVIEW), size=len(raw), cut=len(text) > PREVIEW or len(raw) > PREVIEW * 4
    )


def pretty(raw: bytes) -> str:
    """Return stored JSON indented, each token exactly as stored.

    What is no JSON, is nested deeper than 40 levels, or would grow beyond 1 MiB
    is returned as it is; more than 256 KiB is cut.
    """
    if len(raw) > MAX_SHOWN:
        return display_bytes(raw[:MAX_SHOWN], lines=True) + "…"
    text = raw.decode("utf-8", "backslashreplace")
    indented = _indent(text)
    return display_text(text if indented is None else indented, lines=True)


def _indent(text: str) -> str | None:
    out: list[str] = []
    length = depth = position = 0
    fresh = False
    while position < len(text):
        match = _LEXEME.match(text, position)
        if match is None:
            return None
        lexeme, position = match.group(1), match.end()
        piece, depth, fresh = _piece(lexeme, depth, fresh=fresh)
        length += len(piece)
        if not 0 <= depth <= MAX_DEPTH or length > MAX_PRETTY:
            return None
        out.append(piece)
    return "".join(out) if depth == 0 else None


def _piece(lexeme: str, depth: int, *, fresh: bool) -> tuple[str, int, bool]:
    """Return how ``lexeme`` is written, the depth after it, and if a container was just opened."""
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


def _scan(payload: bytes) -> dict[str, bytes]:
    """Find top-level members by walking the tokens; only for payloads of up to 1 MiB."""
    # Latin-1 keeps one character per byte, so positions are those of the bytes.
    text = payload[:_MAX_SCAN].decode("latin-1")
    found: dict[str, bytes] = {}
    depth = position = 0
    name: str | None = None
    start = -1
    while (match := _LEXEME.match(text, position)) is not None:
        lexeme, position = match.group(1), match.end()
        depth += (lexeme in "{[") - (lexeme in "}]")
        if depth == 1 and lexeme == ":" and start < 0:
            start = match.end()
        elif start < 0 and depth == 1 and lexeme.startswith('"'):
            name = lexeme[1:-1]
        elif start >= 0 and name is not None and _ends(lexeme, depth):
            found[name] = payload[start : match.start(1)].strip()
            name, start = None, -1
    return found


def _ends(lexeme: str, depth: int) -> bool:
    return (depth == 1 and lexeme == ",") or (depth == 0 and lexeme == "}")
