"""Reading single fields of a JSON object the way Go's ``encoding/json`` does.

Known keys match without regard to case, the last repeat wins, ``null`` counts
as absent, and a field of the wrong type is an error (fwp.md §3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

from glasshouse.wire.jsontext import JsonTextError, decode_string, elements, members

T = TypeVar("T")
D = TypeVar("D")

INT64 = range(-(2**63), 2**63)
NULL = b"null"

_INT64_DIGITS = len(str(-(2**63)))


def canonical(key: str, known: AbstractSet[str]) -> str:
    """Return the known spelling of ``key``, or ``key`` itself when it is not a known one."""
    if key in known:
        return key
    folded = key.casefold()
    return folded if folded in known and len(folded) == len(key) else key


def read_object(text: bytes, known: AbstractSet[str]) -> dict[str, bytes]:
    """Return an object's fields by canonical key as JSON text.

    Raises:
        JsonTextError: ``text`` is not one JSON object.
    """
    return {canonical(decode_string(key), known): value for key, value in members(text)}


def string(fields: Mapping[str, bytes], name: str) -> str:
    """Return a string field, ``""`` when absent; :class:`JsonTextError` for another type."""
    return _typed(fields, name, decode_string, "", "a string")


def integer(fields: Mapping[str, bytes], name: str) -> int | None:
    """Return a 64-bit integer field or ``None``; :class:`JsonTextError` for another type."""
    return _typed(fields, name, _to_int, None, "an integer")


def strings(fields: Mapping[str, bytes], name: str) -> tuple[str, ...]:
    """Return an array of strings, ``()`` when absent; :class:`JsonTextError` for another type."""
    return _typed(fields, name, _to_strings, (), "an array of strings")


def check_object(fields: Mapping[str, bytes], name: str) -> None:
    """Raise :class:`JsonTextError` unless the field is an object or absent."""
    value = fields.get(name, NULL)
    if value != NULL and value[:1] != b"{":
        raise JsonTextError(f"{name} must be an object")


def has_array(fields: Mapping[str, bytes], name: str) -> bool:
    """Tell whether the field is there; raise :class:`JsonTextError` if it is no array."""
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
        raise JsonTextError(f"{name} must be {wanted}") from None


def _to_int(text: bytes) -> int:
    # No integer of 64 bits has more digits; a longer text would only cost time.
    if len(text) > _INT64_DIGITS or not text.lstrip(b"-").isdigit():
        raise ValueError(text)
    value = int(text)
    if value not in INT64:
        raise ValueError(text)
    return value


def _to_strings(text: bytes) -> tuple[str, ...]:
    return tuple("" if item == NULL else decode_string(item) for item in elements(text))
