"""A Web UI over the embedded engine: with its command port, a whole Faktory for the remote reader.

It shows what Faktory's own pages would show of the same jobs, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import WorkerState
from glasshouse.upstream.embedded import EmbeddedReader
from tests.faktory_ui import pages
from tests.upstream.standin import Answering, page, web

ROWS = 25
SETS = {"retries": JobSet.RETRIES, "scheduled": JobSet.SCHEDULED, "morgue": JobSet.DEAD}


class EngineWeb:
    """Pages of what ``reader`` reads; ``web`` is where they are served."""

    def __init__(self, reader: EmbeddedReader) -> None:
        self._reader = reader
        self.web = Answering(web(self._answer))

    async def close(self) -> None:
        """Let the engine go."""
        await self._reader.close()

    async def _answer(self, path: str) -> bytes:
        parts = urlsplit(path)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        kind, _, name = unquote(parts.path).removeprefix("/").partition("/")
        if kind in SETS:
            return await self._job(kind, name) if name else page(await self._set(kind, number))
        if kind == "queues":
            return await self._queue(name, number) if name else page(await self._queues())
        if kind == "busy":
            return page(await self._busy())
        return page(pages.dashboard({}))

    async def _set(self, kind: str, number: int) -> bytes:
        query = ListQuery(page=number, backwards=kind == "morgue")
        found = await self._reader.set_jobs(SETS[kind], query)
        return pages.set_page(f"/{kind}", [_facts(job) for job in found.items])

    async def _job(self, kind: str, key: str) -> bytes:
        jid = key.partition("|")[2]
        for job in (await self._reader.jobs(jid)).items:
            if job.key == key:
                return page(pages.job_page(_facts(job)))
        return page(b"", "307 Temporary Redirect", f"Location: /{kind}\r\n")

    async def _queue(self, name: str, number: int) -> bytes:
        try:
            newest = await self._newest(name, number)
        except NotFoundError:
            return page(b"", "302 Found", "Location: /queues\r\n")
        # One too many: the 26th row.
        more = (await self._newest(name, number + 1)).items[:1] if newest.items else ()
        return page(pages.queue_page(name, [job.payload for job in (*newest.items, *more)]))

    async def _newest(self, name: str, number: int) -> JobPage:
        return await self._reader.queue_jobs(name, ListQuery(page=number, backwards=True))

    async def _queues(self) -> bytes:
        state = await self._reader.state()
        return pages.queues_page(
            {queue.name: (queue.size, bool(queue.paused)) for queue in state.queues}
        )

    async def _busy(self) -> bytes:
        state = await self._reader.state()
        held = (await self._reader.working_jobs(ListQuery(per_page=1000))).items
        workers = [
            {
                "wid": worker.wid, "hostname": worker.hostname, "pid": worker.pid or 0,
                "labels": worker.labels, "quiet": worker.state is not WorkerState.RUNNING,
                "rss": f"{worker.rss_kb or 0} KB", "busy": worker.busy,
            }
            for worker in state.workers or ()
        ]  # fmt: skip
        return pages.busy_page(workers, [{**_facts(job), "wid": job.wid or ""} for job in held])


def _facts(job: StoredJob) -> Mapping[str, Any]:
    told: dict[str, Any] = json.loads(job.payload)
    failure = told.get("failure")
    if failure is not None:
        blank = {"retry_count": 0, "errtype": "", "message": "", "backtrace": []}
        told["failure"] = {**blank, **failure}
    return {"args": [], **told, "key": job.key, "queue": job.queue, "jobtype": job.jobtype}
