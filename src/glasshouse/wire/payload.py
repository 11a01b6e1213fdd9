"""Changing single top-level fields of a stored payload, all other values byte for byte."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.wire.fields import canonical
from glasshouse.wire.jsontext import decode_string, members

JOB_FIELDS = frozenset({
    "jid", "jobtype", "args", "queue", "retry", "reserve_for", "at", "backtrace",
    "created_at", "enqueued_at", "custom", "failure",
})  # fmt: skip

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def read_fields(payload: bytes) -> dict[str, bytes]:
    """Return the top-level fields as JSON text, Faktory's own by their canonical key.

    Raises:
        JsonTextError: ``payload`` is not a JSON object.
    """
    raw = _fast(payload)
    if raw is not None:
        return {key: bytes(value) for key, value in raw.items()}
    return {canonical(decode_string(key), JOB_FIELDS): value for key, value in members(payload)}


def is_canonical(payload: bytes) -> bool:
    """Tell whether Faktory's own keys are all spelt as Faktory does, and any reader copes."""
    return _fast(payload) is not None


def set_fields(payload: bytes, fields: Mapping[str, bytes | None]) -> bytes:
    """Return ``payload`` with each of ``fields`` set to its JSON text, or removed if ``None``.

    Other fields keep their value's exact text and their order; repeats of a key
    leave only their last.  ``fields`` are named by their canonical key.

    Raises:
        JsonTextError: ``payload`` is not a JSON object.
    """
    raw = _fast(payload)
    if raw is None:
        return _set_by_scanning(payload, fields)
    for name, value in fields.items():
        if value is None:
            raw.pop(name, None)
        else:
            raw[name] = msgspec.Raw(value)
    return _encode(raw)


def _fast(payload: bytes) -> dict[str, msgspec.Raw] | None:
    """Return the fields, or ``None`` when a key is odd or msgspec cannot read the text."""
    try:
        raw = _decode(payload)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return None
    for key in raw.keys() - JOB_FIELDS:
        if canonical(key, JOB_FIELDS) != key:
            return None
    return raw


def _set_by_scanning(payload: bytes, fields: Mapping[str, bytes | None]) -> bytes:
    kept: dict[str, tuple[bytes, bytes]] = {}
    for key, value in members(payload):
        name = canonical(decode_string(key), JOB_FIELDS)
        kept[name] = (_quoted(name) if name in JOB_FIELDS else key, value)
    for name, new in fields.items():
        if new is None:
            kept.pop(name, None)
        else:
            kept[name] = (_quoted(name), new)
    return b"{" + b",".join(key + b":" + value for key, value in kept.values()) + b"}"


def _quoted(name: str) -> bytes:
    return _encode(name)
