"""How long a search may go on, asked for between two entries and in the midst of one."""

from __future__ import annotations

from collections.abc import Callable

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.wire.matching import matches


class OutOfTimeError(Exception):
    """The time that there was is over."""


class Deadline:
    """A moment that a clock comes to (seconds)."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        """End so many seconds from now."""
        self.now = clock
        self._at = clock() + seconds

    def over(self) -> bool:
        """Return whether it has come."""
        return self.now() >= self._at

    def check(self) -> None:
        """Raise ``OutOfTimeError`` when it has come."""
        if self.over():
            raise OutOfTimeError

    def part(self, seconds: float) -> Deadline:
        """Return the end of so many seconds from now, or this one if it comes before."""
        part = Deadline(self.now, seconds)
        part._at = min(self._at, part._at)
        return part

    def matches(self, wanted: JobQuery, job: StoredJob) -> bool:
        """Return whether a job is what is looked for.

        Raises:
            OutOfTimeError: the time ran out while it was looked through.
        """
        return matches(wanted, job, self.check)
