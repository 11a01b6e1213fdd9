"""The pace of an index: where its walk through a set is, and how much it reads at once."""

from __future__ import annotations

from collections.abc import Iterable

from glasshouse.model.job import JobSet, StoredJob

_SETS = {JobSet.RETRIES: 1, JobSet.SCHEDULED: 2, JobSet.DEAD: 3}
_FEW, _BYTES = 20, 8 << 20
"""Entries read at once at first, and about how many bytes."""
_DUTY = 4.0
"""A completed walk is repeated after at least this many times its duration."""


class SetScan:
    """The position of the walk through one set."""

    def __init__(self, name: JobSet) -> None:
        self.name = name
        self.number = _SETS[name]
        self.round = 1
        self.start: float | None = None
        self.before: float | None = None
        self.began_at: float | None = None
        self.ended_at = 0.0
        self.looked_at = 0.0
        self.known: int | None = None
        self.whole_at: float | None = None
        """The time as of which everything in the set is known."""

    def due(self, now: float, unhurried: float) -> bool:
        """Whether it continues, or is to begin again."""
        if self.began_at is not None or self.whole_at is None:
            return True
        took = self.ended_at - self.whole_at
        return now - self.ended_at >= max(unhurried, _DUTY * took)


class Step:
    """How many entries are read at once: fewer when they are large."""

    def __init__(self, most: int, few: int = _FEW) -> None:
        """Read at most ``most``, and ``few`` however large they are."""
        self._most = most
        self._few = few
        self.count = min(most, few)

    def after(self, jobs: Iterable[StoredJob | None]) -> int:
        """Return how many to read after these."""
        sizes = [len(job.payload) for job in jobs if job is not None]
        if sizes:
            average = sum(sizes) // len(sizes) + 1
            self.count = max(self._few, min(self._most, _BYTES // average))
        return self.count
