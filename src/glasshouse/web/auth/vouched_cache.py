"""People vouched for recently: they may go on reading while the database cannot be queried.

Nothing else: it proves no second factor and carries no session, and it allows no changes, because
changes are recorded first.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from starlette.datastructures import Headers

from glasshouse.web.request.person import Person

SECONDS = 900.0
"""How many seconds a person stays familiar after the last look-up."""
_MOST = 10_000


class _Known(NamedTuple):
    person: Person
    at: float


class VouchedCache:
    """Remembers people by what they sent, without keeping what they sent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty."""
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._known: dict[bytes, _Known] = {}

    def note(self, headers: Headers, person: Person | None) -> None:
        """Remember the person found, or forget one who is no longer known."""
        key = self._key(headers)
        self._known.pop(key, None)
        if person is None:
            return
        plain = msgspec.structs.replace(person, proven_at=None, session=None)
        self._known[key] = _Known(plain, self._clock())
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    def find(self, headers: Headers) -> Person | None:
        """Return the person who sent the same a short while ago."""
        known = self._known.get(self._key(headers))
        if known is None or not 0 <= self._clock() - known.at < SECONDS:
            return None
        return known.person

    def _key(self, headers: Headers) -> bytes:
        digest = hashlib.blake2b(key=self._salt)
        for name in ("authorization", "cookie"):
            value = headers.get(name, "").encode("utf-8", "surrogatepass")
            digest.update(len(value).to_bytes(8) + value)
        return digest.digest()
