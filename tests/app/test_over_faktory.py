"""A whole console over a Faktory that fails in every way: what is seen, asked and logged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import msgspec
import pytest
import structlog

from glasshouse.app.remote import REMOTE
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.upstream import breaker as bounds
from glasshouse.upstream.breaker import Breaker
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.remote import RemoteReader
from glasshouse.web.app import Application, create_app
from tests.faktory_ui.pages import VERSIONS
from tests.steady import LONG, stated, tries
from tests.upstream.faktory import StandIn
from tests.web.fakes import ASSETS
from tests.web.test_live import Stream

AT = "2999-01-01T00:00:00Z"
FAILURE = {"errtype": "Oops", "message": "card refused", "retry_count": 3, "backtrace": ["a.py"]}
SECRET = "do not tell anybody"
WRONG_PASSWORD = "The job server rejected the password."
PACE = msgspec.structs.replace(REMOTE, watched=0.05, between_reads=0.05, fault=0.05, refresh=0.1)


class Counted(Budget):
    """A budget that keeps the times of its turns."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.turns: list[float] = []

    async def turn(self, *, patience: float) -> None:
        await super().turn(patience=patience)
        self.turns.append(self._taken[-1])


class House:
    """A console, and the Faktory that it looks at."""

    def __init__(
        self,
        faktory: StandIn,
        budgets: list[Counted],
        app: Application,
        client: httpx.AsyncClient,
    ) -> None:
        self.faktory = faktory
        self.budgets = budgets
        self.app = app
        self.client = client

    async def text(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        assert SECRET not in answer.text
        return answer.text

    async def shows(self, path: str, text: str) -> str:
        """Return the page as soon as it shows this."""
        async with asyncio.timeout(60):
            while text not in (page := await self.text(path)):
                await asyncio.sleep(0.01)
        return page

    async def answers(self, path: str) -> None:
        """Return as soon as a page can be had."""
        async with asyncio.timeout(60):
            while (await self.client.get(path)).status_code != 200:
                await asyncio.sleep(0.01)

    async def until(self, *, faulty: bool) -> str:
        """Wait until the server is seen so; return what is said to be wrong with it."""
        async with asyncio.timeout(60):
            while True:
                (server,) = json.loads(await self.text("/api/v1/servers"))["items"]
                if ("fault" in server) == faulty:
                    return str(server.get("fault", {}).get("detail", ""))
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def console(
    faktory: StandIn, *, fast: bool = False, thrifty: bool = False, patience: float = LONG
) -> AsyncIterator[House]:
    """Serve a console that is watched; nothing of it may be left when it has ended."""
    before = asyncio.all_tasks()
    budgets = [Counted(most) for most in ((2, 2, 6) if thrifty else (500, 500, 500))]
    breaker = Breaker()
    port = CommandPort(
        *("127.0.0.1", faktory.command.port),
        budget=budgets[0],
        password=SECRET.encode(),
        patience=patience,
        circuit=breaker.circuit(),
    )
    address, circuit = f"http://127.0.0.1:{faktory.web.port}", breaker.circuit()
    look, pages = (
        WebPages(address, budget=budget, password=SECRET, patience=patience, circuit=circuit)
        for budget in budgets[1:]
    )
    reader = RemoteReader(port, pages, look=look)
    server = ServerMonitor(
        "main", reader, clock=time.time, pace=PACE if fast else REMOTE, breaker=breaker
    )
    monitor = Monitor({"main": server})
    app = create_app(monitor, clock=time.time, assets=ASSETS)
    transport = httpx.ASGITransport(app=app)
    async with (
        monitor.running(),
        httpx.AsyncClient(transport=transport, base_url="http://h") as client,
    ):
        yield House(faktory, budgets, app, client)
        app.close()
    await faktory.command.until_closed()
    await faktory.web.until_closed()
    async with asyncio.timeout(60):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)


@pytest.fixture
async def faktory() -> AsyncIterator[StandIn]:
    async with StandIn().running() as made:
        fill(made)
        yield made


def fill(faktory: StandIn) -> None:
    for number in range(30):
        faktory.push("mailers", f"mail-{number:04}", args=[{"order": number}])
        faktory.put("retries", f"retry-{number:04}", AT, failure=FAILURE, args=[number])


@pytest.fixture
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as lines:
        yield lines
    assert SECRET not in repr(lines)


def told(lines: list[structlog.typing.EventDict], event: str) -> int:
    return sum(line["event"] == event for line in lines)


@contextlib.asynccontextmanager
async def watched(house: House, page: str = "/main/retries") -> AsyncIterator[Stream]:
    stream = Stream(house, f"topic={page}")  # type: ignore[arg-type]
    await stream.until("fragment", 1)
    yield stream
    await stream.leave()


