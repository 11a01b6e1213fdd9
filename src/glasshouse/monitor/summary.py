"""What an overview needs of a server's lists: the first entries of some, read together.

Each read is small, and all together are paced like a search: their cost is
bounded by time, not by how fast the server changes.
"""

from __future__ import annotations

import asyncio

import msgspec

from glasshouse.model.finished import FAILED, FinishedFilter, FinishedJob, FinishedPage
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.listing import ListQuery
from glasshouse.upstream.reader import Reader

FIRST = 5
"""How many entries of a list are read."""


class FailedRun(msgspec.Struct, frozen=True):
    """An execution that failed, and the job as it is now, if it still waits or is dead."""

    run: FinishedJob
    job: StoredJob | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The first entries of each list, at most ``FIRST``.

    ``scheduled`` and ``retries`` are soonest first, ``expiring`` are running jobs
    whose reservations end first. ``failed`` are the newest failures; ``None`` when
    the server keeps no log of them. ``read_at`` is when they were read, or last known to be
    unchanged (Unix seconds).
    """

    scheduled: tuple[StoredJob, ...] = ()
    retries: tuple[StoredJob, ...] = ()
    expiring: tuple[StoredJob, ...] = ()
    failed: tuple[FailedRun, ...] | None = None
    read_at: float = 0.0


async def read_summary(reader: Reader, now: float) -> Summary:
    """Return the first entries of each list of ``reader``, as of ``now`` (Unix seconds).

    Raises:
        UpstreamUnavailableError: the server cannot be read.
    """
    few = ListQuery(per_page=FIRST)
    scheduled, retries, expiring, failed = await asyncio.gather(
        reader.set_jobs(JobSet.SCHEDULED, few),
        reader.set_jobs(JobSet.RETRIES, few),
        reader.working_jobs(few),
        reader.finished(FinishedFilter(outcomes=FAILED), page=1, per_page=FIRST),
    )
    return Summary(
        scheduled=scheduled.items,
        retries=retries.items,
        expiring=expiring.items,
        failed=None if failed is None else await _with_jobs(reader, failed),
        read_at=now,
    )


async def _with_jobs(reader: Reader, page: FinishedPage) -> tuple[FailedRun, ...]:
    entries = await asyncio.gather(*(reader.jobs(run.jid) for run in page.items))
    return tuple(
        FailedRun(run, _failed_copy(jobs.items))
        for run, jobs in zip(page.items, entries, strict=True)
    )


def _failed_copy(jobs: tuple[StoredJob, ...]) -> StoredJob | None:
    """Return the copy of a job that holds its failure; ids may repeat."""
    failed = (job for job in jobs if job.state in {JobState.RETRIES, JobState.DEAD})
    return next(failed, None)


def weight(summary: Summary) -> int:
    """Return about how many bytes a summary holds."""
    failed = [run.job for run in summary.failed or () if run.job is not None]
    jobs = (*summary.scheduled, *summary.retries, *summary.expiring, *failed)
    return sum((len(job.payload) + 512 for job in jobs), start=512)
