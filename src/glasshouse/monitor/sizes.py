"""The approximate size in bytes of what was read, for caches that are bounded by it."""

from __future__ import annotations

from glasshouse.model.finished import Executions, FinishedJob, FinishedPage
from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage
from glasshouse.model.search_result import SearchResult
from glasshouse.upstream.timed_cache import At


def of_page(page: JobPage) -> int:
    """Return the bytes of a page of a list."""
    return of_jobs(page.items)


def of_log(page: FinishedPage | Executions | None) -> int:
    """Return the bytes of executions; for ``None``, those of an empty result."""
    return 512 if page is None else sum(map(_of_entry, page.items), start=512)


def _of_entry(entry: FinishedJob) -> int:
    texts = (entry.jid, entry.jobtype, entry.queue, entry.wid, entry.errtype or "")
    return sum(map(len, texts), start=512)


def of_found(result: At[SearchResult]) -> int:
    """Return the bytes of what a search found."""
    return of_jobs(result.value.items)


def of_jobs(jobs: tuple[StoredJob, ...]) -> int:
    """Return the bytes of jobs: their payloads, and the overhead of each."""
    return sum(len(job.payload) + 512 for job in jobs)