@pytest.mark.parametrize("how", ["gone", "garbage", "refusing"])
async def test_a_server_that_fails_is_said_to_with_the_last_known_data_and_logged_once(
    faktory: StandIn, logged: list[structlog.typing.EventDict], how: str
) -> None:
    async with console(faktory, fast=True) as house, watched(house) as stream:
        setattr(faktory, how, True)
        if how == "refusing":
            # It is asked for its password when it was restarted.
            faktory.gone = True
            await house.until(faulty=True)
            faktory.gone = False
        why = await house.until(faulty=True)
        assert why
        if how == "refusing":
            # It is back with another password, which is another thing to mend.
            async with asyncio.timeout(60):
                while await house.until(faulty=True) != WRONG_PASSWORD:
                    await asyncio.sleep(0.01)
        page = await house.text("/main/retries")
        assert "retry-0000" in page
        assert 'data-state="fault"' in page
        assert "mailers" in await house.text("/main/queues")
        if how != "refusing":
            await house.text("/main/queues/mailers?page=2", 503)
        ticks = [tick for tick in stream.named("tick") if tick["fault"]]
        assert ticks or await stream.until("tick", len(stream.named("tick")) + 2)
        setattr(faktory, how, False)
        await house.until(faulty=False)
        assert 'data-state="fault"' not in await house.text("/main/retries")
        assert told(logged, "server answers again") == 1
        said = [line["detail"] for line in logged if line["event"] == "server cannot be read"]
        # Each reason once, however often it was met.
        assert len(said) == len(set(said)) > 0
        assert said.count(WRONG_PASSWORD) == (how == "refusing")


async def test_a_server_that_hangs_is_said_to_and_is_fresh_when_it_goes_on(
    faktory: StandIn, logged: list[structlog.typing.EventDict]
) -> None:
    async with console(faktory, fast=True, patience=1.0) as house, watched(house):
        faktory.answering.clear()
        assert "did not answer within 1 s" in await house.until(faulty=True)
        assert "retry-0000" in await house.text("/main/retries")
        faktory.answering.set()
        await house.until(faulty=False)
        # Once each time: the machine may have been slower than this patience once more.
        lost, back = (
            told(logged, f"server {what}") for what in ("cannot be read", "answers again")
        )
        assert lost >= 1
        assert lost - back in {0, 1}


class HalfHung(StandIn):
    """One of which the command port goes on answering while its Web UI hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.web_answers = asyncio.Event()
        self.web_answers.set()

    async def _note(self, what: str) -> None:
        await super()._note(what)
        if what.startswith("/"):
            await self.web_answers.wait()


@contextlib.asynccontextmanager
async def hanging(
    monkeypatch: pytest.MonkeyPatch, what: str, patience: float = LONG
) -> AsyncIterator[tuple[House, asyncio.Event]]:
    """Yield a console over a Faktory with 20 queues that hangs, and what lets it go on."""
    monkeypatch.setattr(bounds, "SILENCE", stated(bounds, "SILENCE"))
    async with HalfHung().running() as made:
        assert isinstance(made, HalfHung)
        for number in range(20):
            made.push(f"queue-{number}", "job-0001")
        for name in ("retries", "dead", "scheduled"):
            made.put(name, "job-0002", AT)
        answers = made.answering if what == "everything" else made.web_answers
        async with console(made, fast=True, patience=patience) as house:
            await house.shows("/main/queues/queue-0", "job-0001")
            answers.clear()
            try:
                yield house, answers
            finally:
                answers.set()


@pytest.mark.parametrize("what", ["everything", "web"])
async def test_pages_that_nobody_has_seen_do_not_wait_for_a_server_that_hangs(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Acceptance: each is answered in under two seconds, whether they come at once or in turn."""
    async with hanging(monkeypatch, what) as (house, answers):
        paths = [f"/main/queues/queue-{number}" for number in range(1, 20)]
        paths += ["/main/retries", "/main/dead", "/main/scheduled", "/main/history"]
        pages: list[str] = []
        for took in tries(2.0):
            began = time.monotonic()
            pages = await asyncio.gather(*(house.text(path, 503) for path in paths))
            took(time.monotonic() - began)
        assert all("has not answered yet" in page for page in pages)
        # What is known is there: totals beside the navigation, and pages that were read before.
        assert ">20</b>" in pages[0]
        assert "job-0001" in await house.text("/main/queues/queue-0")
        for path in ("/main", "/main/queues"):
            for took in tries(2.0):
                began = time.monotonic()
                await house.text(path)
                took(time.monotonic() - began)
        told = json.loads(await house.text("/api/v1/servers/main/sets/dead/jobs", 503))
        assert told["code"] == "upstream_silent"
        answers.set()
        for path in paths[:3]:
            await house.answers(path)


