"""The index follows a server: filled, kept, honest about what it does not know yet."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from glasshouse.model.audience import EVERYTHING, audience
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobState
from glasshouse.model.jobquery import parse_query
from glasshouse.model.search_result import SearchResult
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.monitor.sampler import Pace
from glasshouse.policy.redaction import parse_redaction
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import Reader
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_scan import RemoteScanner
from glasshouse.upstream.scan import Scanner
from tests.steady import LONG
from tests.upstream import store
from tests.upstream.faktory import StandIn

FAILURE = {"errtype": "Card::Refused", "message": "no money", "retry_count": 1}
FAST = Pace(watched=0.01, idle=0.01, fault=0.01, between_reads=0.01, refresh=0.02)


class Searching:
    """A server whose index is being kept."""

    def __init__(self, monitor: ServerMonitor) -> None:
        self.monitor = monitor
        self._asked = 0

    async def find(
        self, line: str, *, start: int | None = None, per_page: int = 25
    ) -> SearchResult:
        wanted = parse_query(line, time.time())
        assert wanted is not None
        index = self.monitor._index
        assert index is not None
        return await index.search(wanted, start=start, per_page=per_page)

    async def jids(self, line: str, **part: Any) -> list[str]:
        return [job.jid for job in (await self.find(line, **part)).items]

    async def until(self, line: str, jids: list[str]) -> SearchResult:
        """Wait until a search finds just these."""
        async with asyncio.timeout(60):
            while True:
                found = await self.find(line)
                if sorted(job.jid for job in found.items) == sorted(jids):
                    return found
                await asyncio.sleep(0.01)

    async def until_whole(self) -> None:
        """Wait until everything was looked at once."""
        async with asyncio.timeout(60):
            while (found := self.monitor.coverage()) is None or found.age is None:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def indexed(reader: Reader, scanner: Scanner) -> AsyncIterator[Searching]:
    scanner.unhurried = scanner.heads = 0.05
    monitor = ServerMonitor("main", reader, clock=time.time, pace=FAST, scanner=scanner)
    task = asyncio.create_task(monitor.run())
    try:
        yield Searching(monitor)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def over_web(faktory: StandIn) -> AsyncIterator[Searching]:
    budget = Budget(10_000)
    port = CommandPort("127.0.0.1", faktory.command.port, budget=budget, patience=LONG)
    web = f"http://127.0.0.1:{faktory.web.port}"
    pages = [WebPages(web, budget=budget, patience=LONG) for _ in range(2)]
    reader = RemoteReader(port, pages[0])
    async with indexed(reader, RemoteScanner(reader, pages[1])) as searching:
        yield searching


@pytest.fixture
async def faktory() -> AsyncIterator[StandIn]:
    async with StandIn().running() as made:
        yield made


def at(number: int) -> str:
    return f"2999-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


async def test_every_list_of_a_real_faktory_can_be_searched_at_once(faktory: StandIn) -> None:
    for number in range(130):
        faktory.put("dead", f"dead-{number:04}", at(number), failure=FAILURE, args=[number])
    faktory.put("retries", "retry-0001", at(5), failure=FAILURE, args=[{"order": 77}])
    faktory.put("scheduled", "later-0001", at(9), args=[{"order": 77}])
    faktory.push("mail", "mail-0001", args=[{"order": 77}])
    faktory.held.append(
        {"wid": "w", "jid": "held-0001", "queue": "mail", "jobtype": "T", "args": [{"order": 77}]}
    )
    async with over_web(faktory) as searching:
        await searching.until_whole()
        coverage = (await searching.find("x")).coverage
        assert (coverage.indexed, coverage.total) == (134, 134)
        assert sorted(await searching.jids("args.0.order:77")) == [
            "held-0001", "later-0001", "mail-0001", "retry-0001",
        ]  # fmt: skip
        assert await searching.jids("error:refused type:Test jid:dead-0099") == ["dead-0099"]
        # The newest first, and from part to part, each once.
        parts = [await searching.find("card", per_page=50)]
        while (following := parts[-1].following) is not None:
            parts.append(await searching.find("card", start=following, per_page=50))
        dead = [job.jid for part in parts for job in part.items if job.state is JobState.DEAD]
        assert dead == [f"dead-{number:04}" for number in range(129, -1, -1)]
        assert [len(part.items) for part in parts] == [50, 50, 31]


async def test_what_comes_and_goes_is_followed(faktory: StandIn) -> None:
    for number in range(80):
        faktory.put("retries", f"retry-{number:04}", at(number), failure=FAILURE)
    async with over_web(faktory) as searching:
        await searching.until_whole()
        faktory.put("retries", "retry-new", at(40), failure=FAILURE)
        await searching.until("retry-new", ["retry-new"])
        faktory.sets["retries"] = [job for job in faktory.sets["retries"] if "-007" in job["jid"]]
        await searching.until("retry", [f"retry-007{n}" for n in range(10)])
        faktory.sets["retries"] = []
        await searching.until("retry", [])
        faktory.push("mail", "mail-0001")
        await searching.until("mail-0001", ["mail-0001"])
        faktory.queues["mail"].clear()
        await searching.until("mail-0001", [])


async def test_a_job_deep_in_a_list_is_found_by_its_id(faktory: StandIn) -> None:
    failure = {"errtype": "E", "message": "m", "backtrace": ["a.py:1"]}
    for number in range(130):
        faktory.put("dead", f"dead-{number:04}", at(number), failure=failure, args=[number])
    async with over_web(faktory) as searching:
        await searching.until_whole()
        (job,) = (await searching.monitor.jobs("dead-0060")).items
        assert json.loads(job.payload)["failure"]["backtrace"] == ["a.py:1"]
        with pytest.raises(NotFoundError):
            await searching.monitor.jobs("dead-9999")


async def test_a_page_that_cannot_be_read_keeps_no_other_from_being_indexed(
    faktory: StandIn,
) -> None:
    faktory.spoiled = "/retries"
    faktory.put("dead", "dead-0001", at(1))
    faktory.push("mail", "mail-0001")
    async with over_web(faktory) as searching:
        await searching.until("0001", ["dead-0001", "mail-0001"])
        coverage = searching.monitor.coverage()
        assert coverage is not None
        assert coverage.age is None


async def test_a_server_that_is_gone_keeps_its_index_and_that_grows_old(faktory: StandIn) -> None:
    faktory.put("dead", "dead-0001", at(1))
    async with over_web(faktory) as searching:
        await searching.until_whole()
        faktory.gone = True
        async with asyncio.timeout(60):
            while searching.monitor.snapshot.fault is None:
                await asyncio.sleep(0.01)

        def age() -> float:
            covered = searching.monitor.coverage()
            assert covered is not None
            return covered.age or 0

        first = age()
        assert await searching.jids("dead-0001") == ["dead-0001"]
        async with asyncio.timeout(LONG):
            while age() < first + 0.04:
                await asyncio.sleep(0.01)
        faktory.gone = False
        faktory.put("dead", "dead-0002", at(2))
        await searching.until("dead", ["dead-0001", "dead-0002"])


async def test_the_embedded_server_is_indexed_and_followed(tmp_path: Path) -> None:
    async with store.storing(tmp_path) as (db, reader):
        with db:
            for number in range(9000):
                # Many of one moment: no step ends within it.
                score = 4e9 + number // 5000
                store.put(db, JobState.DEAD, score, f"dead-{number:05}", args=[number])
            store.put(db, JobState.ENQUEUED, 1.0, "mail-0001", enqueued_at=store.NOW)
            store.put(db, JobState.RETRIES, 4e9, "retry-0001", args=["needle"])
        async with indexed(reader, EmbeddedScanner(tmp_path)) as searching:
            await searching.until_whole()
            coverage = (await searching.find("x")).coverage
            assert (coverage.indexed, coverage.total) == (9002, 9002)
            assert await searching.jids("needle") == ["retry-0001"]
            assert await searching.jids("args.0:8765") == ["dead-08765"]
            assert await searching.jids("jid:mail-0001") == ["mail-0001"]
            with db:
                store.take(db, ["dead-08765", "retry-0001"])
                store.put(db, JobState.DEAD, 5e9, "dead-new", args=["needle"])
            await searching.until("needle", ["dead-new"])
            await searching.until("args.0:8765", [])


async def test_a_search_ends_in_time_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.monitor.index._SECONDS", 0.0)
    async with store.storing(tmp_path) as (db, reader):
        with db:
            for number in range(1000):
                store.put(
                    db, JobState.DEAD, 4e9 + number, f"dead-{number:05}", args=["abc", "bcd", "xx"]
                )
            store.put(db, JobState.DEAD, 4e9 - 1, "dead-last", args=["abcd"])
        async with indexed(reader, EmbeddedScanner(tmp_path)) as searching:
            await searching.until_whole()
            # It has all the pieces of what is looked for, and not the whole.
            found = await searching.find("args:abcd")
            stops = 0
            while not found.items:
                assert found.stopped
                assert found.following is not None
                stops += 1
                found = await searching.find("args:abcd", start=found.following)
            assert [job.jid for job in found.items] == ["dead-last"]
            assert stops >= 4


async def test_an_index_that_cannot_be_kept_says_so_and_is_made_anew(
    faktory: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.monitor.index._LONG_PAUSE", 0.2)
    for number in range(30):
        faktory.put("dead", f"dead-{number:04}", at(number), args=["x" * 900])
    async with over_web(faktory) as searching:
        await searching.until_whole()
        index = searching.monitor._index
        assert index is not None
        assert index._store is not None
        # As when the disk is full.
        await index._do(lambda store: store._db.pragma("max_page_count", 1))
        for number in range(30, 60):
            faktory.put("dead", f"dead-{number:04}", at(number), args=["y" * 900])
        async with asyncio.timeout(60):
            while not index._fault:
                await asyncio.sleep(0.005)
        assert "cannot be written" in index._fault
        await searching.until("dead-0059", ["dead-0059"])
        assert index._fault == ""
        await searching.until("dead-0001", ["dead-0001"])


async def test_a_search_in_an_index_that_fails_says_what_to_do(faktory: StandIn) -> None:
    faktory.put("dead", "dead-0001", at(1))
    async with over_web(faktory) as searching:
        await searching.until_whole()
        index = searching.monitor._index
        assert index is not None
        assert index._store is not None
        await index._do(lambda store: store._db.execute("DROP TABLE entry"))
        with pytest.raises(UpstreamUnavailableError, match="cannot be written") as told:
            await searching.find("dead")
        assert "SQLITE_TMPDIR" in told.value.remedy


async def test_when_other_people_look_the_index_is_made_for_them(faktory: StandIn) -> None:
    for number in range(30):
        faktory.put("dead", f"dead-{number:04}", at(number), args=[{"token": "5ecr3t", "n": 7}])
    hidden = audience((parse_redaction("args.**.token"),), None)
    expected = [EVERYTHING]
    async with over_web(faktory) as searching:
        index = searching.monitor._index
        assert index is not None
        searching.monitor.expect(lambda: tuple(expected))
        await searching.until_whole()
        assert len(await searching.jids("5ecr3t", per_page=50)) == 30
        expected[0] = hidden
        async with asyncio.timeout(LONG):
            while index._kept_for != (hidden,):
                await asyncio.sleep(0.01)
        await searching.until_whole()
        wanted = parse_query("5ecr3t", time.time())
        assert wanted is not None
        wanted = msgspec.structs.replace(wanted, hidden=hidden.hidden)
        found = await index.search(wanted, start=None, per_page=50)
        assert (found.items, found.looked_at) == ((), 0)
