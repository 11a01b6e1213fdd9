"""The public keys that a provider publishes (RFC 7517), read one by one.

Invariant: a key is for verifying signatures and is asymmetric: none is a shared secret.
What cannot be read or is for something else is skipped (§5), whatever it is.
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
"""The members of a key that are read. Certificates and private halves are ignored."""
_AGREEING = ("X25519", "X448")
"""Curves for key agreement (RFC 8037 §3.2)."""


class Published(NamedTuple):
    """The keys that can be used, and how many were skipped."""

    keys: list[Key]
    passed_over: int


def read(document: object) -> Published:
    """Return the usable keys among the first ``MOST_KEYS`` of a key set.

    Raises:
        TypeError: it is not a key set.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
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
            # Whatever is odd about it, the library reports it in any of these ways.
            continue
        yield key


def _verifies(key: dict[str, Any]) -> bool:
    """Return whether a key is, or may be, for verifying signatures (§4.2, §4.3)."""
    operations = key.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return False
    return key.get("use", "sig") == "sig" and key.get("crv") not in _AGREEING
