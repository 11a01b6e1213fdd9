"""Greeting, HELLO and password (fwp.md §2)."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.wire import fields as typed
from glasshouse.wire.jsontext import JsonTextError

PROTOCOL_VERSION = 2
_MAX_VERSION = 255

_KEYS = frozenset({"v", "wid", "hostname", "pid", "labels", "pwdhash", "username"})


class HandshakeError(InvalidError):
    """The first line is not a HELLO: close without a reply, as the reference does."""

    code = "handshake"


class Hello(msgspec.Struct, frozen=True):
    """How a client identifies itself. ``wid`` is empty for a producer."""

    wid: str
    hostname: str
    pid: int
    labels: tuple[str, ...]
    version: int | None
    pwdhash: str | None


def password_hash(password: bytes, salt: str, iterations: int) -> str:
    """Return SHA-256 of password and salt, hashed ``iterations`` times in total, in hex."""
    digest = hashlib.sha256(password + salt.encode()).digest()
    for _ in range(iterations - 1):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


def greeting(salt: str | None, iterations: int | None) -> bytes:
    """Return the server's first line; both arguments are ``None`` without a password."""
    fields: dict[str, int | str] = {"v": PROTOCOL_VERSION}
    if salt is not None and iterations is not None:
        fields |= {"i": iterations, "s": salt}
    return b"+HI " + msgspec.json.encode(fields) + b"\r\n"


def parse_hello(line: bytes) -> Hello:
    """Return the HELLO in ``line``.

    Raises:
        HandshakeError: it is not exactly ``HELLO {...}``, or a field has a wrong type.
    """
    if not line.startswith(b"HELLO {"):
        raise HandshakeError("the first line is not a HELLO")
    try:
        fields = typed.read_object(line[6:], _KEYS)
        version = typed.integer(fields, "v")
        typed.string(fields, "username")
        hello = Hello(
            wid=typed.string(fields, "wid"),
            hostname=typed.string(fields, "hostname"),
            pid=typed.integer(fields, "pid") or 0,
            labels=typed.strings(fields, "labels"),
            version=version,
            pwdhash=typed.string(fields, "pwdhash") or None,
        )
    except JsonTextError as error:
        raise HandshakeError(error.detail) from None
    if version is not None and not 0 <= version <= _MAX_VERSION:
        raise HandshakeError("v must be within 0 to 255")
    return hello


def check_password(hello: Hello, password: bytes, salt: str, iterations: int) -> bool:
    """Return whether the client knows the password; takes the same time either way.

    A client without ``v``, or before 2, hashes once whatever ``iterations`` it received (§2.6).
    """
    rounds = iterations if (hello.version or 0) >= PROTOCOL_VERSION else 1
    expected = password_hash(password, salt, rounds).encode()
    return hmac.compare_digest(expected, (hello.pwdhash or "").encode(errors="replace"))
