r"""Checkpoints: the end of the chain at one moment, signed with Ed25519.

Kept elsewhere, a checkpoint proves later that nothing before it was changed or cut off. The
signature covers ``b"glasshouse checkpoint 1\n"`` and the canonical form of all fields except
the signature.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from glasshouse.ledger.chain import Head
from glasshouse.ledger.record import canonical
from glasshouse.model.errors import InvalidError

DOMAIN = b"glasshouse checkpoint 1\n"
KEY_BYTES = 32


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """States that at the time ``at`` (RFC 3339) record ``seq`` of ``ledger`` had this digest.

    ``ledger`` (its id), ``digest``, ``key`` (the public key) and ``signature`` are hex.
    """

    ledger: str
    seq: int
    digest: str
    at: str
    key: str
    signature: str

    @property
    def signed(self) -> bytes:
        """The bytes that the signature covers."""
        fields = msgspec.to_builtins(self)
        del fields["signature"]
        return DOMAIN + canonical(fields)


# Created at import: two threads that decode a type for the first time at once break msgspec.
_decode = msgspec.json.Decoder(Checkpoint).decode


def public_key(key: bytes) -> str:
    """Return the public key, in hex, of a secret key."""
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw().hex()


def sign(ledger: bytes, head: Head, key: bytes, now: float) -> Checkpoint:
    """Return a checkpoint of ``head``; ``now`` is Unix seconds."""
    unsigned = Checkpoint(
        ledger=ledger.hex(),
        seq=head.seq,
        digest=head.digest.hex(),
        at=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        key=public_key(key),
        signature="",
    )
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(unsigned.signed)
    return msgspec.structs.replace(unsigned, signature=signature.hex())


def is_signed(checkpoint: Checkpoint) -> bool:
    """Return whether the signature was made by the key that the checkpoint names. Never raises."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.key))
        key.verify(bytes.fromhex(checkpoint.signature), checkpoint.signed)
    except (ValueError, InvalidSignature):
        return False
    return True


def written(checkpoint: Checkpoint) -> str:
    """Return a checkpoint as one line of JSON."""
    return msgspec.json.encode(checkpoint).decode()


def read(text: bytes | str) -> Checkpoint:
    """Return a checkpoint that was written as JSON.

    Raises:
        InvalidError: it is not one.
    """
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidError(
            f"This is no checkpoint: {error}.",
            remedy="Give a line that glasshouse audit checkpoint printed.",
        ) from None
