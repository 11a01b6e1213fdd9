"""A Faktory whose Redis is read: every list whole and in order, by a user who can only read."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis import exceptions
from redis.asyncio import Redis

from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import WRAPPER, JobSet, JobState
from glasshouse.model.jobquery import parse_query
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.times import format_time
from glasshouse.upstream import redis_lists
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.day_counters import last_days
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.redis_link import ReadCommand, RedisAddress, RedisError, RedisLink
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_redis import RedisReader
from tests.engine.certificate import needs_openssl, server_context
from tests.steady import LONG

from .faktory import StandIn
from .redis_server import PASSWORD, USER, RunningRedis, needs_redis, running_redis

pytestmark = needs_redis


@pytest.fixture
async def redis() -> AsyncIterator[RunningRedis]:
    async with running_redis() as made:
        yield made


@pytest.fixture
async def faktory() -> AsyncIterator[StandIn]:
    async with StandIn().running() as made:
        yield made


def linked(redis: RunningRedis, **options: Any) -> RedisLink:
    login = {"username": USER, "password": PASSWORD, "budget": Budget(1000)}
    return RedisLink(RedisAddress(path=redis.socket), **{"patience": LONG, **login, **options})


@pytest.fixture
async def reader(faktory: StandIn, redis: RunningRedis) -> AsyncIterator[RedisReader]:
    budget = Budget(1000)
    port = CommandPort("127.0.0.1", faktory.command.port, budget=budget, patience=LONG)
    pages = WebPages(f"http://127.0.0.1:{faktory.web.port}", budget=budget, patience=LONG)
    made = RedisReader(RemoteReader(port, pages), linked(redis))
    yield made
    await made.close()
    await faktory.command.until_closed()
    await faktory.web.until_closed()


async def walked(ask: Callable[[ListQuery], Any], **query: Any) -> tuple[list[str], list[JobPage]]:
    """Walk from place to place; return the ids and the pages."""
    found: list[JobPage] = [await ask(ListQuery(**query))]
    while (following := found[-1].next) is not None:
        found.append(await ask(ListQuery(start=following, **query)))
    return [job.jid for page in found for job in page.items], found


async def filled_queue(
    faktory: StandIn, redis: RunningRedis, size: int, key: str = "q:q", **fields: Any
) -> list[str]:
    for number in range(size):
        jid = f"job-{number:05}"
        faktory.push("q", jid)
        await redis.push(
            key, jid, enqueued_at=f"2026-11-01T00:{number // 60:02}:{number % 60:02}Z", **fields
        )
    faktory.queues.setdefault("q", [])
    return [f"job-{number:05}" for number in range(size)]


@pytest.mark.parametrize(("version", "key"), [("1.10.0", "q:q"), ("1.9.4", "q"), ("1.6.2", "q")])
@pytest.mark.parametrize("size", [0, 1, 25, 77])
async def test_a_queue_is_walked_whole_both_ways_in_either_layout(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader, version: str, key: str, size: int
) -> None:
    faktory.version = version
    wanted = await filled_queue(faktory, redis, size, key)
    for per_page in (7, 25):
        for backwards in (False, True):
            jids, pages = await walked(
                lambda query: reader.queue_jobs("q", query), per_page=per_page, backwards=backwards
            )
            assert jids == (wanted[::-1] if backwards else wanted)
            assert all(page.total == size for page in pages)
            assert [page.first for page in pages if page.items] == [
                1 + at for at in range(0, size, per_page)
            ]
    assert not faktory.asked.count("/queues/q?page=1")


async def test_what_a_queue_holds_is_told_byte_for_byte(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    await filled_queue(faktory, redis, 1, args=[12345678901234567890, "<é>"], custom={"a": 1})
    (job,) = (await reader.queue_jobs("q", ListQuery())).items
    assert job.payload == await redis.owner.lindex("q:q", 0)
    assert (job.state, job.queue, job.jobtype, job.partial) == (
        JobState.ENQUEUED, "q", "Test", False,
    )  # fmt: skip


async def test_a_job_of_active_job_goes_by_what_it_wraps(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    await filled_queue(faktory, redis, 1, jobtype=WRAPPER, custom={"wrapped": "InvoiceJob"})
    (job,) = (await reader.queue_jobs("q", ListQuery())).items
    assert (job.jobtype, json.loads(job.payload)["jobtype"]) == ("InvoiceJob", WRAPPER)


async def test_a_queue_is_gone_to_by_the_time_of_enqueueing(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    await filled_queue(faktory, redis, 300)
    for number in (0, 1, 77, 299):
        at = 1793491200.0 + number
        page = await reader.queue_jobs("q", ListQuery(at=at))
        assert page.items[0].jid == f"job-{number:05}"


@pytest.mark.parametrize("name", list(JobSet))
@pytest.mark.parametrize("same", [1, 10, 80])
async def test_a_set_is_walked_whole_both_ways_also_when_many_are_due_at_once(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader, name: JobSet, same: int
) -> None:
    wanted = [f"job-{number:05}" for number in range(80)]
    for number, jid in enumerate(wanted):
        await redis.put(name.value, jid, 4e9 + number // same + 0.25)
        faktory.put(name.value, jid, "x")
    if name is JobSet.DEAD:
        wanted.reverse()
    for backwards in (False, True):
        jids, pages = await walked(
            lambda query: reader.set_jobs(name, query), per_page=7, backwards=backwards
        )
        assert jids == (wanted[::-1] if backwards else wanted)
        places = [page.previous for page in pages]
        assert places[0] is None
        for page, before in zip(pages[1:], pages, strict=False):
            back = await reader.set_jobs(
                name, ListQuery(start=page.previous, per_page=7, backwards=backwards)
            )
            assert back.items == before.items


async def test_a_place_in_a_set_stays_while_others_leave(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    for number in range(60):
        await redis.put("retries", f"job-{number:05}", 4e9 + number)
        faktory.put("retries", f"job-{number:05}", "x")
    first = await reader.set_jobs(JobSet.RETRIES, ListQuery())
    await redis.owner.zpopmin("retries", 10)
    second = await reader.set_jobs(JobSet.RETRIES, ListQuery(start=first.next))
    assert second.items[0].jid == "job-00025"
    assert second.first == 16
    assert second.items[0].key == "2096-10-02T07:07:05Z|job-00025"
    there = await reader.set_jobs(JobSet.RETRIES, ListQuery(at=4e9 + 40))
    assert there.items[0].jid == "job-00040"


async def test_reservations_tell_since_when_and_until_when(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    job = redis.job("held-1", queue="mail", jobtype="Send")
    held = b'{"job":%b,"reserved_at":"2026-11-01T00:00:00.5Z","wid":"w-1"}' % job
    await redis.owner.zadd("working", {held: 4e9})
    faktory.held.append({"wid": "w-1", "jid": "held-1", "queue": "mail", "jobtype": "Send"})
    (found,) = (await reader.working_jobs(ListQuery())).items
    assert (found.jid, found.queue, found.jobtype, found.wid) == ("held-1", "mail", "Send", "w-1")
    assert (found.reserved_at, found.expires_at) == (1793491200.5, 4e9)
    assert found.payload == job
    assert (await reader.jobs("held-1")).items == (found,)


async def test_the_state_tells_pauses_ages_and_jobs_that_nobody_will_run(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    await filled_queue(faktory, redis, 3)
    await redis.owner.sadd("paused", "q")
    await redis.owner.sadd("queues", "q", "old")
    await redis.push("old", "lost-1")
    await redis.push("old", "lost-2")
    # A set of Faktory's own is no queue, whatever a queue is called.
    faktory.queues["retries"] = []
    await redis.put("retries", "job-1", 4e9)
    await reader.change_token()
    state = await reader.state()
    queues = {queue.name: queue for queue in state.queues}
    assert (queues["q"].paused, queues["retries"].paused) == (True, False)
    assert [(lost.queue, lost.key, lost.size) for lost in state.stranded] == [("old", "old", 2)]
    assert state.unread is None


async def test_a_job_is_found_where_it_was_seen_and_not_when_it_has_gone(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    await filled_queue(faktory, redis, 60)
    await redis.put("dead", "dead-1", 4e9)
    faktory.put("dead", "dead-1", "x")
    await walked(lambda query: reader.queue_jobs("q", query))
    await reader.set_jobs(JobSet.DEAD, ListQuery())
    assert [job.jid for job in (await reader.jobs("job-00044")).items] == ["job-00044"]
    assert [job.state for job in (await reader.jobs("dead-1")).items] == [JobState.DEAD]
    await redis.owner.delete("dead", "q:q")
    for jid in ("job-00044", "dead-1"):
        with pytest.raises(NotFoundError):
            await reader.jobs(jid)


async def test_a_job_is_found_however_long_it_is_and_whichever_way_its_list_was_read() -> None:
    """As before an index is there: from lists that were shown, and nothing else."""
    async with StandIn().running() as faktory, running_redis() as redis:
        budget = Budget(1000)
        port = CommandPort("127.0.0.1", faktory.command.port, budget=budget, patience=LONG)
        pages = WebPages(f"http://127.0.0.1:{faktory.web.port}", budget=budget, patience=LONG)
        link = linked(redis)
        reader = RedisReader(RemoteReader(port, pages), link)
        await filled_queue(faktory, redis, 60, args=["x" * 100_000])
        for number in range(60):
            jid, at = f"dead-{number:04}", 4e9 + number + 0.123456789
            await redis.put("dead", jid, at, args=["x" * 100_000])
            faktory.put("dead", jid, format_time(at), failure=FAILURE)
        await reader.queue_jobs("q", ListQuery(page=2))
        await reader.set_jobs(JobSet.DEAD, ListQuery(page=2))
        for jid in ("job-00033", "dead-0022"):
            (found,) = (await reader.jobs(jid)).items
            assert (found.jid, len(found.payload) > 100_000) == (jid, True)
        # The next page is told by the ports, since Redis does not take a question.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(link, "ask", refusing)
            page = await reader.set_jobs(JobSet.DEAD, ListQuery(page=3))
            assert page.items[0].partial
        await reader.change_token()
        assert (await reader.state()).unread is None
        (found,) = (await reader.jobs(page.items[0].jid)).items
        assert not found.partial
        assert len(found.payload) > 100_000
        await reader.close()


FAILURE = {"errtype": "Oops", "message": "no", "retry_count": 3, "backtrace": []}


async def refusing(*_: object) -> list[Any]:
    raise RedisError("It is away for a moment.")


async def sevens(faktory: StandIn, redis: RunningRedis, reader: RedisReader) -> list[JobPage]:
    """Search 300 dead jobs for each tenth, find all of them, and return the pages of it."""
    for number in range(300):
        await redis.put("dead", f"dead-{number:04}", 4e9 + number, args=[{"order": number % 10}])
        faktory.put("dead", f"dead-{number:04}", "x")
    wanted = parse_query("args.0.order:7", 0.0)
    jids, pages = await walked(lambda query: reader.set_jobs(JobSet.DEAD, query), wanted=wanted)
    assert jids == [f"dead-{number:04}" for number in range(297, 0, -10)]
    return pages


async def test_a_search_looks_entry_by_entry_and_goes_on(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader
) -> None:
    pages = await sevens(faktory, redis, reader)
    assert [page.searched.complete for page in pages if page.searched] == [False, True]


async def test_a_search_ends_in_time_and_goes_on_where_it_stopped(
    faktory: StandIn, redis: RunningRedis, reader: RedisReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Over as soon as it began: each page looks at one entry, or at a few.
    times = itertools.count(0.0, 0.3)
    monkeypatch.setattr(redis_lists, "time", SimpleNamespace(monotonic=lambda: next(times)))
    monkeypatch.setattr(redis_lists, "_SECONDS", 1.0)
    pages = await sevens(faktory, redis, reader)
    assert len(pages) > 2
    assert [page.searched.complete for page in pages if page.searched][-1]


async def test_while_redis_is_gone_the_ports_tell_and_the_state_says_so() -> None:
    async with StandIn().running() as faktory, running_redis() as redis:
        budget = Budget(1000)
        port = CommandPort("127.0.0.1", faktory.command.port, budget=budget, patience=LONG)
        pages = WebPages(f"http://127.0.0.1:{faktory.web.port}", budget=budget, patience=LONG)
        reader = RedisReader(RemoteReader(port, pages), linked(redis))
        await filled_queue(faktory, redis, 30)
        await redis.owner.shutdown(nosave=True)
        page = await reader.queue_jobs("q", ListQuery())
        assert (len(page.items), page.total) == (25, 30)
        state = await reader.state()
        assert state.unread is not None
        assert str(redis.socket) in state.unread.detail
        assert (await reader.queue_jobs("q", ListQuery(start=page.next))).items[
            0
        ].jid == "job-00025"
        await reader.close()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "wrong password": ({"password": "another"}, "does not take the password"),
    "no password": ({"username": None, "password": None}, "does not take the password"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_redis_that_refuses_is_an_error_that_says_what_to_do(
    redis: RunningRedis, case: str
) -> None:
    options, why = REFUSED[case]
    link = linked(redis, **options)
    with pytest.raises(RedisError, match=why) as told:
        await link.ask((ReadCommand.ZCARD, "dead"))
    assert PASSWORD not in str(told.value)
    await link.close()


async def test_a_user_who_may_not_read_is_told_what_to_allow(redis: RunningRedis) -> None:
    await redis.owner.acl_setuser("blind", enabled=True, passwords=["+x"], keys=["*"])
    link = linked(redis, username="blind", password="x")
    with pytest.raises(RedisError) as told:
        await link.ask((ReadCommand.ZCARD, "dead"))
    assert "@read" in told.value.remedy
    await link.close()


async def test_the_user_of_these_tests_can_change_nothing_and_commands_are_a_closed_set(
    redis: RunningRedis,
) -> None:
    looker: Any = Redis(unix_socket_path=str(redis.socket), username=USER, password=PASSWORD)
    for change in (["DEL", "dead"], ["ZADD", "dead", "1", "x"], ["FLUSHALL"], ["PING"], ["INFO"]):
        with pytest.raises(exceptions.NoPermissionError):
            await looker.execute_command(*change)
    await looker.aclose()
    link = linked(redis)
    with pytest.raises(ValueError, match="DEL"):
        await link.ask(("DEL", "dead"))
    # Every command that there is, is allowed to that user.
    reading = set(await redis.owner.acl_cat("read"))
    assert {command.value.lower() for command in ReadCommand} <= reading
    await link.close()


async def test_a_wrong_kind_of_key_is_not_taken_for_a_list(redis: RunningRedis) -> None:
    await redis.owner.set("dead", json.dumps([]))
    link = linked(redis)
    with pytest.raises(RedisError, match="does not contain"):
        await link.ask((ReadCommand.ZCARD, "dead"))
    # And the connection is good for the next question.
    assert await link.ask((ReadCommand.ZCARD, "retries")) == [0]
    await link.close()


async def test_the_history_is_read_without_making_a_counter(
    redis: RunningRedis, reader: RedisReader
) -> None:
    days = last_days(30, time.time())
    await redis.owner.set(f"processed:{days[-1]}", 7)
    await redis.owner.set(f"failures:{days[-1]}", 2)
    await redis.owner.set(f"processed:{days[0]}", 1)
    before = await redis.owner.dbsize()
    told = await reader.history(30)
    assert [(day.day, day.processed, day.failed) for day in told.days if day.processed] == [
        (days[0], 1, 0), (days[-1], 7, 2),
    ]  # fmt: skip
    assert len(told.days) == 30
    assert await redis.owner.dbsize() == before
    # Where the server's day has begun already, it is the last.
    tomorrow = last_days(1, time.time(), beyond=1)[-1]
    await redis.owner.set(f"processed:{tomorrow}", 3)
    told = await reader.history(30)
    assert (len(told.days), told.days[-1].day, told.days[-1].processed) == (30, tomorrow, 3)


async def test_a_port_is_as_good_as_a_socket(redis: RunningRedis) -> None:
    address = RedisAddress(host="127.0.0.1", port=redis.port)
    link = RedisLink(address, budget=Budget(), username=USER, password=PASSWORD, patience=LONG)
    assert await link.ask((ReadCommand.ZCARD, "dead"), (ReadCommand.LLEN, "q:q")) == [0, 0]
    await link.close()
    with pytest.raises(RedisError, match="closed"):
        await link.ask((ReadCommand.ZCARD, "dead"))


@needs_openssl
async def test_tls_is_spoken_and_a_certificate_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    server_context(tmp_path)
    async with running_redis(tls=tmp_path) as redis:
        address = RedisAddress(host="127.0.0.1", port=redis.port, tls=True)
        login: dict[str, Any] = {"username": USER, "password": PASSWORD, "patience": LONG}
        link = RedisLink(address, budget=Budget(), ca_file=tmp_path / "cert.pem", **login)
        assert await link.ask((ReadCommand.ZCARD, "dead")) == [0]
        await link.close()
        stranger = RedisLink(address, budget=Budget(), **login)
        with pytest.raises(RedisError, match="untrusted"):
            await stranger.ask((ReadCommand.ZCARD, "dead"))
        await stranger.close()


async def test_a_redis_that_hangs_is_said_to_and_asked_anew(redis: RunningRedis) -> None:
    link = linked(redis)
    assert await link.ask((ReadCommand.ZCARD, "dead")) == [0]
    link._patience = 0.3
    with redis.hanging(), pytest.raises(RedisError, match=r"did not answer within 0\.3 s"):
        await link.ask((ReadCommand.ZCARD, "dead"))
    link._patience = LONG
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(RedisError):
                assert await link.ask((ReadCommand.ZCARD, "dead")) == [0]
                break
    await link.close()
