"""Splitting JSON text without changing it: where members begin and end, byte for byte.

For texts that msgspec refuses and Go's ``encoding/json`` accepts: lone
surrogate escapes, deep nesting, invalid UTF-8 in strings; and for those too
long to be read at once.  It accepts what RFC 8259 accepts, nothing more, down
to Go's depth of 10,000; it never recurses.

The work is done in steps of well under a millisecond: ``…_in_steps`` pauses
after each; the functions without that suffix run straight through.
"""

from __future__ import annotations

import functools
import json
import re
from array import array
from collections.abc import Generator
from typing import TypeVar

from glasshouse.model.errors import InvalidError
from glasshouse.model.texts import without_halves

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that pauses now and then; it returns its result at the end."""

MAX_DEPTH = 10_000
MAX_MEMBERS = 50_000
MAX_STRING = 256 << 10

# No match examines more than a window, and this many tokens are one step.
_WINDOW = 4 << 10
_TOKENS = 16
# A window may end after "e+" in a number that continues: the match ends before that.
_CUT = 3

_WS = rb"[ \t\r\n]*+"
_CHARS_TEXT = rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'
_STR = rb'"' + _CHARS_TEXT + rb'"'
_NUM = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
_SCALAR_TEXT = rb"(?:" + _STR + rb"|" + _NUM + rb"|true|false|null)"


def _list_of(item: bytes) -> bytes:
    return rb"(?:" + item + _WS + rb"(?:," + _WS + item + _WS + rb")*+)?+"


def _or_container(value: bytes) -> bytes:
    """Return the pattern of a plain value, or of an array or object of ``value``."""
    array_text = rb"\[" + _WS + _list_of(value) + rb"\]"
    object_text = rb"\{" + _WS + _list_of(_STR + _WS + rb":" + _WS + value) + rb"\}"
    return rb"(?:" + _SCALAR_TEXT + rb"|" + array_text + rb"|" + object_text + rb")"


# A value whose containers are at most two deep.
_FLAT_LEVELS = 2
_FLAT_TEXT = _or_container(_or_container(_SCALAR_TEXT))
_SPACE = re.compile(_WS)
_CHARS = re.compile(_CHARS_TEXT)
_STRING = re.compile(_STR)
_SCALAR = re.compile(_SCALAR_TEXT)
_DIGITS = re.compile(rb"[0-9]*+")
# Runs of values are skipped in one match: that is what keeps a long text cheap.
_ELEMENTS_TEXT = rb"(?:" + _FLAT_TEXT + _WS + rb"," + _WS + rb")*+"
_MEMBERS_TEXT = rb"(?:" + _STR + _WS + rb":" + _WS + _FLAT_TEXT + _WS + rb"," + _WS + rb")*+"
_MEMBER_TEXT = (
    rb"(" + _STR + rb")" + _WS + rb":" + _WS + rb"(" + _FLAT_TEXT + rb")" + _WS + rb"," + _WS
)
_ELEMENT_TEXT = rb"(" + _FLAT_TEXT + rb")" + _WS + rb"," + _WS
_SPACES = frozenset(b" \t\r\n")
_END = -1
_DIGIT = frozenset(b"0123456789")
_EXPONENT = frozenset(b"eE")
_SIGN = frozenset(b"+-")
_QUOTE, _COLON, _COMMA, _MINUS, _ZERO, _POINT = b'":,-0.'
_ARRAY, _OBJECT, _END_ARRAY, _END_OBJECT = b"[{]}"
_CLOSERS = {_ARRAY: _END_ARRAY, _OBJECT: _END_OBJECT}


@functools.cache
def _large(text: bytes) -> re.Pattern[bytes]:
    """Return a pattern, compiled on first use: that takes 15 ms, and most runs need none."""
    return re.compile(text)


class JsonTextError(InvalidError):
    """The text is not JSON."""

    code = "invalid_json"


def finish(steps: Steps[T]) -> T:
    """Run all ``steps`` at once and return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def members(text: bytes) -> list[tuple[bytes, bytes]]:
    """Return the members of an object: (key with its quotes, value), in order, with repeats.

    Raises:
        JsonTextError: ``text`` is not one JSON object, or it has too many members.
    """
    return finish(members_in_steps(text))


def elements(text: bytes) -> list[bytes]:
    """Return the elements of an array as they are written.

    Raises:
        JsonTextError: ``text`` is not one JSON array.
    """
    spans = finish(elements_in_steps(text))
    return [text[spans[i] : spans[i + 1]] for i in range(0, len(spans), 2)]


