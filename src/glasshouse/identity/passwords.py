"""Passwords of local accounts: argon2id (RFC 9106), as OWASP's password cheat sheet recommends.

The library generates a salt unless it is given one: here it is passed as an argument.
"""

from __future__ import annotations

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from glasshouse.model.errors import InvalidError

SALT_BYTES = 16
LEAST, MOST = 8, 1024
"""Length limits of a password: in characters, and in bytes."""
_HASHER = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, type=Type.ID
)
STAND_IN = "$argon2id$v=19$m=19456,t=2,p=1$" + "c3RhbmQtaW4gc2FsdCAxNg$" + "A" * 43
"""The hash to compare with if there is no account: it takes as long, and nothing matches it."""


def hashed(password: str, salt: bytes) -> str:
    """Return the hash of a password.

    Raises:
        InvalidError: the password is too short or too long.
        ValueError: the salt is not 16 bytes long.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    encoded = check_new(password)
    return _HASHER.hash(encoded, salt=salt)


def check_new(password: str) -> bytes:
    """Return the bytes of a new password, if it is acceptable.

    Raises:
        InvalidError: it is too short or too long.
    """
    encoded = password.encode("utf-8", "surrogatepass")
    if len(password) < LEAST or len(encoded) > MOST:
        raise InvalidError(
            f"A password needs at least {LEAST} characters and at most {MOST} bytes.",
            remedy="Choose another one; several words in a row work well.",
        )
    return encoded


def verify(stored: str, password: str) -> bool:
    """Return whether ``password`` matches the hash. Never raises."""
    encoded = password.encode("utf-8", "surrogatepass")
    if len(encoded) > MOST:
        return False
    try:
        return _HASHER.verify(stored, encoded)
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Return whether a hash was made with parameters other than the current ones."""
    try:
        return _HASHER.check_needs_rehash(stored)
    except InvalidHashError:
        return False
