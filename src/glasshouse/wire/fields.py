"""Reading single fields of a JSON object the way Go's ``encoding/json`` does.

Known keys match case-insensitively, the last repeat wins, ``null`` counts
as absent, and a field of the wrong type is an error (fwp.md §3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

from glasshouse.wire.jsontext import (
    MAX_STRING,
    JsonTextError,
    Steps,
    decode_start,
    decode_string,
    elements_in_steps,
    finish,
    members_in_steps,
)

T = TypeVar("T")
D = TypeVar("D")

INT64 = range(-(2**63), 2**63)
NULL = b"null"

_LONGEST_KEY = 100
_TURN = 64
_INT64_DIGITS = len(str(-(2**63)))


def canonical(key: str, known: AbstractSet[str]) -> str:
    """Return the known spelling of ``key``, or ``key`` itself if it is not known."""
    if key in known:
        return key
    folded = key.casefold()
    return folded if folded in known and len(folded) == len(key) else key


def read_key(key: bytes, known: AbstractSet[str], *, exactly: bool = False) -> str | None:
    """Return the known name that a key, given with its quotes, spells, or ``None``.

    ``exactly``: case-sensitively.
    """
    # Even the longest name, written all in escapes, is shorter than this.
    if len(key) > _LONGEST_KEY:
        return None
    name = decode_string(key)
    if not exactly:
        name = canonical(name, known)
    return name if name in known else None


def read_object(text: bytes, known: AbstractSet[str]) -> dict[str, bytes]:
    """Return an object's known fields as JSON text, by canonical key.

    Raises:
        JsonTextError: ``text`` is not one JSON object.
    """
    return finish(read_object_in_steps(text, known))


def read_object_in_steps(text: bytes, known: AbstractSet[str]) -> Steps[dict[str, bytes]]:
    """Do what ``read_object`` does, in steps."""
    fields: dict[str, bytes] = {}
    for count, (key, value) in enumerate((yield from members_in_steps(text))):
        if not count % _TURN:
            yield
        name = read_key(key, known)
        if name is not None:
            fields[name] = value
    return fields


def string(fields: Mapping[str, bytes], name: str) -> str:
    """Return a string field, ``""`` when absent; :class:`JsonTextError` for another type."""
    return _typed(fields, name, decode_string, "", "a string")


def integer(fields: Mapping[str, bytes], name: str) -> int | None:
    """Return a 64-bit integer field or ``None``; :class:`JsonTextError` for another type."""
    return _typed(fields, name, _to_int, None, "an integer")


def start_of_string(fields: Mapping[str, bytes], name: str) -> str:
    """Return a string field, only the start of a very long one; else as ``string``."""
    return _typed(fields, name, decode_start, "", "a string")


def has_string(fields: Mapping[str, bytes], name: str) -> bool:
    """Return whether a string is present and not empty; :class:`JsonTextError` if not a string."""
    value = fields.get(name, NULL)
    if value != NULL and value[:1] != b'"':
        raise JsonTextError(f"{name} must be a string")
    return value not in {NULL, b'""'}


def strings(fields: Mapping[str, bytes], name: str) -> tuple[str, ...]:
    """Return an array of strings, ``()`` when absent; :class:`JsonTextError` for another type."""
    return finish(strings_in_steps(fields, name, most=len(fields.get(name, NULL))))


def strings_in_steps(
    fields: Mapping[str, bytes],
    name: str,
    read: Callable[[bytes], str] = decode_string,
    *,
    most: int,
) -> Steps[tuple[str, ...]]:
    """Do what ``strings`` does, in steps, for the first ``most`` strings; ``read`` reads each."""
    value = fields.get(name, NULL)
    if value == NULL:
        return ()
    strings: list[str] = []
    try:
        spans = yield from elements_in_steps(value, most)
        for at in range(0, len(spans), 2):
            if not at % _TURN:
                yield
            item = value[spans[at] : spans[at + 1]]
            strings.append("" if item == NULL else read(item))
    except JsonTextError:
        raise JsonTextError(f"{name} must be an array of strings") from None
    return tuple(strings)


def check_object(fields: Mapping[str, bytes], name: str) -> None:
    """Raise :class:`JsonTextError` unless the field is an object or absent."""
    value = fields.get(name, NULL)
    if value != NULL and value[:1] != b"{":
        raise JsonTextError(f"{name} must be an object")


def has_array(fields: Mapping[str, bytes], name: str) -> bool:
    """Return whether the field is present; raise :class:`JsonTextError` if it is not an array."""
    value = fields.get(name, NULL)
    if value != NULL and value[:1] != b"[":
        raise JsonTextError(f"{name} must be an array")
    return value != NULL


def _typed(
    fields: Mapping[str, bytes], name: str, read: Callable[[bytes], T], default: D, wanted: str
) -> T | D:
    value = fields.get(name, NULL)
    if value == NULL:
        return default
    try:
        return read(value)
    except (ValueError, JsonTextError):
        if value[:1] == b'"' and len(value) > MAX_STRING:
            raise JsonTextError(f"{name} is longer than {MAX_STRING} bytes") from None
        raise JsonTextError(f"{name} must be {wanted}") from None


def _to_int(text: bytes) -> int:
    # No 64-bit integer has more digits; a longer text would only cost time.
    if len(text) > _INT64_DIGITS or not text.lstrip(b"-").isdigit():
        raise ValueError(text)
    value = int(text)
    if value not in INT64:
        raise ValueError(text)
    return value
