"""How an index goes about: where its walk through a set stands, and how much it takes at once."""

from __future__ import annotations

from collections.abc import Iterable

from glasshouse.model.job import JobSet, StoredJob

_SETS = {JobSet.RETRIES: 1, JobSet.SCHEDULED: 2, JobSet.DEAD: 3}
_FEW, _BYTES = 20, 8 << 20
"""Entries that are taken at once at first, and about so many bytes."""
_DUTY = 4.0
"""What was walked once is walked again after so many times as long, at least."""


class SetScan:
    """Where the walk through one set stands."""

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
        """Since when everything in the set is known, as it was then."""

    def due(self, now: float, unhurried: float) -> bool:
        """Whether it goes on, or is to begin again."""
        if self.began_at is not None or self.whole_at is None:
            return True
        took = self.ended_at - self.whole_at
        return now - self.ended_at >= max(unhurried, _DUTY * took)


class Step:
    """How many entries are taken at once: fewer when they are large."""

    def __init__(self, most: int, few: int = _FEW) -> None:
        """Take ``most`` at most, and ``few`` however large they are."""
        self._most = most
        self._few = few
        self.count = min(most, few)

    def after(self, jobs: Iterable[StoredJob | None]) -> int:
        """Return how many to take after these."""
        sizes = [len(job.payload) for job in jobs if job is not None]
        if sizes:
            average = sum(sizes) // len(sizes) + 1
            self.count = max(self._few, min(self._most, _BYTES // average))
        return self.count
