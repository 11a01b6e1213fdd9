r"""The chain: each record names its number and the digest of the one before it.

``digest = SHA-256(b"glasshouse ledger 1\n" + canonical record)``. The first record follows
the ledger's own id, 32 random bytes: no record of one ledger fits into another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from glasshouse.ledger.record import Plain, Record, canonical

DOMAIN = b"glasshouse ledger 1\n"
VERSION = 1


class Head(NamedTuple):
    """The end of the chain: the number and digest of the last record.

    For an empty ledger the number is 0, and the digest is the ledger's id.
    """

    seq: int
    digest: bytes


class Link(NamedTuple):
    """A record at its place in the chain; ``body`` is its canonical form."""

    seq: int
    body: bytes
    digest: bytes

    @property
    def head(self) -> Head:
        """The end of the chain if this is the last record."""
        return Head(self.seq, self.digest)


def digest_of(body: bytes) -> bytes:
    """Return the digest of a record's canonical form."""
    return hashlib.sha256(DOMAIN + body).digest()


def seal(head: Head, record: Record) -> Link:
    """Return ``record`` as the one that follows ``head``."""
    fields: dict[str, Plain] = record.plain()
    fields |= {"v": VERSION, "seq": head.seq + 1, "prev": head.digest.hex()}
    body = canonical(fields)
    return Link(head.seq + 1, body, digest_of(body))


def sealed(head: Head, records: Iterable[Record]) -> Iterator[Link]:
    """Yield ``records`` as those that follow ``head``, in order."""
    for record in records:
        link = seal(head, record)
        head = link.head
        yield link
