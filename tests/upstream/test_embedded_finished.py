"""The finished log, read beside a running engine."""

from __future__ import annotations

import json
import math
import random
import time
from pathlib import Path

import pytest

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.finished import FAILED, FinishedFilter, FinishedPage
from glasshouse.model.job import Outcome
from glasshouse.upstream import embedded_finished
from glasshouse.upstream.embedded import EmbeddedReader
from tests.engine.peer import Peer, running

from .log import NOW, reading, row

ALL = FinishedFilter()


def ids(found: FinishedPage | None) -> list[int]:
    assert found is not None
    return [entry.id for entry in found.items]


async def run(peer: Peer, jid: str, *, fail: bool = False, **fields: object) -> None:
    """Push a job, fetch it and end it."""
    await peer.push(jid, **fields)
    assert await peer.fetch(str(fields.get("queue", "default"))) is not None
    body = json.dumps({"jid": jid, "errtype": "Timeout", "message": "late"})
    assert await peer.ask(f"FAIL {body}" if fail else f"ACK {body}") == "+OK"


async def test_what_an_engine_did_is_told_with_its_worker_its_times_and_its_outcome(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="worker-1")
        await run(peer, "job-done-1")
        await run(peer, "job-retry-1", fail=True)
        await run(peer, "job-buried-1", fail=True, retry=-1)
        await run(peer, "job-dropped-1", fail=True, retry=0, queue="other")
        reader = EmbeddedReader(tmp_path)
        page = await reader.finished(ALL, page=1, per_page=25)
        executions = await reader.executions("job-done-1")
        times = await reader.type_times()
        await reader.close()
    assert page is not None
    assert [(entry.jid, entry.outcome, entry.errtype) for entry in page.items] == [
        ("job-dropped-1", Outcome.DROPPED, "Timeout"),
        ("job-buried-1", Outcome.BURIED, "Timeout"),
        ("job-retry-1", Outcome.RETRIED, "Timeout"),
        ("job-done-1", Outcome.DONE, None),
    ]
    assert page.items[0].queue == "other"
    assert executions is not None
    (done,) = executions.items
    assert (done.wid, done.jobtype) == ("worker-1", "Test")
    assert done.enqueued_at is not None
    assert done.enqueued_at <= done.reserved_at <= done.finished_at <= time.time()
    assert done.waited is not None
    assert done.waited + done.ran == pytest.approx(done.finished_at - done.enqueued_at)
    assert times is not None
    assert [(item.jobtype, item.count, item.failed) for item in times.types] == [("Test", 4, 3)]


async def test_every_entry_is_on_exactly_one_page_newest_first(tmp_path: Path) -> None:
    async with reading(tmp_path, (row(number) for number in range(41, 141))) as reader:
        seen: list[int] = []
        for number in range(1, 6):
            page = await reader.finished(ALL, page=number, per_page=23)
            assert page is not None
            assert (page.total, page.held, page.pages, page.read_at) == (100, 100, 5, NOW)
            seen += ids(page)
        beyond = await reader.finished(ALL, page=6, per_page=23)
        far = await reader.finished(ALL, page=10**7, per_page=100)
    assert seen == list(range(140, 40, -1))
    assert ids(beyond) == ids(far) == []


async def test_an_empty_log_has_one_empty_page(tmp_path: Path) -> None:
    async with reading(tmp_path, ()) as reader:
        page = await reader.finished(FinishedFilter(jobtype="x", until=7), page=1, per_page=25)
        times = await reader.type_times()
        executions = await reader.executions("none")
    assert page is not None
    assert (page.total, page.held, page.newer, page.searched, page.pages) == (0, 0, 0, 0, 1)
    assert times is not None
    assert (times.types, times.executions, times.first_at) == ((), 0, None)
    assert executions is not None
    assert (executions.items, executions.more) == ((), False)


async def test_pages_keep_still_while_the_log_grows(tmp_path: Path) -> None:
    async with reading(tmp_path, (row(number) for number in range(1, 101))) as reader:
        still = await reader.finished(FinishedFilter(until=60), page=2, per_page=10)
        later = await reader.finished(FinishedFilter(until=10**18), page=1, per_page=1)
        before = await reader.finished(FinishedFilter(until=60, queue="mail"), page=1, per_page=2)
    assert ids(still) == list(range(50, 40, -1))
    assert still is not None
    assert (still.total, still.newer, still.newest, still.held) == (60, 40, 60, 100)
    assert ids(later) == [100]
    assert ids(before) == [60, 59]
    assert before is not None
    assert before.total == 60


