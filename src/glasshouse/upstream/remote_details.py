"""Entries that Faktory's lists show only in part, completed from their own pages.

Truncated arguments do not show whether an error reveals something hidden, so failed entries are
read whole: each once, few at a time, for as long as someone waits for a list and then in the
background. What was read is cached as long as it fits.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import quote

from glasshouse.faktory_ui.jobs import read_job, set_path
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.upstream import remote_jobs
from glasshouse.wire.lenient import fields

PATIENCE = 0.8
"""Seconds for which a list waits for what is not yet known of its entries."""
_REST = 5.0
"""Seconds without reads after one failed."""
_AT_ONCE = 25
"""Entries being read or waiting for it at a time; others follow when their list is reread."""
_MOST, _BYTES, _EACH = 5000, 16 << 20, 256 << 10
"""Cached entries, their bytes in total and each; a longer one is kept as listed."""

Get = Callable[[str], Awaitable[bytes]]


class EntryDetails:
    """What is known of entries beyond what their lists show."""

    def __init__(self, get: Get) -> None:
        """Read pages with ``get``."""
        self._get = get
        self._known: OrderedDict[StoredJob, StoredJob] = OrderedDict()
        self._bytes = 0
        self._rest_until = 0.0
        self._reading: dict[StoredJob, asyncio.Task[None]] = {}

    def known(self, jobs: Iterable[StoredJob]) -> list[StoredJob]:
        """Return entries of lists, complete where more is known."""
        known_jobs: list[StoredJob] = []
        for job in jobs:
            whole = self._known.get(job)
            if whole is not None:
                self._known.move_to_end(job)
            known_jobs.append(whole or job)
        return known_jobs

    async def completed(self, jobs: Sequence[StoredJob]) -> tuple[StoredJob, ...]:
        """Return entries of lists, complete where more is known or soon available."""
        wanted = [job for job in jobs if is_cut(job) and job not in self._known]
        rests = time.monotonic() < self._rest_until
        for job in wanted:
            if job not in self._reading and len(self._reading) < _AT_ONCE and not rests:
                self._reading[job] = asyncio.create_task(self._read(job))
        tasks = [self._reading[job] for job in wanted if job in self._reading]
        if tasks:
            # A caller that leaves does not take it away from others.
            await asyncio.wait(tasks, timeout=PATIENCE)
        return tuple(self.known(jobs))

    async def close(self) -> None:
        """End the reads under way."""
        tasks = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, job: StoredJob) -> None:
        try:
            self._keep(job, await detailed(job, self._get) or job)
        except NotFoundError:
            # It has left its list.
            return
        except UpstreamUnavailableError:
            self._rest_until = time.monotonic() + _REST
        finally:
            del self._reading[job]

    def _keep(self, job: StoredJob, whole: StoredJob) -> None:
        # An entry that stays as it is need not be read again.
        self._known[job] = whole if _weight(whole) <= _EACH else job
        self._bytes += _weight(job) + _weight(self._known[job])
        while len(self._known) > _MOST or self._bytes > _BYTES:
            old, known = self._known.popitem(last=False)
            self._bytes -= _weight(old) + _weight(known)


def is_cut(job: StoredJob) -> bool:
    """Return whether an entry failed and its list shows only the beginning of its arguments."""
    cut = job.partial and job.shown_args is not None and job.rounded_args is None
    return cut and job.state is not JobState.SCHEDULED and has_page(job)


def has_page(job: StoredJob) -> bool:
    """Return whether Faktory has a page for this entry."""
    # It splits a key at its bar; old versions redirect away from what looks like dot segments.
    if job.key is None or job.key.count("|") != 1 or {".", ".."} & set(job.key.split("/")[1:]):
        return False
    # It cannot show the page of a job that was killed before it ever failed.
    return job.state is JobState.SCHEDULED or "failure" in fields(job.payload)


async def detailed(job: StoredJob, get: Get) -> StoredJob | None:
    """Return an entry completed from its own page; ``None`` when that page is another entry's.

    Raises:
        NotFoundError: the entry has left.
        UpstreamUnavailableError: its page is not available.
    """
    assert job.key is not None
    name = JobSet(job.state.value)
    page = read_job(name, await get(f"{set_path(name)}/{quote(job.key, safe='')}"))
    # Faktory searches by the time alone where one entry has it.
    return remote_jobs.detailed(job, page) if page.jid == job.jid else None


def _weight(job: StoredJob) -> int:
    return 512 + len(job.payload) + len(job.rounded_args or b"") + 4 * len(job.shown_args or "")