async def test_totals_go_on_while_the_web_ui_hangs_and_it_is_tried_by_one_page_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with hanging(monkeypatch, "web", patience=0.5) as (house, answers):
        faktory = house.faktory
        async with watched(house, "/main/queues") as stream:
            await house.shows("/main", "Web UI at")
            before = sum(path.startswith("/") for path in faktory.asked)
            ticks = len(stream.named("tick"))
            await stream.until("tick", ticks + 10)
            fresh = [tick["checked_at"] for tick in stream.named("tick")[ticks:]]
            assert fresh == sorted(set(fresh))
            assert all(tick["fault"] is None for tick in stream.named("tick"))
            for number in range(1, 20):
                await house.text(f"/main/queues/queue-{number}", 503)
            # One that hung for half a second, and one a second and a half later.
            asked = sum(path.startswith("/") for path in faktory.asked) - before
            assert asked <= 2 + (fresh[-1] - fresh[0]) / 1.0
            answers.set()
            await house.answers("/main/queues/queue-7")


async def test_a_server_that_answers_slowly_is_shown_and_asked_the_less(faktory: StandIn) -> None:
    async with console(faktory, fast=True) as house:
        faktory.delay = 0.3
        async with watched(house) as stream:
            page = await house.text("/main/retries")
            assert "retry-0000" in page
            began, before = time.monotonic(), faktory.asked.count("INFO")
            await stream.until("tick", len(stream.named("tick")) + 3)
            passed, asked = time.monotonic() - began, faktory.asked.count("INFO") - before
            # A look rests for as long as it took.
            assert asked <= passed / 0.55 + 2
            ticks = stream.named("tick")
            assert all(tick["fault"] is None for tick in ticks)
            # Read again and again, although each reading takes as long as many looks.
            reads = [tick["checked_at"] for tick in ticks]
            assert reads == sorted(reads)
            assert len(set(reads)) > 1
        faktory.delay = 0.0


async def test_a_restart_on_the_same_ports_is_survived(faktory: StandIn) -> None:
    other = StandIn()
    async with contextlib.AsyncExitStack() as life:
        await life.enter_async_context(other.running())
        ports = other.command.port, other.web.port
        async with console(other, fast=True) as house, watched(house, "/main/queues"):
            other.gone = True
            await life.aclose()
            assert await house.until(faulty=True)
            other.gone = False
            other.push("after-restart", "job-1")
            async with other.running():
                assert (other.command.port, other.web.port) == ports
                await house.until(faulty=False)
                assert "after-restart" in await house.text("/main/queues")


