"""JSON text taken apart without changing it: where members begin and end, byte for byte.

For the texts that msgspec refuses and Go's ``encoding/json`` takes: lone
surrogate escapes, deep nesting, invalid UTF-8 in strings.  It accepts what
RFC 8259 accepts, nothing more, down to Go's depth of 10,000; it never recurses.
"""

from __future__ import annotations

import json
import re

from glasshouse.model.errors import InvalidError

MAX_DEPTH = 10_000

_WS = rb"[ \t\r\n]*+"
_STR = rb'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_SCALAR_TEXT = (
    rb"(?:" + _STR + rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
    rb"|true|false|null)"
)
_SPACE = re.compile(_WS)
_STRING = re.compile(_STR)
_SCALAR = re.compile(_SCALAR_TEXT)
_COLON = re.compile(_WS + rb":" + _WS)
_COMMA = re.compile(_WS + rb"," + _WS)
# Runs of plain values are skipped in one match: that is what keeps a long text cheap.
_TO_ELEMENT = re.compile(_WS + rb"(?:" + _SCALAR_TEXT + _WS + rb"," + _WS + rb")*+")
_TO_MEMBER = re.compile(
    _WS + rb"(?:" + _STR + _WS + rb":" + _WS + _SCALAR_TEXT + _WS + rb"," + _WS + rb")*+"
    + _STR + _WS + rb":" + _WS
)  # fmt: skip
_COMMA_BYTE = ord(",")
_END_ARRAY = ord("]")
_CLOSERS = {ord("["): _END_ARRAY, ord("{"): ord("}")}
_LONE = re.compile("[\ud800-\udfff]")


class JsonTextError(InvalidError):
    """The text is not JSON."""

    code = "invalid_json"


def members(text: bytes) -> list[tuple[bytes, bytes]]:
    """Return the members of an object: (key with its quotes, value), in order, repeats too.

    Raises:
        JsonTextError: ``text`` is not one JSON object.
    """
    found: list[tuple[bytes, bytes]] = []
    pos = _enter(text, b"{")
    while text[pos : pos + 1] != b"}" or found:
        key = _STRING.match(text, pos)
        colon = key and _COLON.match(text, key.end())
        if key is None or colon is None:
            raise _unexpected(text, pos)
        end = skip_value(text, colon.end())
        found.append((key.group(), text[colon.end() : end]))
        comma = _COMMA.match(text, end)
        pos = comma.end() if comma else _space(text, end)
        if comma is None:
            break
    _leave(text, pos, b"}")
    return found


def elements(text: bytes) -> list[bytes]:
    """Return the elements of an array as they stand.

    Raises:
        JsonTextError: ``text`` is not one JSON array.
    """
    found: list[bytes] = []
    pos = _enter(text, b"[")
    while text[pos : pos + 1] != b"]" or found:
        end = skip_value(text, pos)
        found.append(text[pos:end])
        comma = _COMMA.match(text, end)
        pos = comma.end() if comma else _space(text, end)
        if comma is None:
            break
    _leave(text, pos, b"]")
    return found


def skip_value(text: bytes, pos: int, depth: int = 1) -> int:
    """Return where the value that begins at ``pos`` ends; ``depth`` levels are open already.

    Raises:
        JsonTextError: no JSON value begins there, or it nests too deeply.
    """
    open_: list[int] = []
    while True:
        closer = _CLOSERS.get(text[pos]) if pos < len(text) else None
        if closer is None:
            scalar = _SCALAR.match(text, pos)
            if scalar is None:
                raise _unexpected(text, pos)
            pos = scalar.end()
        else:
            if len(open_) + depth >= MAX_DEPTH:
                raise JsonTextError("exceeded max depth")
            open_.append(closer)
            inner = _space(text, pos + 1)
            if inner >= len(text) or text[inner] != closer:
                pos = _to_value(text, inner, closer)
                continue
            pos = inner
        pos = _after_value(text, pos, open_)
        if not open_:
            return pos


def decode_string(text: bytes) -> str:
    """Return a JSON string's value; what is not Unicode becomes U+FFFD.

    Raises:
        JsonTextError: ``text`` is not a JSON string.
    """
    if _STRING.fullmatch(text) is None:
        raise JsonTextError("expected a string")
    value: str = json.loads(text.decode(errors="replace"))
    return _LONE.sub("\ufffd", value)


def _after_value(text: bytes, pos: int, open_: list[int]) -> int:
    """Close what ends after a value; return the next value's start, or the end of all."""
    while open_:
        pos = _space(text, pos)
        byte = text[pos] if pos < len(text) else None
        if byte == open_[-1]:
            open_.pop()
            pos += 1
        elif byte == _COMMA_BYTE:
            return _to_value(text, pos + 1, open_[-1])
        else:
            raise _unexpected(text, pos)
    return pos


def _to_value(text: bytes, pos: int, closer: int) -> int:
    match = (_TO_ELEMENT if closer == _END_ARRAY else _TO_MEMBER).match(text, pos)
    if match is None:
        raise _unexpected(text, pos)
    return match.end()


def _enter(text: bytes, opener: bytes) -> int:
    pos = _space(text, 0)
    if text[pos : pos + 1] != opener:
        wanted = "an object" if opener == b"{" else "an array"
        raise _unexpected(text, pos) if pos >= len(text) else JsonTextError(f"expected {wanted}")
    return _space(text, pos + 1)


def _leave(text: bytes, pos: int, closer: bytes) -> None:
    if text[pos : pos + 1] != closer or _space(text, pos + 1) != len(text):
        raise _unexpected(text, pos)


def _space(text: bytes, pos: int) -> int:
    match = _SPACE.match(text, pos)
    return match.end() if match else pos


def _unexpected(text: bytes, pos: int) -> JsonTextError:
    if pos >= len(text):
        return JsonTextError("unexpected end of JSON input")
    return JsonTextError(f"unexpected text at byte {pos}")
