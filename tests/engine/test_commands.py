"""Conversations with the engine, command by command (fwp.md §2–§7)."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from glasshouse.engine import waiting
from glasshouse.engine.run import Timers
from glasshouse.model.errors import StoreError
from glasshouse.model.times import format_time
from tests.steady import LONG, tries

from .peer import FAST, Clock, running, waits


async def test_a_job_goes_from_push_to_acknowledgement(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-00001", args=[1, {"a": "é"}], custom={"k": 1})
        job = await peer.fetch()
        assert job is not None
        assert (job["jid"], job["args"], job["custom"]) == ("job-00001", [1, {"a": "é"}], {"k": 1})
        assert (job["queue"], job["retry"]) == ("default", 25)
        assert job["created_at"].endswith("Z")
        assert job["enqueued_at"].endswith("Z")
        assert await peer.ask('ACK {"jid":"job-00001"}') == "+OK"
        info = await peer.info()
        assert info["faktory"]["sets"]["working"] == 0
        assert info["faktory"]["total_processed"] == 1


async def test_a_job_reaches_the_worker_byte_for_byte(tmp_path: Path) -> None:
    args = b'[12345678901234567890, 1.0, 1e400, "\\ud800", "<&>", {"b" : 1,"a":[ ]}]'
    pushed = (
        b'{"jid":"job-00001","jobtype":"T","args":' + args + b',"priority":{"x": 9007199254740993}}'
    )
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert await peer.ask(b"PUSH " + pushed) == "+OK"
        body = await peer.ask("FETCH default")
        assert isinstance(body, bytes)
        assert b'"args":' + args in body
        assert b'"priority":{"x": 9007199254740993}' in body


async def test_a_password_is_asked_for_and_a_wrong_one_refused(tmp_path: Path) -> None:
    async with running(tmp_path, password="sésame") as engine:
        peer = await engine.peer(wid="worker-1")
        await peer.push("job-00001")
        stranger = await engine.raw()
        assert str(await stranger.reply()).startswith('+HI {"v":2,"i":')
        assert await stranger.ask('HELLO {"v":2,"pwdhash":"00"}') == "-ERR Invalid password"
        assert await stranger.reader.read() == b""


@pytest.mark.parametrize("hello", ["PUSH {}", 'HELLO {"v":"2"}', "HELLO {", "hello {}", ""])
async def test_a_bad_hello_closes_without_a_word(tmp_path: Path, hello: str) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.raw()
        await peer.reply()
        peer.send(hello)
        assert await peer.reader.read() == b""


async def test_malformed_commands_leave_the_connection_and_others_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer, other = await engine.peer(), await engine.peer()
        for line, start in [
            ("push {}", "-ERR unknown command push"),
            ("", "-ERR unknown command "),
            ("PUSH", "-ERR internal error"),
            ("PUSH {", "-ERR invalid JSON"),
            (
                'PUSH {"jid":"short","jobtype":"T","args":[]}',
                "-ERR jobs must have a reasonable jid",
            ),
            ("FETCH", "-ERR must call fetch with at least one queue"),
            ('FAIL {"jid":"unknown-1"}', "-ERR Job not found unknown-1"),
            ('BEAT {"wid":"nobody"}', "-ERR unknown worker nobody"),
            ("ACK {}", "-ERR invalid ACK"),
            ("QUEUE DANCE", "-ERR no such QUEUE subcommand: DANCE"),
        ]:
            assert str(await peer.ask(line)).startswith(start), line
        await peer.push("job-00001")
        await other.push("job-00002")


async def test_fetch_takes_the_leftmost_queue_first_and_each_queue_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        for jid, queue in [("low-00001", "low"), ("high-0001", "high"), ("high-0002", "high")]:
            await peer.push(jid, queue=queue)
        jids = [(await peer.fetch("high", "low") or {})["jid"] for _ in range(3)]
        assert jids == ["high-0001", "high-0002", "low-00001"]


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a FETCH wait so long that whatever ends it is what the test did."""
    monkeypatch.setattr(waiting, "FETCH_WAITS", LONG)


