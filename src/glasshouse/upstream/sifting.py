"""Which of some jobs a search looks for, without anybody else waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.wire.matching import matches

AT_ONCE = 4 << 10
"""Bytes of stored jobs that are looked at on the loop."""


async def sift(wanted: JobQuery, jobs: Sequence[StoredJob]) -> list[bool]:
    """Return of each job whether it matches; what takes long is done on a thread."""

    def look() -> list[bool]:
        return [matches(wanted, job) for job in jobs]

    if sum(len(job.payload) for job in jobs) <= AT_ONCE:
        return look()
    return await asyncio.to_thread(look)
