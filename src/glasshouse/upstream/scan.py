"""Walking a whole server's jobs piece by piece, for an index of them.

A *stretch* is a part of a set in the order of its entries' times, and tells of every
entry between two times. Whoever walks from stretch to stretch has seen the whole set;
what came or went meanwhile is seen the next time round.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from glasshouse.model.job import JobSet, StoredJob


def token_of(entry: bytes) -> int:
    """Return a number that tells an entry from every other: 63 bits of a digest of its bytes."""
    return int.from_bytes(hashlib.blake2b(entry, digest_size=8).digest()) >> 1


class ScanCursor(msgspec.Struct, frozen=True):
    """An entry of a set: its time, and a number that tells it from others of that time.

    ``job`` is ``None`` where it is read only when it is wanted; see ``Scanner.load``.
    """

    score: float
    token: int
    job: StoredJob | None = None


class ScanChunk(msgspec.Struct, frozen=True, kw_only=True):
    """All entries of a set from ``low`` to below ``high``, at one moment.

    ``None`` is the end of the set. ``following`` is where the next stretch begins, and
    ``None`` after the last. Where ``exact`` is false, entries at the bounds themselves,
    and between two stretches, may be missing.
    """

    spots: tuple[ScanCursor, ...]
    low: float | None
    high: float | None
    following: float | None
    exact: bool = True


MOST_RUNNING = 1000
"""Running jobs that a ``Scanner`` tells of at most."""


class Scanner(Protocol):
    """A server's jobs for whoever reads all of them; every method may raise as a ``Reader``'s."""

    keeps: bool
    """Whether entries can be loaded again at any time: an index need not hold them."""
    unhurried: float
    """Seconds between two rounds of a whole set, at least."""
    heads: float
    """Seconds for which the head of a queue, and both ends of a set, are new enough."""
    queues: int
    """Queues whose heads are worth reading, the longest."""
    head: int
    """Entries of each such head."""

    async def stretch(self, name: JobSet, start: float | None) -> ScanChunk:
        """Return the stretch that begins at ``start``, a ``following`` or an ``end``."""
        ...

    def end(self, total: int, highest: float | None) -> float | None:
        """Return where the last stretch of a set of this size begins.

        ``highest`` is the latest time that is known of it.
        """
        ...

    async def load(self, spots: Sequence[ScanCursor]) -> dict[int, StoredJob]:
        """Return the entries of spots that have none, by token; who has gone is left out."""
        ...

    def note(self, jobs: Sequence[StoredJob]) -> None:
        """Tell the server's reader of entries, so that it finds them by their ids."""
        ...

    async def queue_head(self, queue: str) -> tuple[StoredJob, ...]:
        """Return the next jobs of a queue.

        Raises:
            NotFoundError: there is no such queue.
        """
        ...

    async def running(self) -> tuple[StoredJob, ...]:
        """Return the jobs that run now, not more than ``MOST_RUNNING``."""
        ...

    async def close(self) -> None:
        """Release what it holds."""
        ...
