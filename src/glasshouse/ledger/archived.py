r"""A record's statement about records moved to a file, signed by the console that moved them.

Anyone who can write to the database can remove records and append one that says that they
were archived; without a console's key it is not signed. The signature covers
``b"glasshouse archive 1\n"`` and the canonical form of the ledger's id and of everything in
the record's ``detail`` except the signature.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from glasshouse.ledger.checkpoint import public_key
from glasshouse.ledger.record import Plain, canonical

DOMAIN = b"glasshouse archive 1\n"


def signed(ledger: bytes, detail: Mapping[str, str], key: bytes) -> dict[str, str]:
    """Return the detail of such a record with the key's name and its signature."""
    signed_detail = {**detail, "key": public_key(key)}
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(_text(ledger, signed_detail))
    return {**signed_detail, "signature": signature.hex()}


def signer(ledger: bytes, detail: Mapping[str, object]) -> str | None:
    """Return the key that signed it, or ``None``. Never raises."""
    fields = {name: str(value) for name, value in detail.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(fields.get("key", "")))
        key.verify(bytes.fromhex(str(detail.get("signature", ""))), _text(ledger, fields))
    except (ValueError, TypeError, InvalidSignature):
        return None
    return fields["key"]


def _text(ledger: bytes, fields: Mapping[str, str]) -> bytes:
    words: dict[str, Plain] = {"ledger": ledger.hex(), **fields}
    return DOMAIN + canonical(words)
