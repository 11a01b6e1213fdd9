"""Every page of a real Faktory, read field by field and compared with what it was given."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from glasshouse.faktory_ui.jobs import JobRow, read_job, read_queue, read_set, set_path
from glasshouse.faktory_ui.page import PageError
from glasshouse.faktory_ui.server import read_busy, read_history, read_queues
from glasshouse.model.job import JobSet
from tests.engine.peer import Peer

from .conftest import Faktory

ARGS: dict[str, list[Any]] = {
    "plain": [1, "two", None, True, 0.25],
    "markup": ["<b>&amp;\"'</b>", {"<script>": "</td></tr></table>"}],
    "unicode": ["Zoë 正山小种 🚀", "\u202ebidi", "line\nbreak, \t tab"],
    "empty": [],
    "nested": [{"a": [{"b": [[]]}]}, [[["x"]]]],
    "separator": ["\n, ", "ends with …", '", "'],
}
PER_PAGE = 25


async def told(faktory: Faktory, name: JobSet) -> list[JobRow]:
    """Return all rows of a set, page by page."""
    rows: list[JobRow] = []
    for page in range(1, 10):
        some = read_set(name, await faktory.page(f"{set_path(name)}?page={page}"))
        rows += some
        if len(some) < PER_PAGE:
            return rows
    raise AssertionError(name)


async def fail(peer: Peer, jid: str, args: list[Any], retry: int) -> None:
    await peer.push(jid, jobtype="Charge<Order>", queue="f", retry=retry, args=args)
    await peer.fetch("f")
    failure = {
        "jid": jid,
        "errtype": "Oops::Card",
        "message": f"no <b>money</b> for {jid}: none",
        "backtrace": ["Traceback:", '  File "a.py", line 1', "    run(<x>)"],
    }
    assert await peer.ask(f"FAIL {json.dumps(failure)}") == "+OK"


def loads(row: JobRow) -> list[Any]:
    assert row.args.items is not None
    return [json.loads(item) for item in row.args.items]


async def test_sets_are_read_as_they_were_filled(faktory: Faktory) -> None:
    peer = await faktory.peer("worker-1")
    wanted: dict[JobSet, dict[str, list[Any]]] = {name: {} for name in JobSet}
    for number in range(5):
        for kind, args in ARGS.items():
            jid = f"{kind}-{number:08}"
            later = f"2999-01-01T00:00:{number:02}.000000001Z"
            await peer.push(f"later-{jid}", jobtype="Later", queue="q", at=later, args=args)
            await fail(peer, f"retry-{jid}", args, 25)
            await fail(peer, f"dead-{jid}", args, -1)
            wanted[JobSet.SCHEDULED][f"later-{jid}"] = args
            wanted[JobSet.RETRIES][f"retry-{jid}"] = args
            wanted[JobSet.DEAD][f"dead-{jid}"] = args
    for name, jobs in wanted.items():
        rows = await told(faktory, name)
        assert {row.jid: loads(row) for row in rows} == jobs
        assert [row.at for row in rows] == sorted(row.at for row in rows)
        assert all(row.args.exact for row in rows)
        for row in rows:
            if name is JobSet.SCHEDULED:
                assert (row.jobtype, row.queue, row.failure) == ("Later", "q", None)
                continue
            assert (row.jobtype, row.queue) == ("Charge<Order>", "f")
            assert row.failure is not None
            assert row.failure.parts == ("Oops::Card", f"no <b>money</b> for {row.jid}: none")
            assert row.failure.retry_count == (0 if name is JobSet.RETRIES else None)


async def test_a_job_is_read_with_its_trace_and_long_arguments(faktory: Faktory) -> None:
    peer = await faktory.peer("worker-1")
    long = ["x" * 5000, {"y": ["z" * 100_000]}]
    await fail(peer, "dead-long-1", long, -1)
    (row,) = await told(faktory, JobSet.DEAD)
    assert row.args.items is None
    assert row.args.text.startswith('"xxx')
    shown = read_job(
        JobSet.DEAD, await faktory.page(f"{set_path(JobSet.DEAD)}/{quote(row.key, safe='')}")
    )
    assert shown.args.items is not None
    assert [json.loads(item) for item in shown.args.items] == long
    assert (shown.jid, shown.jobtype, shown.queue) == ("dead-long-1", "Charge<Order>", "f")
    assert (shown.errtype, shown.message) == (
        "Oops::Card",
        "no <b>money</b> for dead-long-1: none",
    )
    assert shown.backtrace == ("Traceback:", '  File "a.py", line 1', "    run(<x>)")


async def test_a_number_that_faktory_rounds_is_said_to_be_inexact(faktory: Faktory) -> None:
    peer = await faktory.peer("worker-1")
    line = (
        '{"jid":"dead-number","jobtype":"T","queue":"f","retry":-1,"args":[12345678901234567890]}'
    )
    assert await peer.ask(f"PUSH {line}") == "+OK"
    await peer.fetch("f")
    assert await peer.ask('FAIL {"jid":"dead-number","errtype":"E","message":"m"}') == "+OK"
    (row,) = await told(faktory, JobSet.DEAD)
    assert not row.args.exact


async def test_a_queue_gives_whole_payloads_newest_first(faktory: Faktory) -> None:
    peer = await faktory.peer()
    for number in range(60):
        for name in ("mail.er", "a-b_c"):
            await peer.push(f"job-{number:08}", jobtype="<T>", queue=name, args=[number, "<&>"])
    seen: list[str] = []
    for page in (1, 2, 3):
        rows = read_queue("mail.er", await faktory.page(f"/queues/mail.er?page={page}"))
        for row in rows:
            job = json.loads(row.payload)
            assert (job["jid"], job["jobtype"], job["queue"]) == (row.jid, "<T>", "mail.er")
            assert job["args"] == [int(row.jid.removeprefix("job-")), "<&>"]
            seen.append(row.jid)
    # The newest come first; each full page repeats the first of the next (the 26th row).
    assert list(dict.fromkeys(seen)) == [f"job-{number:08}" for number in range(59, -1, -1)]


async def test_queues_tell_their_size_and_pause(faktory: Faktory) -> None:
    peer = await faktory.peer()
    for name, size in {"mail.er": 3, "a-b_c": 1}.items():
        for number in range(size):
            await peer.push(f"job-{number:08}", queue=name)
    assert await peer.ask("QUEUE PAUSE mail.er") == "+OK"
    shown = read_queues(await faktory.page("/queues"))
    assert [(queue.name, queue.size, queue.paused) for queue in shown] == [
        ("a-b_c", 1, False), ("mail.er", 3, True),
    ]  # fmt: skip


async def test_a_queue_of_a_thousand_jobs_is_read_in_every_language(faktory: Faktory) -> None:
    peer = await faktory.peer()
    jobs = [
        {"jid": f"job-{n:08}", "jobtype": "T", "queue": "mail", "args": []} for n in range(2500)
    ]
    assert await peer.ask(f"PUSHB {json.dumps(jobs)}") == b"{}"
    await peer.push("job-idle", queue="idle")
    assert await peer.ask("QUEUE PAUSE mail") == "+OK"
    offered = set(re.findall(rb'<option (?:name|value)="([a-z-]+)"', await faktory.page("/debug")))
    assert len(offered) > 20
    for language in sorted(one.decode() for one in offered):
        asked = await faktory.web.get("/queues", headers={"Accept-Language": language})
        assert f'lang="{language}"' in asked.text
        shown = read_queues(asked.content)
        assert [(queue.name, queue.size, queue.paused) for queue in shown] == [
            ("idle", 1, False), ("mail", 2500, True),
        ]  # fmt: skip


async def test_workers_and_what_they_hold(faktory: Faktory) -> None:
    peer = await faktory.peer("worker-<1>")
    await peer.push("held-00000001", jobtype="Hold", queue="h", args=[1, "a b"])
    await peer.fetch("h")
    assert await peer.ask('BEAT {"wid":"worker-<1>","rss_kb":51234}') == "+OK"
    other = await faktory.peer("worker-2")
    # It answers with the state that it was told, or with nothing.
    await other.ask('BEAT {"wid":"worker-2","rss_kb":204800,"current_state":"quiet"}')
    busy = read_busy(await faktory.page("/busy"))
    one, two = sorted(busy.workers, key=lambda worker: worker.rss_kb or 0)
    assert (one.wid, one.hostname, one.pid) == ("worker-<1>", "app-<1>", 77)
    assert (one.labels, one.quiet, one.rss_kb, one.busy) == (("shop", "<b>"), False, 51_234, 1)
    assert (two.wid, two.quiet, two.rss_kb, two.busy) == ("worker-2", True, 204_800, 0)
    (held,) = busy.reservations
    assert (held.wid, held.jid, held.queue, held.jobtype) == (
        "worker-<1>", "held-00000001", "h", "Hold",
    )  # fmt: skip
    assert held.args.items == ("1", '"a b"')


async def test_the_history_counts_what_ran_today(faktory: Faktory) -> None:
    peer = await faktory.peer("worker-1")
    await fail(peer, "dead-00000001", [], -1)
    history = read_history(await faktory.page("/"))
    assert len(history.processed) == 30
    assert (sum(history.processed.values()), sum(history.failed.values())) == (1, 1)


async def test_what_is_empty_or_unknown_is_told_apart(faktory: Faktory) -> None:
    for name in JobSet:
        assert read_set(name, await faktory.page(set_path(name))) == ()
    assert read_queues(await faktory.page("/queues")) == ()
    busy = read_busy(await faktory.page("/busy"))
    assert (busy.workers, busy.reservations) == ((), ())
    # Faktory answers every unknown path with its dashboard.
    dashboard = await faktory.page("/nowhere")
    with pytest.raises(PageError):
        read_queues(dashboard)
    for name in JobSet:
        with pytest.raises(PageError):
            read_set(name, dashboard)


async def test_the_history_is_read_for_as_long_as_its_page_offers(faktory: Faktory) -> None:
    dashboard = await faktory.page("/")
    offered = re.findall(rb'href="(/\?days=(\d+))"', dashboard)
    assert len(offered) >= 3
    for path, days in offered:
        html = await faktory.page(path.decode())
        history = read_history(html)
        assert len(history.processed) == len(history.failed) == int(days)
        # One that ends in the middle is no page, wherever that is.
        for end in range(0, len(html) - len(b"</html>\n"), 97):
            with pytest.raises(PageError, match="whole page"):
                read_history(html[:end])