def skip_value(text: bytes, pos: int, depth: int = 1) -> int:
    """Return where the value that begins at ``pos`` ends; ``depth`` levels are already open.

    Raises:
        JsonTextError: no JSON value begins there, or it nests too deeply.
    """
    return finish(_skip(text, pos, depth))


def members_in_steps(text: bytes) -> Steps[list[tuple[bytes, bytes]]]:
    """Do what ``members`` does, in steps."""
    members: list[tuple[bytes, bytes]] = []
    pos = yield from _enter(text, _OBJECT)
    more = _at(text, pos) != _END_OBJECT
    member = _large(_MEMBER_TEXT)
    while more:
        if len(members) >= MAX_MEMBERS:
            raise JsonTextError(f"an object has more than {MAX_MEMBERS} members")
        if not len(members) % _TOKENS:
            yield
        match = member.match(text, pos, pos + _WINDOW)
        if match is not None:
            members.append((match[1], match[2]))
            pos = match.end()
            # The window may have ended in the middle of the space.
            if _at(text, pos) in _SPACES:
                pos = yield from _space(text, pos)
            continue
        end = yield from _string(text, pos)
        start = yield from _colon(text, end)
        key = text[pos:end]
        end = yield from _skip(text, start, 1)
        members.append((key, text[start:end]))
        pos, more = yield from _separator(text, end)
    yield from _leave(text, pos, _END_OBJECT)
    return members


def elements_in_steps(text: bytes, most: int | None = None) -> Steps[array[int]]:
    """Return where the elements of an array begin and end, alternating; errors as ``elements``.

    What follows the first ``most`` elements is not examined.
    """
    spans = array("Q")
    pos = yield from _enter(text, _ARRAY)
    more = _at(text, pos) != _END_ARRAY
    element = _large(_ELEMENT_TEXT)
    while more:
        if not len(spans) % (2 * _TOKENS):
            yield
        if len(spans) // 2 == most:
            return spans
        match = element.match(text, pos, pos + _WINDOW)
        if match is not None:
            spans.extend(match.span(1))
            pos = match.end()
            if _at(text, pos) in _SPACES:
                pos = yield from _space(text, pos)
            continue
        end = yield from _skip(text, pos, 1)
        spans.extend((pos, end))
        pos, more = yield from _separator(text, end)
    yield from _leave(text, pos, _END_ARRAY)
    return spans


def decode_string(text: bytes) -> str:
    """Return a JSON string's value; invalid Unicode becomes U+FFFD.

    Raises:
        JsonTextError: ``text`` is not a JSON string, or longer than ``MAX_STRING``.
    """
    if len(text) > MAX_STRING:
        raise JsonTextError(f"expected a string of at most {MAX_STRING} bytes")
    if _STRING.fullmatch(text) is None:
        raise JsonTextError("expected a string")
    return _decode(text)


def decode_start(text: bytes) -> str:
    """Return the value of a JSON string or, if it is very long, of its first part.

    Raises:
        JsonTextError: ``text`` is not a JSON string.
    """
    if len(text) <= _WINDOW:
        return decode_string(text)
    first = _CHARS.match(text, 1, _WINDOW)
    if text[:1] != b'"' or first is None:
        raise JsonTextError("expected a string")
    return _decode(b'"' + first.group() + b'"')


def _decode(text: bytes) -> str:
    if b"\\" not in text:
        return text[1:-1].decode(errors="replace")
    value: str = json.loads(text.decode(errors="replace"))
    return without_halves(value)


# -- one value ---------------------------------------------------------------


def _skip(text: bytes, pos: int, depth: int) -> Steps[int]:
    open_: list[int] = []
    tokens = 0
    while True:
        tokens += 1
        if not tokens % _TOKENS:
            yield
        closer = _CLOSERS.get(_at(text, pos))
        if closer is None:
            match = _SCALAR.match(text, pos, pos + _WINDOW)
            # A number that fills the window may continue after it.
            if match is None or match.end() > pos + _WINDOW - _CUT:
                pos = yield from _long_scalar(text, pos)
            else:
                pos = match.end()
        else:
            if len(open_) + depth >= MAX_DEPTH:
                raise JsonTextError("exceeded max depth")
            open_.append(closer)
            pos = yield from _space(text, pos + 1)
            if _at(text, pos) != closer:
                pos = yield from _to_value(text, pos, closer, len(open_) + depth)
                continue
        pos = yield from _after_value(text, pos, open_, depth)
        if not open_:
            return pos