@pytest.mark.usefixtures("unhurried")
async def test_a_waiting_fetch_is_woken_by_a_push_to_any_of_its_queues(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        waiter, pusher = await engine.peer(), await engine.peer()
        waiter.send("FETCH a b")
        await pusher.push("job-00001", queue="b")
        body = await waiter.reply()
        assert isinstance(body, bytes)
        assert json.loads(body)["jid"] == "job-00001"


@pytest.mark.usefixtures("unhurried")
async def test_who_waits_for_two_queues_resumed_at_once_gets_a_job_of_the_first(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine:
        waiter, other = await engine.peer(), await engine.peer()
        await other.push("job-late", queue="second")
        await other.push("job-soon", queue="first")
        assert await other.ask("QUEUE PAUSE *") == "+OK"
        waiter.send("FETCH first second")
        await waits(engine, "second")
        assert await other.ask("QUEUE RESUME second first") == "+OK"
        body = await waiter.reply()
        assert isinstance(body, bytes)
        assert json.loads(body)["jid"] == "job-soon"


async def test_requeued_jobs_come_in_the_order_of_their_set_wherever_they_are_kept(
    tmp_path: Path,
) -> None:
    now = time.time()
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        for known in (True, False):
            for delay in (900, 300, 600):
                at = format_time(now + delay + known)
                await peer.push(f"job-at-{delay + known}", at=at)
            if known:
                assert engine.engine.committer.settle()
        assert await peer.ask('MUTATE {"cmd":"requeue","target":"scheduled"}') == "+OK"
        jids = [(await peer.fetch() or {})["jid"] for _ in range(6)]
        assert jids == [f"job-at-{delay}" for delay in (300, 301, 600, 601, 900, 901)]


async def test_fetch_gives_up_after_two_seconds_and_then_answers_the_next_command(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert waiting.FETCH_WAITS == 2.0
        for told in tries(4):
            start = time.monotonic()
            peer.send("FETCH nothing", 'ACK {"jid":"unknown-1"}')
            assert await peer.reply() is None
            took = time.monotonic() - start
            assert took > 1.8
            assert await peer.reply() == "+OK"
            told(took)


@pytest.mark.usefixtures("unhurried")
async def test_the_longest_waiting_fetch_gets_the_job(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        first, second, pusher = [await engine.peer() for _ in range(3)]
        first.send("INFO", "FETCH q")
        await first.reply()
        second.send("INFO", "FETCH q")
        await second.reply()
        await pusher.push("job-00001", queue="q")
        assert isinstance(await first.reply(), bytes)
        await pusher.push("job-00002", queue="q")
        assert isinstance(await second.reply(), bytes)


async def test_a_failed_job_is_retried_then_dies(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-00001", retry=1)
        await peer.fetch()
        assert await peer.ask('FAIL {"jid":"job-00001","errtype":"Boom","message":"m"}') == "+OK"
        assert (await peer.info())["faktory"]["sets"]["retries"] == 1
        assert await peer.ask('MUTATE {"cmd":"requeue","target":"retries"}') == "+OK"
        job = await peer.fetch()
        assert job is not None
        assert job["failure"]["retry_count"] == 0
        assert job["failure"]["errtype"] == "Boom"
        await peer.ask('FAIL {"jid":"job-00001"}')
        sets = (await peer.info())["faktory"]["sets"]
        assert sets == {"scheduled": 0, "retries": 0, "dead": 1, "working": 0}


@pytest.mark.parametrize(("retry", "dead"), [(0, 0), (-1, 1)])
async def test_retry_zero_drops_and_a_negative_one_buries(
    tmp_path: Path, retry: int, dead: int
) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-00001", retry=retry)
        await peer.fetch()
        await peer.ask('FAIL {"jid":"job-00001"}')
        assert (await peer.info())["faktory"]["sets"]["dead"] == dead


@pytest.mark.usefixtures("unhurried")
async def test_a_scheduled_job_comes_to_its_queue_when_it_is_due(tmp_path: Path) -> None:
    clock = Clock()
    async with running(tmp_path, clock=clock) as engine:
        peer = await engine.peer()
        await peer.push("job-00001", at=format_time(clock() + 3600))
        assert (await peer.info())["faktory"]["sets"]["scheduled"] == 1
        clock.ahead = 3601
        job = await peer.fetch()
        assert job is not None
        assert job["enqueued_at"] >= job["at"]


async def test_an_illegal_queue_name_is_refused_even_for_later(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        for extra in ("", ',"at":"2999-01-01T00:00:00Z"'):
            line = f'PUSH {{"jid":"job-00001","jobtype":"T","args":[],"queue":"a b"{extra}}}'
            assert "queue names must match" in str(await peer.ask(line))


async def test_of_a_bulk_with_nothing_in_it_the_good_jobs_are_taken(tmp_path: Path) -> None:
    good = json.dumps({"jid": "job-00001", "jobtype": "T", "args": []})
    refused = {"": "jobs must have a reasonable jid parameter"}
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        for line in (f"PUSHB [{good},null]", f"PUSHB [ null , {good} ]"):
            told = await peer.ask(line)
            assert isinstance(told, bytes)
            assert json.loads(told) == refused
        assert await peer.ask("PUSH null") == "-ERR jobs must have a reasonable jid parameter"
        assert (await peer.info())["faktory"]["queues"] == {"default": 2}
        assert str(await peer.ask(f"PUSHB [{good},7]")).startswith("-ERR invalid JSON")
        assert (await peer.info())["faktory"]["queues"] == {"default": 2}


async def test_a_pause_holds_for_the_jobs_of_a_queue_that_is_yet_to_come(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert await peer.ask("QUEUE PAUSE later other") == "+OK"
        assert await peer.ask("QUEUE RESUME other nothing") == "+OK"
        assert (await peer.info())["faktory"]["queues"] == {"later": 0, "other": 0}
        assert str(await peer.ask("QUEUE PAUSE good bad/name")).startswith('-ERR cannot get "bad/')
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-00001", queue="later")
        await peer.push("job-00002", queue="other")
        assert (await peer.fetch("later", "other") or {})["jid"] == "job-00002"
        assert (await peer.info())["faktory"]["queues"] == {"later": 1, "other": 0}
        assert await peer.ask("QUEUE RESUME later") == "+OK"
        assert (await peer.fetch("later") or {})["jid"] == "job-00001"


async def test_pushb_reports_the_rejected_and_takes_the_rest(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        jobs = [
            {"jid": "job-00001", "jobtype": "T", "args": []},
            {"jid": "job-00002", "args": []},
        ]
        body = await peer.ask("PUSHB " + json.dumps(jobs))
        assert isinstance(body, bytes)
        assert json.loads(body) == {"job-00002": "jobs must have a jobtype parameter"}
        assert (await peer.info())["faktory"]["total_enqueued"] == 1
        assert await peer.ask("PUSHB []") == b"{}"


async def test_two_copies_of_one_id_are_two_jobs(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        for number in (1, 2):
            await peer.push("job-00001", args=[number])
        for _ in range(2):
            await peer.fetch()
        await peer.ask('ACK {"jid":"job-00001"}')
        assert (await peer.info())["faktory"]["sets"]["working"] == 1
        await peer.ask('ACK {"jid":"job-00001"}')
        info = (await peer.info())["faktory"]
        assert (info["sets"]["working"], info["total_processed"]) == (0, 2)


async def test_a_worker_is_seen_beats_and_is_told_to_be_quiet(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="w1", hostname="h", pid=7, labels=["python"])
        assert await peer.ask('BEAT {"wid":"w1","rss_kb":10}') == "+OK"
        reply = await peer.ask('BEAT {"wid":"w1","current_state":"quiet"}')
        assert isinstance(reply, bytes)
        assert json.loads(reply) == {"state": "quiet"}
        await peer.push("job-00001")
        assert await peer.fetch() is None


async def test_an_expired_reservation_goes_to_the_retries(tmp_path: Path) -> None:
    timers = Timers(due=0.02, reap=0.02, status=0.02)
    async with running(tmp_path, timers=timers) as engine:
        peer = await engine.peer()
        await peer.push("job-00001")
        await peer.fetch()
        peer.send("INFO")
        await peer.reply()
    async with running(tmp_path, timers=FAST) as engine:
        peer = await engine.peer()
        assert (await peer.info())["faktory"]["sets"]["working"] == 1
        assert await peer.ask('ACK {"jid":"job-00001"}') == "+OK"
        assert (await peer.info())["faktory"]["total_processed"] == 1


@pytest.mark.usefixtures("unhurried")
async def test_a_paused_queue_is_skipped_and_stays_paused_over_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await peer.push("job-00001", queue="slow")
        await peer.push("job-00002", queue="fast")
        assert await peer.ask("QUEUE PAUSE slow") == "+OK"
        assert (await peer.fetch("slow", "fast") or {})["jid"] == "job-00002"
    async with running(tmp_path) as engine:
        peer, other = await engine.peer(), await engine.peer()
        peer.send("FETCH slow")
        assert await other.ask("QUEUE RESUME slow") == "+OK"
        body = await peer.reply()
        assert isinstance(body, bytes)
        assert json.loads(body)["jid"] == "job-00001"


async def test_info_has_faktorys_schema(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        info = await peer.info()
        assert set(info) == {"now", "server_utc_time", "faktory", "server"}
        assert set(info["faktory"]) == {
            "queues", "sets", "tasks", "total_failures", "total_processed", "total_enqueued",
            "total_queues",
        }  # fmt: skip
        assert set(info["faktory"]["tasks"]) == {"Busy", "Workers", "Scheduled", "Retries", "Dead"}
        assert info["server"]["uptime"] > 0
        assert info["server"]["description"] == "Faktory"


async def test_end_closes_without_a_reply_and_discards_what_follows(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        peer.send('PUSH {"jid":"job-00001","jobtype":"T","args":[]}', "END", "INFO")
        assert await peer.reply() == "+OK"
        assert await peer.reader.read() == b""


async def test_a_second_engine_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path):
        with pytest.raises(StoreError, match="Another engine runs"):
            async with running(tmp_path):
                pass
