"""How long a search may run, checked between two entries and in the middle of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.wire.matching import matches


class DeadlineError(Exception):
    """The available time is over."""


class Deadline:
    """A moment on a clock (seconds)."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        """Set the deadline to ``seconds`` from now."""
        self.now = clock
        self._at = clock() + seconds

    def over(self) -> bool:
        """Return whether it has passed."""
        return self.now() >= self._at

    def check(self) -> None:
        """Raise ``DeadlineError`` when it has passed."""
        if self.over():
            raise DeadlineError

    def part(self, seconds: float) -> Deadline:
        """Return a deadline that many seconds from now, or this one if it comes first."""
        part = Deadline(self.now, seconds)
        part._at = min(self._at, part._at)
        return part

    def matches(self, wanted: JobQuery, job: StoredJob) -> bool:
        """Return whether a job matches.

        Raises:
            DeadlineError: the time ran out while it was examined.
        """
        return matches(wanted, job, self.check)


class ScanResult(NamedTuple):
    """The positions of the matches among some entries, of which ``looked_at`` were examined.

    ``skipped`` of those were passed over: each one alone takes more than all the available time.
    """

    hits: tuple[int, ...]
    looked_at: int
    skipped: int


async def look_through(
    wanted: JobQuery, jobs: Sequence[StoredJob], deadline: Deadline, *, first: bool
) -> ScanResult:
    """Examine entries while there is time, on a thread: they may be large.

    ``first`` means that a search begins with them: then the first is passed over when time runs
    out within it, so that the next search does not begin with it again.
    """
    return await asyncio.to_thread(_look_through, wanted, jobs, deadline, first=first)


def _look_through(
    wanted: JobQuery, jobs: Sequence[StoredJob], deadline: Deadline, *, first: bool
) -> ScanResult:
    hits: list[int] = []
    skipped = 0
    for position, job in enumerate(jobs):
        begins = first and not position
        if not begins and deadline.over():
            return ScanResult(tuple(hits), position, skipped)
        try:
            if deadline.matches(wanted, job):
                hits.append(position)
        except DeadlineError:
            if not begins:
                return ScanResult(tuple(hits), position, skipped)
            skipped = 1
    return ScanResult(tuple(hits), len(jobs), skipped)
