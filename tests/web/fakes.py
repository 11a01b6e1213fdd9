"""A job server in memory that obeys ``upstream.Reader``, small pages, and a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Hashable

import msgspec

from glasshouse.floor.floor import Floor, ServerFloor
from glasshouse.floor.sampler import Pace
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobPage, JobSet, JobState, StoredJob
from glasshouse.model.server import Queue, ServerState, SetSizes, Worker
from glasshouse.web.app import Application, create_app
from glasshouse.web.context import PageContext, PageResult
from glasshouse.web.serve import serve
from glasshouse.web.static import Assets

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


class FakeReader:
    """Lists held in dictionaries; ``gone`` makes it unreachable."""

    def __init__(self) -> None:
        self.queues: dict[str, list[StoredJob]] = {"mail": [stored("mail0001")]}
        self.sets: dict[JobSet, list[StoredJob]] = {name: [] for name in JobSet}
        self.version = 0
        self.gone = False

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
            sets=SetSizes(),
            processed=2,
            failures=1,
            workers=(worker,),
        )

    async def queue_jobs(self, queue: str, *, page: int, per_page: int) -> JobPage:
        if queue not in self.queues:
            raise NotFoundError(f"There is no queue {queue!r}.")
        return _page(self.queues[queue], page, per_page)

    async def set_jobs(self, name: JobSet, *, page: int, per_page: int) -> JobPage:
        return _page(self.sets[name], page, per_page)

    async def working_jobs(self, *, page: int, per_page: int) -> JobPage:
        return _page([], page, per_page)

    async def jobs(self, jid: str) -> tuple[StoredJob, ...]:
        every = [job for jobs in (*self.queues.values(), *self.sets.values()) for job in jobs]
        return tuple(job for job in every if job.jid == jid)

    async def close(self) -> None:
        self.gone = True


def _page(jobs: list[StoredJob], page: int, per_page: int) -> JobPage:
    part = jobs[(page - 1) * per_page : page * per_page]
    return JobPage(items=tuple(part), total=len(jobs), page=page, per_page=per_page, read_at=NOW)


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


async def a_page(context: PageContext) -> PageResult:
    server = context.server
    text = dict(context.params)
    if server is not None and "queue" in context.params:
        page = int(context.query.get("page", 1))
        found = await server.queue_jobs(context.params["queue"], page=page, per_page=25)
        text["total"] = str(found.total)
    if "boom" in context.params.values():
        raise RuntimeError("a page that fails")
    return PageResult(template="t", view=View(str(text)), title="T")


NAMES = ["fleet", "overview", "queues", "queue", "retries", "scheduled", "dead", "busy", "job"]
ASSETS = Assets({"app-1.js": b"let a=1;" * 400}, {"app.js": "app-1.js"})


class House:
    """An application over a fake server."""

    def __init__(self, clock: Callable[[], float] = lambda: NOW) -> None:
        self.reader = FakeReader()
        self.server = ServerFloor("main", self.reader, clock=clock, pace=FAST)
        self.renderer = PlainRenderer()
        self.floor = Floor({"main": self.server})
        self.app: Application = create_app(
            self.floor,
            clock=clock,
            pages=dict.fromkeys(NAMES, a_page),
            renderer=self.renderer,
            assets=ASSETS,
            heartbeat=0.05,
        )

    @contextlib.asynccontextmanager
    async def sampled(self) -> AsyncIterator[None]:
        async with self.floor.running():
            async for snapshot in self.server.watch():
                if snapshot.state is not None:
                    break
            yield

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """Serve on a free loopback port by the real uvicorn."""
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        async with self.sampled():
            task = asyncio.create_task(
                serve(
                    self.app,
                    host="127.0.0.1",
                    port=0,
                    on_ready=lambda _, port: ready.set_result(port),
                )
            )
            try:
                yield await asyncio.wait_for(ready, 5)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait_for(task, 5)


async def exchange(port: int, request: bytes) -> bytes:
    """Send raw bytes; return what comes until the server closes or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        writer.write(request)
        while chunk := await asyncio.wait_for(reader.read(65536), 0.7):
            answer += chunk
    writer.close()
    return answer
