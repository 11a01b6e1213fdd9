"""A job server in memory that obeys ``upstream.Reader``, small pages, and a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.finished import (
    Executions,
    FinishedFilter,
    FinishedJob,
    FinishedPage,
    TimesTable,
    TypeTimes,
)
from glasshouse.model.history import Day, History
from glasshouse.model.job import JobSet, JobState, Outcome, StoredJob
from glasshouse.model.listing import Entries, JobPage, ListQuery, Searched
from glasshouse.model.parameters import Parameter, Parameters, listed
from glasshouse.model.server import Queue, ServerState, SetSizes, Worker
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.monitor.sampler import Pace
from glasshouse.monitor.view import MonitorView
from glasshouse.upstream.scan import ScanChunk, ScanCursor
from glasshouse.web.app import Application, create_app
from glasshouse.web.http.static import Assets
from glasshouse.web.request.context import PageContext, PageResult
from glasshouse.web.request.routes import ROUTES, Kind
from glasshouse.web.request.viewer import stranger
from glasshouse.wire.matching import matches
from tests.steady import LONG
from tests.web.serving import serving

NOW = 1_800_000_000.0
FAST = Pace(watched=0.005, idle=0.005, fault=0.005, between_reads=0.005, refresh=0.05)


def stored(jid: str, queue: str = "mail", **fields: object) -> StoredJob:
    payload = {"jid": jid, "jobtype": "Send", "queue": queue, "args": [1], **fields}
    return StoredJob(
        state=JobState.ENQUEUED,
        jid=jid,
        jobtype="Send",
        queue=queue,
        payload=json.dumps(payload).encode(),
    )


def ended(number: int, jid: str, outcome: Outcome = Outcome.DONE, **fields: Any) -> FinishedJob:
    """Return an entry of the log that waited 2 s and ran 0.25 s until ``NOW``."""
    facts: dict[str, Any] = {
        "jobtype": "Send",
        "queue": "mail",
        "wid": "w1",
        "enqueued_at": NOW - 2.25,
        "reserved_at": NOW - 0.25,
        "finished_at": NOW,
        "errtype": None if outcome is Outcome.DONE else "Timeout",
        "echoes": (),
    }
    return FinishedJob(id=number, jid=jid, outcome=outcome, **(facts | fields))


class FakeReader:
    """Lists held in dictionaries; ``gone`` makes it unreachable.

    ``log`` is oldest first; ``None`` stands for a server that keeps none, as
    ``settings`` does for one without parameters.
    """

    def __init__(self) -> None:
        self.queues: dict[str, list[StoredJob]] = {"mail": [stored("mail0001")]}
        self.sets: dict[JobSet, list[StoredJob]] = {name: [] for name in JobSet}
        self.version = 0
        self.gone = False
        self.log: list[FinishedJob] | None = []
        self.settings: Parameters | None = Parameters()
        self.log_reads = 0

    def push(self, job: StoredJob) -> None:
        self.queues.setdefault(job.queue, []).append(job)
        self.version += 1

    async def change_token(self) -> Hashable:
        if self.gone:
            raise UpstreamUnavailableError("The server is gone.")
        return self.version

    async def state(self) -> ServerState:
        worker = Worker(wid="w1", hostname="h", pid=7, started_at=NOW - 60)
        queues = [Queue(name=name, size=len(jobs)) for name, jobs in self.queues.items()]
        return ServerState(
            read_at=NOW,
            description="Faktory",
            version="1",
            queues=tuple(queues),
            sets=SetSizes(**{name.value: len(jobs) for name, jobs in self.sets.items()}),
            processed=2,
            failures=1,
            workers=(worker,),
        )

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        if queue not in self.queues:
            raise NotFoundError(f"The queue {queue!r} does not exist.")
        return _page(self.queues[queue], query)

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        return _page(self.sets[name], query)

    async def working_jobs(self, query: ListQuery) -> JobPage:
        return _page([], query)

    async def jobs(self, jid: str) -> Entries:
        every = [job for jobs in (*self.queues.values(), *self.sets.values()) for job in jobs]
        found = tuple(job for job in every if job.jid == jid)
        return Entries(found[:100], len(found))

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        self.log_reads += 1
        if self.log is None:
            return None
        until = wanted.until or len(self.log)
        found = [item for item in reversed(self.log[:until]) if _wanted(item, wanted)]
        return FinishedPage(
            items=tuple(found[(page - 1) * per_page : page * per_page]),
            total=len(found),
            held=len(self.log),
            newer=len(self.log[until:]),
            searched=len(self.log[:until]),
            newest=until,
            page=page,
            per_page=per_page,
            read_at=NOW,
        )

    async def executions(self, jid: str) -> Executions | None:
        if self.log is None:
            return None
        found = tuple(item for item in reversed(self.log) if item.jid == jid)
        return Executions(items=found[:100], more=len(found) > 100, read_at=NOW)

    async def type_times(self) -> TimesTable | None:
        if self.log is None:
            return None
        names = sorted({item.jobtype for item in self.log})
        return TimesTable(
            types=tuple(_times(name) for name in names),
            type_count=len(names),
            executions=len(self.log),
            held=len(self.log),
            first_at=self.log[0].finished_at if self.log else None,
            last_at=self.log[-1].finished_at if self.log else None,
            read_at=NOW,
        )

    async def history(self, days: int) -> History:
        today = datetime.fromtimestamp(NOW, UTC).date()
        return History(
            days=tuple(
                Day(today - timedelta(days=back), 10 * back, back)
                for back in range(days - 1, -1, -1)
            ),
            read_at=NOW,
            utc=True,
        )

    async def parameters(self) -> tuple[Parameter, ...] | None:
        return None if self.settings is None else listed(self.settings)

    async def close(self) -> None:
        self.gone = True


class FakeScanner:
    """What a fake server holds, for an index."""

    keeps = False
    unhurried = heads = 0.01
    queues = head = 10

    def __init__(self, reader: FakeReader) -> None:
        self._reader = reader

    async def stretch(self, name: JobSet, start: float | None) -> ScanChunk:
        spots = tuple(
            ScanCursor(job.at or 0.0, hash(job.jid), job) for job in self._reader.sets[name]
        )
        return ScanChunk(spots=spots, low=None, high=None, following=None)

    def end(self, total: int, highest: float | None) -> float | None:
        return None

    async def load(self, spots: Sequence[ScanCursor]) -> dict[int, StoredJob]:
        return {}

    def note(self, jobs: Sequence[StoredJob]) -> None:
        pass

    async def queue_head(self, queue: str) -> tuple[StoredJob, ...]:
        return tuple(self._reader.queues[queue])

    async def running(self) -> tuple[StoredJob, ...]:
        return ()

    async def close(self) -> None:
        pass


def _wanted(item: FinishedJob, wanted: FinishedFilter) -> bool:
    return (
        wanted.jid in (None, item.jid)
        and wanted.jobtype in (None, item.jobtype)
        and wanted.queue in (None, item.queue)
        and (wanted.error or "").lower() in (item.errtype or "").lower()
        and (not wanted.outcomes or item.outcome in wanted.outcomes)
    )


def _times(jobtype: str) -> TypeTimes:
    return TypeTimes(
        jobtype=jobtype,
        count=3,
        failed=1,
        wait_median=None,
        wait_p95=None,
        run_median=0.25,
        run_p95=0.5,
        run_most=75.0,
    )


def _page(jobs: list[StoredJob], query: ListQuery) -> JobPage:
    """Return a page as a server does that knows no places, like real Faktory."""
    wanted = query.wanted
    found = jobs if wanted is None else [job for job in jobs if matches(wanted, job)]
    first = (query.page - 1) * query.per_page
    return JobPage(
        items=tuple(found[first : first + query.per_page]),
        total=len(jobs),
        page=query.page,
        per_page=query.per_page,
        read_at=NOW,
        first=first + 1 if wanted is None else None,
        searched=None if wanted is None else Searched(len(jobs), complete=True),
    )


class View(msgspec.Struct):
    text: str


class PlainRenderer:
    """Counts what it lays out; escapes nothing because nothing hostile gets here."""

    def __init__(self) -> None:
        self.fragments: list[str] = []

    def page(self, result: PageResult, context: PageContext) -> bytes:
        return f"<html>{result.view}{'x' * 2000}</html>".encode()

    def fragment(self, result: PageResult, context: PageContext) -> bytes:
        self.fragments.append(context.path)
        return str(result.view).encode()

    def error(
        self, status: int, code: str, detail: str, remedy: str, context: PageContext | None
    ) -> bytes:
        return f"<html>{status} {code}</html>".encode()

    def error_fragment(
        self, status: int, code: str, detail: str, remedy: str, context: PageContext
    ) -> bytes:
        return f"{status} {code} {detail}".encode()


async def a_page(context: PageContext) -> PageResult:
    server = context.server
    text = dict(context.params)
    if server is not None and "queue" in context.params:
        found = await server.queue_jobs(context.params["queue"], ListQuery())
        text["total"] = str(found.total)
    if "boom" in context.params.values():
        raise RuntimeError("a page that fails")
    return PageResult(template="t", view=View(str(text)), title="T")


NAMES = [route.name for route in ROUTES if route.kind is Kind.PAGE]
ASSETS = Assets({"app-1.js": b"let a=1;" * 400}, {"app.js": "app-1.js"})


def seen(server: ServerMonitor) -> MonitorView:
    """Return a monitor of one server as a viewer sees it."""
    return MonitorView(Monitor({server.name: server}), stranger().sees)


class House:
    """An application over a fake server."""

    def __init__(self, clock: Callable[[], float] = lambda: NOW) -> None:
        self.reader = FakeReader()
        self.server = ServerMonitor(
            "main", self.reader, clock=clock, pace=FAST, scanner=FakeScanner(self.reader)
        )
        self.renderer = PlainRenderer()
        self.monitor = Monitor({"main": self.server})
        self.app: Application = create_app(
            self.monitor,
            clock=clock,
            pages=dict.fromkeys(NAMES, a_page),
            renderer=self.renderer,
            assets=ASSETS,
            heartbeat=0.05,
        )

    @contextlib.asynccontextmanager
    async def sampled(self) -> AsyncIterator[None]:
        async with self.monitor.running():
            async for snapshot in self.server.watch():
                if snapshot.state is not None:
                    break
            yield

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """Serve on a free loopback port by the real uvicorn."""
        async with self.sampled(), serving(self.app) as port:
            yield port


async def exchange(port: int, request: bytes, *, answers: int | None = None) -> bytes:
    """Send raw bytes; return what comes until the server closes, or so many whole answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with contextlib.suppress(ConnectionError):
        writer.write(request)
        async with asyncio.timeout(LONG):
            while (answers is None or _whole(answer) < answers) and (
                chunk := await reader.read(65536)
            ):
                answer += chunk
    writer.close()
    return answer


def _whole(answer: bytes) -> int:
    """Return how many answers are there from head to end."""
    found = 0
    while size := re.search(rb"\r\ncontent-length: (\d+)\r\n(?:.+\r\n)*\r\n", answer):
        if len(answer) < (end := size.end() + int(size[1])):
            break
        answer, found = answer[end:], found + 1
    return found
