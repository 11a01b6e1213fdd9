"""Entries that were seen in lists, to be found again by id; within a size limit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from glasshouse.model.job import JobState, StoredJob

_MOST = 5000
_BYTES = 16 << 20
_EACH = 1 << 16
_MOST_MISSED = 1000
_REST = 5.0
"""Seconds for which an id that was not found is not searched for everywhere again."""

_Place = tuple[str, str, bytes]


class Page(NamedTuple):
    """A page of a list: its number from 1, and about how many pages there were."""

    number: int
    last: int


class EntryCache:
    """The most recently seen entries."""

    def __init__(self, each: int = _EACH) -> None:
        """Begin empty; cache no payload of more than ``each`` bytes."""
        self._each = each
        self._jobs: OrderedDict[_Place, tuple[StoredJob, Page | None]] = OrderedDict()
        self._bytes = 0

    def note(self, jobs: Iterable[StoredJob], *, page: Page | None = None) -> None:
        """Cache entries; one that is seen again replaces itself.

        ``page`` is the page that they are on, where that is known. Running jobs are not cached: a
        request for them gets what runs now.
        """
        for job in jobs:
            if job.state is JobState.WORKING:
                continue
            known = self.page(job) if page is None else page
            self.forget(job)
            if len(job.payload) <= self._each:
                self._jobs[_place(job)] = job, known
                self._bytes += len(job.payload)
        while len(self._jobs) > _MOST or self._bytes > _BYTES:
            _, (old, _) = self._jobs.popitem(last=False)
            self._bytes -= len(old.payload)

    def forget(self, job: StoredJob) -> None:
        """Drop an entry."""
        old = self._jobs.pop(_place(job), None)
        if old is not None:
            self._bytes -= len(old[0].payload)

    def having(self, jid: str) -> list[StoredJob]:
        """Return the entries with this id, first seen first."""
        return [job for job, _ in self._jobs.values() if job.jid == jid]

    def page(self, job: StoredJob) -> Page | None:
        """Return the page on which an entry was last seen, if known."""
        return self._jobs.get(_place(job), (job, None))[1]


class MissCache:
    """Ids that were searched for everywhere and not found: not to be searched again at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin empty."""
        self._clock = clock
        self._at: OrderedDict[str, float] = OrderedDict()

    def note(self, jid: str) -> None:
        """Record that an id was searched for now; a recent record stays unchanged."""
        if not self.lately(jid):
            self._at.pop(jid, None)
            self._at[jid] = self._clock()
        while len(self._at) > _MOST_MISSED:
            self._at.popitem(last=False)

    def lately(self, jid: str) -> bool:
        """Return whether an id was searched for within the last seconds."""
        at = self._at.get(jid)
        return at is not None and 0 <= self._clock() - at < _REST


def _place(job: StoredJob) -> _Place:
    if job.key is not None:
        return job.state.value, job.key, b""
    # One queue may hold two entries with the same id.
    return job.state.value, job.queue, job.payload
