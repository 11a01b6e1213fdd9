"""Changing single top-level fields of a stored payload; other values stay byte for byte."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.wire.fields import canonical, read_key
from glasshouse.wire.jsontext import Steps, decode_start, finish, members_in_steps

JOB_FIELDS = frozenset({
    "jid", "jobtype", "args", "queue", "retry", "reserve_for", "at", "backtrace",
    "created_at", "enqueued_at", "custom", "failure",
})  # fmt: skip

AT_ONCE = 256 << 10
"""Bytes that msgspec reads in a millisecond or two; a longer text is read in steps."""

_TURN = 64
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class ParsedObject(msgspec.Struct, frozen=True):
    """A parsed object: the JSON text of its values, by canonical key if the key is known.

    ``keys`` has the text of keys that are not written like their name; ``clean``
    states that Faktory's own keys are spelled as in Faktory and none occurs twice.
    """

    fields: dict[str, bytes]
    keys: dict[str, bytes]
    clean: bool

    def rewritten(self, changes: Mapping[str, bytes | None]) -> bytes:
        """Return the object with ``changes`` applied, as :func:`set_fields` does."""
        kept = self.fields.copy()
        for name, value in changes.items():
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = value
        keys = self.keys
        parts = ((keys.get(name) or _encode(name)) + b":" + value for name, value in kept.items())
        return b"{" + b",".join(parts) + b"}"


def take_apart(payload: bytes) -> Steps[ParsedObject]:
    """Parse a JSON object, in steps.

    Raises:
        JsonTextError: ``payload`` is not a JSON object.
    """
    raw = _fast(payload) if len(payload) <= AT_ONCE else None
    if raw is not None:
        return ParsedObject({key: bytes(value) for key, value in raw.items()}, {}, clean=True)
    members = yield from members_in_steps(payload)
    fields: dict[str, bytes] = {}
    keys: dict[str, bytes] = {}
    clean = True
    for count, (key, value) in enumerate(members):
        if not count % _TURN:
            yield
        name = read_key(key, JOB_FIELDS)
        if name is None:
            # By its text: the meaning of an irrelevant key need not be known.
            name = key.decode("latin-1")
            keys[name] = key
        elif len(key) != len(name) + 2 or key[1:-1] != name.encode():
            clean = False
        fields[name] = value
    return ParsedObject(fields, keys, clean=clean and len(fields) == len(members))


def read_fields(payload: bytes) -> dict[str, bytes]:
    """Return the top-level fields as JSON text, Faktory's own by their canonical key.

    Raises:
        JsonTextError: ``payload`` is not a JSON object.
    """
    raw = _fast(payload)
    if raw is not None:
        return {key: bytes(value) for key, value in raw.items()}
    apart = finish(take_apart(payload))
    return {
        decode_start(apart.keys[name]) if name in apart.keys else name: value
        for name, value in apart.fields.items()
    }


def set_fields(payload: bytes, fields: Mapping[str, bytes | None]) -> bytes:
    """Return ``payload`` with each of ``fields`` set to its JSON text, or removed if ``None``.

    Other fields keep their value's exact text and their order; of repeated keys
    only the last remains.  ``fields`` are named by their canonical key.

    Raises:
        JsonTextError: ``payload`` is not a JSON object.
    """
    raw = _fast(payload)
    if raw is None:
        return finish(take_apart(payload)).rewritten(fields)
    for name, value in fields.items():
        if value is None:
            raw.pop(name, None)
        else:
            raw[name] = msgspec.Raw(value)
    return _encode(raw)


def _fast(payload: bytes) -> dict[str, msgspec.Raw] | None:
    """Return the fields, or ``None`` if a key is odd or msgspec cannot read the text."""
    try:
        raw = _decode(payload)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return None
    for key in raw.keys() - JOB_FIELDS:
        if canonical(key, JOB_FIELDS) != key:
            return None
    return raw