async def test_a_web_ui_that_fails_is_told_on_the_overview_and_totals_go_on(
    faktory: StandIn, logged: list[structlog.typing.EventDict]
) -> None:
    async with console(faktory, fast=True) as house, watched(house):
        faktory.spoiled = "/"
        await house.shows("/main", "Part of this server cannot be read")
        faktory.push("mailers", "mail-9999")
        page = await house.shows("/main/retries", "of Faktory 1.10.0 cannot be read")
        assert "Last read" in page
        assert "retry-0000" in page
        said = [
            line["detail"]
            for line in logged
            if line["event"] == "a part of the server cannot be read"
        ]
        assert len(said) == len(set(said)) > 0
        assert told(logged, "server cannot be read") == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_version_is_read_whole_and_nothing_goes_wrong_meanwhile(
    version: str,
    logged: list[structlog.typing.EventDict],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with StandIn(version).running() as faktory:
        fill(faktory)
        for number in range(1200):
            faktory.push("long", f"long-{number:04}", args=["<b>", number])
        faktory.put("dead", "dead-0000", AT, failure=FAILURE, args=["<b>", 1])
        faktory.held.append({"wid": "w", "jid": "held-0000", "queue": "q", "jobtype": "T",
                             "args": ["<b>", 1]})  # fmt: skip
        async with console(faktory, fast=True) as house, watched(house) as stream:
            await stream.until("tick", len(stream.named("tick")) + 3)
            state = json.loads(await house.text("/api/v1/servers/main/state"))
            assert state["version"] == version
            told = [state[name] for name in ("enqueued", "retries", "scheduled", "dead", "working")]
            assert told == [1230, 30, 0, 1, 1]
            assert "Part of this server cannot be read" not in await house.text("/main")
            queues = json.loads(await house.text("/api/v1/servers/main/queues"))["items"]
            assert {queue["name"]: queue["paused"] for queue in queues} == {
                "long": False, "mailers": False,
            }  # fmt: skip
            for name, jid in (("dead", "dead-0000"), ("working", "held-0000")):
                listed = json.loads(await house.text(f"/api/v1/servers/main/sets/{name}/jobs"))
                assert [(job["jid"], job["args"]) for job in listed["items"]] == [(jid, ["<b>", 1])]
                entries = json.loads(await house.text(f"/api/v1/servers/main/jobs/{jid}"))
                assert [job["args"] for job in entries["items"]] == [["<b>", 1]]
        assert not [line for line in logged if line["log_level"] in {"warning", "error"}]
        assert not caplog.records


async def test_a_clock_that_is_off_by_an_hour_is_told(faktory: StandIn) -> None:
    faktory.clock = lambda: time.time() - 3600
    async with console(faktory, fast=True) as house:
        page = await house.text("/main")
        assert "clock is 1 h behind" in page
        assert "late" not in page


async def test_a_version_that_nobody_knows_is_shown_as_what_it_is(faktory: StandIn) -> None:
    faktory.version = "47.11.0-<b>"
    async with console(faktory, fast=True) as house:
        assert "47.11.0-&lt;b&gt;" in await house.text("/main")
        assert "retry-0000" in await house.text("/main/retries")


async def test_a_page_of_jobs_of_a_megabyte_each_is_shown(faktory: StandIn) -> None:
    for number in range(25):
        faktory.push("large", f"large-{number:04}", args=["x" * (1 << 20)])
    async with console(faktory, fast=True) as house:
        page = await house.text("/main/queues/large")
        assert "large-0000" in page
        assert len(page) < 1 << 20


class Watched(msgspec.Struct, frozen=True):
    """What a console did while pages were watched for so many ``seconds``."""

    seconds: float
    asked: int
    turns: list[float]


async def asking(faktory: StandIn, topics: list[str], *, thrifty: bool) -> Watched:
    """Watch these pages for a while."""
    # Where turns are scarce, who gets none in time keeps what was read before.
    patience = 1.0 if thrifty else LONG
    async with console(faktory, thrifty=thrifty, patience=patience) as house:
        streams = [Stream(house, f"topic={topic}") for topic in topics]  # type: ignore[arg-type]
        for stream in streams:
            await stream.until("tick", 1)
        began, before = time.monotonic(), faktory.counted
        await streams[0].until("tick", len(streams[0].named("tick")) + 3)
        took, asked = time.monotonic() - began, faktory.counted - before
        for stream in streams:
            await stream.leave()
    # Until it has ended: what was under way may have had its turn since.
    return Watched(took, asked, sorted(at for one in house.budgets for at in one.turns))


async def test_what_is_asked_does_not_grow_with_who_looks(faktory: StandIn) -> None:
    """Acceptance: requests are counted with one and with 200 open streams.

    A look a second asks for the totals, the workers, the pauses and the list that is
    watched. Nothing else holds the console back here.
    """
    for watchers in (1, 200):
        seen = await asking(faktory, ["/main/retries"] * watchers, thrifty=False)
        assert 3 <= seen.asked <= 5 * (seen.seconds + 2)


async def test_what_is_asked_never_exceeds_the_budget(faktory: StandIn) -> None:
    """Acceptance: with 200 streams of 104 pages, which would all be read each second."""
    for number in range(100):
        faktory.push(f"queue-{number}", "job-1")
    pages = [f"/main/queues/queue-{number}" for number in range(100)]
    others = ["/main", "/main/busy", "/main/dead", "/main/retries"] * 25
    before = faktory.counted
    seen = await asking(faktory, [*pages, *others], thrifty=True)
    # Each request had its turn, and turns are what is bounded: how long a request is on
    # its way is not the console's to choose.
    assert 0 < faktory.counted - before <= len(seen.turns)
    assert max(sum(first <= at < first + 1 for at in seen.turns) for first in seen.turns) <= 10


async def test_the_page_of_a_job_says_when_it_was_read_while_nothing_newer_can_be(
    faktory: StandIn,
) -> None:
    async with console(faktory, fast=True) as house, watched(house):
        page = await house.text("/main/jobs/retry-0007")
        assert "card refused" in page
        assert 'id="late"' not in page
        faktory.spoiled = "/retries"
        faktory.push("mailers", "mail-8888")
        page = await house.shows("/main/jobs/retry-0007", 'id="late"')
        assert "card refused" in page
        faktory.spoiled = ""
        async with asyncio.timeout(60):
            while 'id="late"' in await house.text("/main/jobs/retry-0007"):
                await asyncio.sleep(0.01)
