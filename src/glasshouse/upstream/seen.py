"""Entries that were seen in lists, to be found again by their id; not more than fits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from glasshouse.model.job import StoredJob

_MOST = 5000
_BYTES = 16 << 20
_EACH = 1 << 16
"""A longer payload is not kept."""


class Seen:
    """The entries that were seen last."""

    def __init__(self) -> None:
        """Remember none yet."""
        self._jobs: OrderedDict[tuple[str, str], StoredJob] = OrderedDict()
        self._bytes = 0

    def note(self, jobs: Iterable[StoredJob]) -> None:
        """Remember entries; one that is seen again takes the place of itself."""
        for job in jobs:
            self.forget(job)
            if len(job.payload) <= _EACH:
                self._jobs[_place(job)] = job
                self._bytes += len(job.payload)
        while len(self._jobs) > _MOST or self._bytes > _BYTES:
            _, old = self._jobs.popitem(last=False)
            self._bytes -= len(old.payload)

    def forget(self, job: StoredJob) -> None:
        """Forget an entry."""
        old = self._jobs.pop(_place(job), None)
        if old is not None:
            self._bytes -= len(old.payload)

    def having(self, jid: str) -> list[StoredJob]:
        """Return the entries with this id, the first seen first."""
        return [job for job in self._jobs.values() if job.jid == jid]


def _place(job: StoredJob) -> tuple[str, str]:
    return job.state.value, job.key or f"{job.queue} {job.jid}"