def _after_value(text: bytes, pos: int, open_: list[int], depth: int) -> Steps[int]:
    """Close what ends after a value; return the start of the next value, or the end of all."""
    closed = 0
    while open_:
        closed += 1
        if not closed % _TOKENS:
            yield
        pos = yield from _space(text, pos)
        byte = _at(text, pos)
        if byte == open_[-1]:
            open_.pop()
            pos += 1
        elif byte == _COMMA:
            pos = yield from _space(text, pos + 1)
            return (yield from _to_value(text, pos, open_[-1], len(open_) + depth))
        else:
            raise _unexpected(text, pos)
    return pos


def _to_value(text: bytes, pos: int, closer: int, depth: int) -> Steps[int]:
    """Return where the next value that is not plain begins, past its key in an object."""
    run = _large(_ELEMENTS_TEXT if closer == _END_ARRAY else _MEMBERS_TEXT)
    while depth + _FLAT_LEVELS <= MAX_DEPTH and (match := run.match(text, pos, pos + _WINDOW)):
        if match.end() == pos:
            break
        yield
        pos = yield from _space(text, match.end())
    if closer == _END_ARRAY:
        return pos
    pos = yield from _string(text, pos)
    return (yield from _colon(text, pos))


def _long_scalar(text: bytes, pos: int) -> Steps[int]:
    """Skip a string or number that may not fit in one window."""
    first = _at(text, pos)
    if first == _QUOTE:
        return (yield from _string(text, pos))
    start = pos
    if first == _MINUS:
        pos += 1
    leading_zero = _at(text, pos) == _ZERO
    pos = (pos + 1) if leading_zero else (yield from _digits(text, pos))
    if _at(text, pos) == _POINT:
        pos = yield from _digits(text, pos + 1)
    if _at(text, pos) in _EXPONENT:
        pos += 1
        pos = yield from _digits(text, pos + (_at(text, pos) in _SIGN))
    if pos == start:
        raise _unexpected(text, pos)
    return pos


def _digits(text: bytes, pos: int) -> Steps[int]:
    """Skip one or more digits."""
    start = pos
    while _at(text, pos) in _DIGIT:
        pos = _end(_DIGITS, text, pos)
        yield
    if pos == start:
        raise _unexpected(text, pos)
    return pos


def _string(text: bytes, pos: int) -> Steps[int]:
    match = _STRING.match(text, pos, pos + _WINDOW)
    if match is not None:
        return match.end()
    if _at(text, pos) != _QUOTE:
        raise _unexpected(text, pos)
    pos += 1
    # An escape that the window cuts is read as a whole in the next one.
    while (end := _end(_CHARS, text, pos)) > pos:
        yield
        pos = end
    if _at(text, pos) != _QUOTE:
        raise _unexpected(text, pos)
    return pos + 1


# -- between values ----------------------------------------------------------


def _space(text: bytes, pos: int) -> Steps[int]:
    while _at(text, pos) in _SPACES:
        pos = _end(_SPACE, text, pos)
        if _at(text, pos) not in _SPACES:
            break
        yield
    return pos


def _colon(text: bytes, pos: int) -> Steps[int]:
    pos = yield from _space(text, pos)
    if _at(text, pos) != _COLON:
        raise _unexpected(text, pos)
    return (yield from _space(text, pos + 1))


def _separator(text: bytes, pos: int) -> Steps[tuple[int, bool]]:
    """Skip a comma, if one comes; return whether it did."""
    pos = yield from _space(text, pos)
    if _at(text, pos) != _COMMA:
        return pos, False
    return (yield from _space(text, pos + 1)), True


def _enter(text: bytes, opener: int) -> Steps[int]:
    pos = yield from _space(text, 0)
    if _at(text, pos) != opener:
        wanted = "an object" if opener == _OBJECT else "an array"
        raise _unexpected(text, pos) if pos >= len(text) else JsonTextError(f"expected {wanted}")
    return (yield from _space(text, pos + 1))


def _leave(text: bytes, pos: int, closer: int) -> Steps[None]:
    end = pos
    if _at(text, pos) == closer:
        end = yield from _space(text, pos + 1)
        if end == len(text):
            return
    raise _unexpected(text, end)


def _at(text: bytes, pos: int) -> int:
    return text[pos] if pos < len(text) else _END


def _end(pattern: re.Pattern[bytes], text: bytes, pos: int) -> int:
    """Return where a match of ``pattern``, which also matches nothing, ends in its window."""
    match = pattern.match(text, pos, pos + _WINDOW)
    assert match is not None
    return match.end()


def _unexpected(text: bytes, pos: int) -> JsonTextError:
    if pos >= len(text):
        return JsonTextError("unexpected end of JSON input")
    return JsonTextError(f"unexpected text at byte {pos}")
