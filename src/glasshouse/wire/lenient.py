"""Reading a stored job without failing: exact, bounded, never raising.

A payload is hostile: it may contain invalid UTF-8, lone surrogates, numbers that no
machine type can hold, and unlimited nesting.
"""

from __future__ import annotations

import json
import re

import msgspec

MAX_SCAN = 1024 * 1024
_MAX_LENIENT = 65536
_LEXEME = re.compile(r'\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+)\s*', re.DOTALL)


def storable(text: str) -> str:
    """Return ``text`` as UTF-8 can encode it: half a character becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def fields(payload: bytes) -> dict[str, bytes]:
    """Return the stored text of each top-level member, or ``{}`` if it cannot be determined."""
    try:
        members = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        return _scan(payload)
    return {name: bytes(raw) for name, raw in members.items()}


def value(raw: bytes | None) -> object:
    """Return one member decoded as far as possible, or else its text."""
    if raw is None:
        return None
    if len(raw) > MAX_SCAN:
        return text(raw[:MAX_SCAN])
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        pass
    stored = text(raw)
    if len(stored) > _MAX_LENIENT:
        return stored
    try:
        return json.loads(stored, strict=False, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return stored


def as_json(data: object) -> str | None:
    """Return a decoded value as JSON; ``None`` if it is nested too deeply to be written."""
    try:
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return None


def text(raw: bytes) -> str:
    r"""Return stored bytes as text; bytes that are not UTF-8 appear as ``\xNN``."""
    return raw.decode("utf-8", "backslashreplace")


def _scan(payload: bytes) -> dict[str, bytes]:
    """Find top-level members by walking the tokens; only for payloads of up to 1 MiB."""
    # Latin-1 keeps one character per byte, so positions are those of the bytes.
    latin = payload[:MAX_SCAN].decode("latin-1")
    members: dict[str, bytes] = {}
    depth = position = 0
    name: str | None = None
    start = -1
    while (match := _LEXEME.match(latin, position)) is not None:
        lexeme, position = match.group(1), match.end()
        depth += (lexeme in "{[") - (lexeme in "}]")
        if depth == 1 and lexeme == ":" and start < 0:
            start = match.end()
        elif start < 0 and depth == 1 and lexeme.startswith('"'):
            name = lexeme[1:-1]
        elif start >= 0 and name is not None and _ends(lexeme, depth):
            members[name] = payload[start : match.start(1)].strip()
            name, start = None, -1
    return members


def _ends(lexeme: str, depth: int) -> bool:
    return (depth == 1 and lexeme == ",") or (depth == 0 and lexeme == "}")
