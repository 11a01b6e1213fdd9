"""Walking all jobs of a server piece by piece, for an index of them.

A *scan chunk* is a part of a set in the order of its entries' times, and contains every entry
between two times. A walk from chunk to chunk sees the whole set; what came or went meanwhile is
seen on the next round.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from glasshouse.model.job import JobSet, StoredJob


def token_of(entry: bytes) -> int:
    """Return a number that identifies an entry: 63 bits of a digest of its bytes."""
    return int.from_bytes(hashlib.blake2b(entry, digest_size=8).digest()) >> 1


class ScanCursor(msgspec.Struct, frozen=True):
    """An entry of a set: its time, and a number that distinguishes it from others of that time.

    ``job`` is ``None`` where it is read only on demand; see ``Scanner.load``.
    """

    score: float
    token: int
    job: StoredJob | None = None


class ScanChunk(msgspec.Struct, frozen=True, kw_only=True):
    """All entries of a set from ``low`` to below ``high``, at one moment.

    ``None`` is the end of the set. ``following`` is where the next chunk begins, and
    ``None`` after the last. Where ``exact`` is false, entries at the bounds themselves,
    and between two chunks, may be missing.
    """

    spots: tuple[ScanCursor, ...]
    low: float | None
    high: float | None
    following: float | None
    exact: bool = True


MOST_RUNNING = 1000
"""Maximum number of running jobs that a ``Scanner`` returns."""


class Scanner(Protocol):
    """A server's jobs for reading all of them; every method may raise as a ``Reader``'s."""

    keeps: bool
    """Whether entries can be loaded again at any time: an index need not hold them."""
    unhurried: float
    """Minimum seconds between two rounds of a whole set."""
    heads: float
    """Seconds for which the head of a queue, and both ends of a set, are fresh enough."""
    queues: int
    """How many queues, the longest ones, have heads worth reading."""
    head: int
    """Entries of each such head."""

    async def stretch(self, name: JobSet, start: float | None) -> ScanChunk:
        """Return the chunk that begins at ``start``, a ``following`` or an ``end``."""
        ...

    def end(self, total: int, highest: float | None) -> float | None:
        """Return where the last chunk of a set of this size begins.

        ``highest`` is its latest known time.
        """
        ...

    async def load(self, spots: Sequence[ScanCursor]) -> dict[int, StoredJob]:
        """Return the entries of cursors that have none, by token; omit those that are gone."""
        ...

    def note(self, jobs: Sequence[StoredJob]) -> None:
        """Pass entries on to the server's reader, so that it finds them by their ids."""
        ...

    async def queue_head(self, queue: str) -> tuple[StoredJob, ...]:
        """Return the next jobs of a queue.

        Raises:
            NotFoundError: there is no such queue.
        """
        ...

    async def running(self) -> tuple[StoredJob, ...]:
        """Return the currently running jobs, at most ``MOST_RUNNING``."""
        ...

    async def close(self) -> None:
        """Release what it holds."""
        ...
