"""A person who was admitted, and by what."""

from __future__ import annotations

import enum

import msgspec

from glasshouse.storage.sessions import Session


class How(enum.StrEnum):
    """What a request was admitted by."""

    SESSION = "session"
    BASIC = "basic"
    TOKEN = "token"  # noqa: S105 - the word for it
    PROXY = "proxy"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A qualified name with its qualified groups, and what vouches for it.

    ``own`` is the role that a local account has. ``scope`` are the operations that a token allows.
    ``proven_at`` is when the second factor was shown (Unix seconds). ``token`` is the digest of the
    token that admitted the request. ``stamp`` identifies the password in the password file that
    this relies on.
    """

    name: str
    how: How
    groups: tuple[str, ...] = ()
    own: str | None = None
    proven_at: float | None = None
    scope: tuple[str, ...] | None = None
    session: Session | None = None
    token: bytes | None = None
    stamp: bytes | None = None