async def test_pages_of_entries_that_were_forgotten_since_are_empty(tmp_path: Path) -> None:
    async with reading(tmp_path, (row(number) for number in range(50, 60))) as reader:
        page = await reader.finished(FinishedFilter(until=20), page=1, per_page=10)
    assert page is not None
    assert (page.items, page.total, page.newer) == ((), 0, 10)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (FinishedFilter(jobtype="Charge"), [9, 6, 3]),
        (FinishedFilter(jobtype="Charge", queue="money"), [9, 3]),
        (FinishedFilter(outcomes=FAILED), [8, 4]),
        (FinishedFilter(outcomes=(Outcome.BURIED,)), [8]),
        (FinishedFilter(jid="jid-000007"), [7]),
        (FinishedFilter(jid="jid-000007", jobtype="Charge"), []),
        (FinishedFilter(jobtype="charge"), []),
        (FinishedFilter(jobtype="Charge' OR 1=1 --"), []),
        (FinishedFilter(jobtype="%"), []),
    ],
)
async def test_a_filter_takes_what_equals_all_that_was_asked(
    tmp_path: Path, wanted: FinishedFilter, found: list[int]
) -> None:
    log = [row(number) for number in range(1, 11)]
    log[2] = row(3, jobtype="Charge", queue="money")
    log[5] = row(6, jobtype="Charge")
    log[8] = row(9, jobtype="Charge", queue="money")
    log[3], log[7] = row(4, Outcome.RETRIED), row(8, Outcome.BURIED)
    async with reading(tmp_path, log) as reader:
        page = await reader.finished(wanted, page=1, per_page=25)
        second = await reader.finished(wanted, page=2, per_page=1)
    assert ids(page) == found
    assert ids(second) == found[1:2]
    assert page is not None
    assert (page.total, page.searched) == (len(found), 10)


async def test_a_filter_looks_at_the_newest_entries_only_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_finished, "SEARCHED", 40)
    log = [row(number, jobtype="Rare" if number % 50 == 0 else "Send") for number in range(1, 101)]
    async with reading(tmp_path, log) as reader:
        rare = await reader.finished(FinishedFilter(jobtype="Rare"), page=1, per_page=25)
        old = await reader.finished(FinishedFilter(jobtype="Rare", until=80), page=1, per_page=25)
        by_id = await reader.finished(FinishedFilter(jid="jid-000001"), page=1, per_page=25)
    assert rare is not None
    assert old is not None
    assert by_id is not None
    assert (ids(rare), rare.searched, rare.held) == ([100], 40, 100)
    assert (ids(old), old.searched) == ([50], 40)
    assert (ids(by_id), by_id.searched) == ([1], 100)


async def test_the_executions_of_one_id_are_cut_at_a_hundred(tmp_path: Path) -> None:
    log = [row(number, jid="again") for number in range(1, 102)]
    async with reading(tmp_path, [*log, row(102)]) as reader:
        many = await reader.executions("again")
        one = await reader.executions("jid-000102")
    assert many is not None
    assert one is not None
    assert [entry.id for entry in many.items] == list(range(101, 1, -1))
    assert many.more
    assert (len(one.items), one.more) == (1, False)


async def test_times_are_nearest_ranks_of_what_occurred(tmp_path: Path) -> None:
    rng = random.Random(3)
    runs = [rng.uniform(0, 5) for _ in range(37)]
    log = [
        row(number, reserved_at=number - runs[number - 1], enqueued_at=number - 10.0)
        for number in range(1, 38)
    ]
    log += [
        row(38, Outcome.DROPPED, jobtype="Charge", enqueued_at=None),
        row(39, jobtype="Charge", enqueued_at=None, reserved_at=99.0),
    ]
    async with reading(tmp_path, log) as reader:
        table = await reader.type_times()
    assert table is not None
    send, charge = table.types
    ordered = sorted(runs)
    assert (send.jobtype, send.count, send.failed) == ("Send", 37, 0)
    assert send.run_median == pytest.approx(ordered[18])
    assert send.run_p95 == pytest.approx(ordered[math.ceil(0.95 * 37) - 1])
    assert send.run_most == pytest.approx(ordered[-1])
    assert send.wait_median == pytest.approx(10 - ordered[18])
    assert (charge.count, charge.failed, charge.wait_median) == (2, 1, None)
    assert (charge.run_median, charge.run_most) == (0.0, 1.0)
    assert (table.executions, table.held, table.first_at, table.last_at) == (39, 39, 1.0, 39.0)


async def test_times_are_of_a_bounded_part_of_the_log_and_of_a_bounded_number_of_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_finished, "TIMED", 30)
    monkeypatch.setattr(embedded_finished, "TYPES", 4)
    log = [row(number, jobtype=f"Type{number % 10}") for number in range(1, 101)]
    async with reading(tmp_path, [*log, row(101, jobtype="Type7")]) as reader:
        table = await reader.type_times()
    assert table is not None
    assert [item.jobtype for item in table.types] == ["Type7", "Type0", "Type2", "Type3"]
    assert (table.type_count, table.executions, table.held) == (10, 30, 101)
    assert (table.first_at, table.last_at) == (72.0, 101.0)


