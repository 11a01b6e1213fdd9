"""Recovery codes: for people who lost every other second factor. Each is valid once.

They have 60 random bits and can be tried a few times a minute at most, so a plain digest
of them is stored.
"""

from __future__ import annotations

import hashlib

COUNT = 10
ENTROPY = 8 * COUNT
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH, _GROUP = 12, 4


def new_codes(entropy: bytes) -> tuple[str, ...]:
    """Return ten codes like ``k7dm-q2xw-9f4t``, made of 80 random bytes.

    Raises:
        ValueError: there are not 80 bytes.
    """
    if len(entropy) != ENTROPY:
        raise ValueError(f"{ENTROPY} random bytes are needed")
    return tuple(_code(entropy[start : start + 8]) for start in range(0, ENTROPY, 8))


def code_hash(code: str) -> bytes:
    """Return what is stored of a code: 32 bytes. Case, blanks and dashes do not count."""
    plain = "".join(code.split()).replace("-", "").lower()
    encoded = plain.encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"glasshouse recovery\x00" + encoded).digest()


def looks_like_code(text: str) -> bool:
    """Return whether ``text`` could be a recovery code rather than a one-time code."""
    plain = "".join(text.split()).replace("-", "").lower()
    return len(plain) == _LENGTH and all(letter in _LETTERS for letter in plain)


def _code(entropy: bytes) -> str:
    number, letters = int.from_bytes(entropy), []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[digit])
    plain = "".join(letters)
    return "-".join(plain[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
