"""Opaque secrets: session ids, tokens for scripts, and what is stored of them.

They are made of 32 random bytes, so a plain digest of one reveals nothing about it: no slow
hash is needed. The prefix and the checksum let code scanners find a leaked token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib

ENTROPY = 32
_PREFIX = "gh_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH, _SUM = 43, 6
_TOKEN = re.compile(rf"{_PREFIX}([0-9A-Za-z]{{{_LENGTH}}})([0-9A-Za-z]{{{_SUM}}})")


def session_id(entropy: bytes) -> str:
    """Return a session id made of 32 random bytes.

    Raises:
        ValueError: there are not 32 bytes.
    """
    return _written(_checked(entropy), _LENGTH)


def api_token(entropy: bytes) -> str:
    """Return a token made of 32 random bytes; raises as ``session_id``."""
    body = _written(_checked(entropy), _LENGTH)
    return _PREFIX + body + _sum(body)


def looks_like_token(text: str) -> bool:
    """Return whether ``text`` could be one of our tokens, by its form and its checksum."""
    matched = _TOKEN.fullmatch(text)
    return matched is not None and hmac.compare_digest(_sum(matched[1]), matched[2])


def token_hash(text: str) -> bytes:
    """Return what is stored of a secret: 32 bytes."""
    encoded = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"glasshouse secret\x00" + encoded).digest()


def _checked(entropy: bytes) -> int:
    if len(entropy) != ENTROPY:
        raise ValueError(f"{ENTROPY} random bytes are needed")
    return int.from_bytes(entropy)


def _sum(body: str) -> str:
    return _written(zlib.crc32(body.encode()), _SUM)


def _written(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