async def test_a_page_far_down_a_million_entries_comes_at_once(tmp_path: Path) -> None:
    million = ((n, f"{n:024x}", "Send", "mail", "w1", n - 2.0, n - 1.0, float(n), 1, None, None)
               for n in range(1, 1_000_001))  # fmt: skip
    async with reading(tmp_path, million) as reader:
        took: dict[str, float] = {}
        for name, wanted, page in (
            ("first", ALL, 1),
            ("far", ALL, 39_999),
            ("filtered", FinishedFilter(jobtype="None"), 1),
        ):
            for _ in range(3):
                began = time.perf_counter()
                found = await reader.finished(wanted, page=page, per_page=25)
                took[name] = min(took.get(name, 60.0), time.perf_counter() - began)
                assert found is not None
                assert found.held == 1_000_000
        began = time.perf_counter()
        await reader.type_times()
        took["times"] = time.perf_counter() - began
    print("\n" + ", ".join(f"{name} {1000 * span:.1f} ms" for name, span in took.items()))
    # An offset of a million rows takes a second; the bounds leave room for a busy machine.
    assert took["far"] < 0.1
    assert took["filtered"] < 0.5
    assert took["times"] < 5.0


async def test_hostile_names_come_out_as_they_went_in(tmp_path: Path) -> None:
    evil = "<b>\u202e\x00\x1b'\"; DROP TABLE finished"
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="<i onclick=x>")
        await peer.push("evil-job-1", jobtype=evil)
        await peer.fetch()
        body = json.dumps({"jid": "evil-job-1", "errtype": evil, "message": evil})
        assert await peer.ask(f"FAIL {body}") == "+OK"
        reader = EmbeddedReader(tmp_path)
        page = await reader.finished(FinishedFilter(jobtype=evil), page=1, per_page=25)
        await reader.close()
    assert page is not None
    (entry,) = page.items
    assert (entry.jobtype, entry.errtype, entry.wid) == (evil, evil, "<i onclick=x>")


async def test_an_engine_that_does_not_run_is_said_to_be_unavailable(tmp_path: Path) -> None:
    async with reading(tmp_path, [row(1)]) as reader:
        await reader.finished(ALL, page=1, per_page=25)
    gone = EmbeddedReader(tmp_path)
    for question in (
        gone.finished(ALL, page=1, per_page=25),
        gone.executions("x"),
        gone.type_times(),
        gone.parameters(),
    ):
        with pytest.raises(UpstreamUnavailableError, match="not running"):
            await question
    await gone.close()
    with pytest.raises(UpstreamUnavailableError, match="closed"):
        await gone.type_times()


@pytest.mark.parametrize(
    ("at", "newest"), [(1e9, 90), (90.0, 90), (57.5, 57), (31.0, 31), (30.9, None), (-1.0, None)]
)
async def test_a_time_leads_to_the_newest_entry_that_had_ended_by_then(
    tmp_path: Path, at: float, newest: int | None
) -> None:
    async with reading(tmp_path, [row(number) for number in range(31, 91)]) as reader:
        found = await reader.finished(FinishedFilter(at=at), page=1, per_page=5)
        assert found is not None
        assert ids(found) == (
            [] if newest is None else list(range(newest, max(30, newest - 5), -1))
        )
        assert found.newer == 90 - (newest or 30)
        sends = await reader.finished(FinishedFilter(at=at, jobtype="Send"), page=1, per_page=1)
        assert ids(sends) == ids(found)[:1]


async def test_a_part_of_an_errors_type_is_enough_in_either_case(tmp_path: Path) -> None:
    log = [
        row(1, Outcome.RETRIED, errtype="Stripe::CardError"),
        row(2, Outcome.RETRIED, errtype="Net::ReadTimeout"),
        row(3),
    ]
    async with reading(tmp_path, log) as reader:
        assert ids(await reader.finished(FinishedFilter(error="card"), page=1, per_page=5)) == [1]
        assert ids(await reader.finished(FinishedFilter(error="100%"), page=1, per_page=5)) == []


async def test_an_engine_notes_which_values_of_a_job_the_type_of_its_error_tells(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="worker-1")
        await run(peer, "job-plain-1", fail=True, args=[{"token": "tok-5ecr3t"}])
        await peer.push("job-telling-1", args=[{"token": "tok-5ecr3t"}])
        await peer.fetch("default")
        told = json.dumps({"jid": "job-telling-1", "errtype": "Bad tok-5ecr3t", "message": "m"})
        assert await peer.ask(f"FAIL {told}") == "+OK"
        reader = EmbeddedReader(tmp_path)
        page = await reader.finished(ALL, page=1, per_page=25)
        guarded = await reader.finished(
            FinishedFilter(error="t", guarded=True), page=1, per_page=25
        )
        await reader.close()
    assert page is not None
    assert [entry.echoes for entry in page.items] == [(("args", "0", "token"),), ()]
    assert guarded is not None
    assert (guarded.total, [entry.jid for entry in guarded.items]) == (1, ["job-plain-1"])


async def test_of_types_that_nobody_compared_none_is_looked_into_for_who_may_not_see_all(
    tmp_path: Path,
) -> None:
    log = [row(1, Outcome.RETRIED, errtype="Timeout", echoes=None), row(2, Outcome.RETRIED)]
    async with reading(tmp_path, log) as reader:
        for guarded, expected in ((False, [2, 1]), (True, [2])):
            wanted = FinishedFilter(error="time", guarded=guarded)
            found = await reader.finished(wanted, page=1, per_page=25)
            assert ids(found) == expected
            assert found is not None
            assert found.total == len(expected)
