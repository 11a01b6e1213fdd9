"""A real Faktory's jobs for an index, from its pages: slowly, with turns that no one else wants."""

from __future__ import annotations

import math
from collections.abc import Sequence

from glasshouse.faktory_ui.jobs import QueuedJob, queue_path, read_queue, read_set, set_path
from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.listing import ListQuery
from glasshouse.upstream import remote_jobs
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import listed_by, no_queue
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_lists import ROWS
from glasshouse.upstream.scan import MOST_RUNNING, ScanChunk, ScanCursor, token_of


class RemoteScanner:
    """A ``Scanner`` of a Faktory's Web UI. A chunk's start is the number of a page."""

    keeps = False
    unhurried = 20.0
    heads = 5.0
    queues = 10
    head = 2 * ROWS

    def __init__(self, reader: RemoteReader, pages: WebPages) -> None:
        """Read ``pages``, whose turns should be spare ones; ``reader`` knows the queues."""
        self._reader = reader
        self._pages = pages

    async def stretch(self, name: JobSet, start: float | None) -> ScanChunk:
        """Return one page."""
        number = 1 if start is None else int(start)
        html = await self._pages.get(f"{set_path(name)}?page={number}")
        jobs = [remote_jobs.listed(row, name) for row in read_set(name, html)]
        whole = len(jobs) >= ROWS
        return ScanChunk(
            spots=tuple(_spot(job) for job in jobs),
            # After the very last page there is nothing, not even where it begins.
            low=None if number == 1 else jobs[0].at if jobs else math.inf,
            high=jobs[-1].at if whole else None,
            following=number + 1.0 if whole else None,
            exact=False,
        )

    def end(self, total: int, highest: float | None) -> float | None:
        """Return the last page."""
        return float(max(1, -(-total // ROWS)))

    async def load(self, spots: Sequence[ScanCursor]) -> dict[int, StoredJob]:
        """Return none: every cursor comes with its entry."""
        return {}

    def note(self, jobs: Sequence[StoredJob]) -> None:
        """Pass entries on to the reader, so that it finds them by their ids."""
        self._reader.note(jobs)

    async def queue_head(self, queue: str) -> tuple[StoredJob, ...]:
        """Return the next jobs of a queue: those on its last page and on the page before."""
        info, _ = await self._reader.info(60.0)
        total = info.faktory.queues.get(queue)
        if total is None:
            raise no_queue(queue)
        last = max(1, -(-total // ROWS))
        rows: list[QueuedJob] = []
        for number in range(max(1, last - 1), last + 1):
            html = await listed_by(queue, self._pages.get(f"{queue_path(queue)}?page={number}"))
            rows += read_queue(queue, html)[:ROWS]
        return tuple(remote_jobs.queued(row, queue) for row in reversed(rows))

    async def running(self) -> tuple[StoredJob, ...]:
        """Return the currently running jobs."""
        return (await self._reader.working_jobs(ListQuery(per_page=MOST_RUNNING))).items

    async def close(self) -> None:
        """Close its connections."""
        await self._pages.close()


def _spot(job: StoredJob) -> ScanCursor:
    return ScanCursor(job.at or 0.0, token_of((job.key or "").encode(errors="replace")), job)
