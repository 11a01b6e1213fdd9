"""The public keys that a provider publishes (RFC 7517), read one by one.

What always holds: a key is for checking signatures, and has two halves: none is a secret that is
shared. What cannot be read or is for something else is passed over (§5), whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

MOST_KEYS = 100
_KINDS: dict[object, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_MEMBERS = ("kty", "alg", "kid", "n", "e", "crv", "x", "y")
"""What a key is made of. Certificates and private halves are not looked at."""
_AGREEING = ("X25519", "X448")
"""Curves for agreeing on a secret (RFC 8037 §3.2)."""


class Published(NamedTuple):
    """The keys that can be used, and how many were passed over."""

    keys: list[Key]
    passed_over: int


def read(told: object) -> Published:
    """Return of a set of keys what can be used of its first ``MOST_KEYS``.

    Raises:
        TypeError: it is no set of keys.
    """
    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise TypeError("a set of keys has a list of them")
    keys = list(_usable(listed[:MOST_KEYS]))
    return Published(keys, len(listed) - len(keys))


def _usable(listed: list[Any]) -> Iterator[Key]:
    for one in listed:
        if not isinstance(one, dict) or not _verifies(one):
            continue
        try:
            key = _KINDS[one.get("kty")].import_key(
                {name: one[name] for name in _MEMBERS if one.get(name) is not None}
            )
            key.ensure_kid()
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
            # Whatever is odd about it: the library says it in all of these ways.
            continue
        yield key


def _verifies(key: dict[str, Any]) -> bool:
    """Return whether a key is for checking signatures, or may be (§4.2, §4.3)."""
    operations = key.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return False
    return key.get("use", "sig") == "sig" and key.get("crv") not in _AGREEING
