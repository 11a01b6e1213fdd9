"""What the ledger stores about one event, and the canonical bytes that are hashed.

The canonical form is JSON in UTF-8: sorted keys, no spaces, unescaped characters,
integers only. Python's ``json.dumps(record, sort_keys=True, separators=(",", ":"),
ensure_ascii=False)`` produces it, so that anyone can verify an export with a few lines.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]
"""The values that a record is made of."""
MOST_TEXT = 2000
"""The most characters of a text that a record keeps."""
# Otherwise json.dumps would create one for each record.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class Event(enum.StrEnum):
    """What a record is about."""

    KEY = "ledger.key"
    STARTED = "console.started"
    SETTINGS = "settings.read"
    SIGNED_IN = "session.signed_in"
    SIGN_IN_REFUSED = "session.refused"
    SIGNED_OUT = "session.signed_out"
    FACTOR_SHOWN = "factor.shown"
    FACTOR_REFUSED = "factor.refused"
    ACCOUNT = "account.changed"
    EXPORTED = "ledger.exported"
    ARCHIVED = "ledger.archived"
    INTENT = "operation.intent"
    OUTCOME = "operation.outcome"
    REFUSED = "operation.refused"
    STOPPED = "operation.stopped"
    REVEALED = "payload.revealed"


class Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person or program, as far as known: qualified name, roles, address and means of access.

    ``factor_age`` is how many seconds ago the second factor was shown.
    """

    name: str = ""
    roles: tuple[str, ...] = ()
    address: str = ""
    how: str = ""
    factor_age: int | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event. ``at`` is Unix seconds; ``detail`` has more, in words without secrets."""

    event: Event
    at: float
    who: Subject = Subject()
    detail: Mapping[str, str] = {}

    def plain(self) -> dict[str, Plain]:
        """Return its JSON form; the time is RFC 3339 in UTC, to the microsecond."""
        fields: dict[str, Plain] = msgspec.to_builtins(self)
        fields["at"] = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="microseconds")
        return fields


def canonical(value: Mapping[str, Plain]) -> bytes:
    """Return the canonical form in which ``value`` is hashed.

    Raises:
        TypeError: it contains a number that is not an integer, or a key that is not a text.
    """
    return _encode(_checked(dict(value))).encode()


def as_text(value: str) -> str:
    """Return a text as a record stores it: what is no character cannot be written as UTF-8."""
    if len(value) <= MOST_TEXT and value.isprintable():
        # Half a character is never printable: there is nothing to replace.
        return value
    return value.encode("utf-8", "replace").decode()[:MOST_TEXT]


def _checked(value: object) -> object:
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, dict):
        return {_key(key): _checked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item) for item in value]
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"a record cannot hold {type(value).__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise TypeError(f"a record cannot have the key {key!r}")
    return key
