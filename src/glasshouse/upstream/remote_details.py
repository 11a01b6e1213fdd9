"""Entries of which a list of Faktory's shows but the beginning, as their own pages tell them.

Whether an error tells something that is hidden cannot be known from arguments that are cut
off, so entries that failed are read whole: each once, few at a time, for as long as somebody
waits for a list and then on by themselves. What was read is remembered as long as it fits.
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
"""Seconds for which a list waits for what is not known yet of its entries."""
_REST = 5.0
"""Seconds in which none is read after one could not be."""
_AT_ONCE = 25
"""Entries that are read or wait for it at a time; others are, when their list is read again."""
_MOST, _BYTES, _EACH = 5000, 16 << 20, 256 << 10
"""Entries that are remembered, their bytes in all, and of one: of a longer one that it is."""

Get = Callable[[str], Awaitable[bytes]]


class EntryDetails:
    """What is known of entries beyond what their lists show."""

    def __init__(self, get: Get) -> None:
        """Read pages by ``get``."""
        self._get = get
        self._known: OrderedDict[StoredJob, StoredJob] = OrderedDict()
        self._bytes = 0
        self._rest_until = 0.0
        self._reading: dict[StoredJob, asyncio.Task[None]] = {}

    def known(self, jobs: Iterable[StoredJob]) -> list[StoredJob]:
        """Return entries of lists, those whole of which more is known."""
        found: list[StoredJob] = []
        for job in jobs:
            whole = self._known.get(job)
            if whole is not None:
                self._known.move_to_end(job)
            found.append(whole or job)
        return found

    async def completed(self, jobs: Sequence[StoredJob]) -> tuple[StoredJob, ...]:
        """Return entries of lists, those whole of which more is known or soon to be had."""
        wanted = [job for job in jobs if is_cut(job) and job not in self._known]
        rests = time.monotonic() < self._rest_until
        for job in wanted:
            if job not in self._reading and len(self._reading) < _AT_ONCE and not rests:
                self._reading[job] = asyncio.create_task(self._read(job))
        tasks = [self._reading[job] for job in wanted if job in self._reading]
        if tasks:
            # Whoever leaves takes it from nobody.
            await asyncio.wait(tasks, timeout=PATIENCE)
        return tuple(self.known(jobs))

    async def close(self) -> None:
        """End what is being read."""
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
        # One that stays as it is needs not be asked for again.
        self._known[job] = whole if _weight(whole) <= _EACH else job
        self._bytes += _weight(job) + _weight(self._known[job])
        while len(self._known) > _MOST or self._bytes > _BYTES:
            old, known = self._known.popitem(last=False)
            self._bytes -= _weight(old) + _weight(known)


def is_cut(job: StoredJob) -> bool:
    """Return whether an entry failed, and its list shows but the beginning of its arguments."""
    cut = job.partial and job.shown_args is not None and job.rounded_args is None
    return cut and job.state is not JobState.SCHEDULED and has_page(job)


def has_page(job: StoredJob) -> bool:
    """Return whether Faktory can be asked for an entry by a page of its own."""
    # It takes a key apart at its bar; from what looks like dot segments old versions lead away.
    if job.key is None or job.key.count("|") != 1 or {".", ".."} & set(job.key.split("/")[1:]):
        return False
    # It cannot show that of a job which was killed before it ever failed.
    return job.state is JobState.SCHEDULED or "failure" in fields(job.payload)


async def detailed(job: StoredJob, get: Get) -> StoredJob | None:
    """Return an entry with what its own page tells; ``None`` when that is another's.

    Raises:
        NotFoundError: the entry has left.
        UpstreamUnavailableError: its page cannot be had.
    """
    assert job.key is not None
    name = JobSet(job.state.value)
    page = read_job(name, await get(f"{set_path(name)}/{quote(job.key, safe='')}"))
    # Faktory looks by the time alone where one entry has it.
    return remote_jobs.detailed(job, page) if page.jid == job.jid else None


def _weight(job: StoredJob) -> int:
    return 512 + len(job.payload) + len(job.rounded_args or b"") + 4 * len(job.shown_args or "")
