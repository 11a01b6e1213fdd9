"""A job of ActiveJob has one name: in the database, the finished log, and for MUTATE."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from glasshouse.engine.acts import KeptJob
from glasshouse.engine.batch import Batch
from glasshouse.engine.check import check
from glasshouse.engine.recovery import decode
from glasshouse.engine.run import Timers
from glasshouse.model.finished import FinishedFilter
from glasshouse.model.job import WRAPPER, JobSet
from glasshouse.model.jobquery import parse_query
from glasshouse.model.listing import ListQuery
from glasshouse.upstream.embedded import EmbeddedReader
from tests.wire.test_jobnames import active_job, mail

from .folders import tamper
from .peer import Peer, running

BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)
PAYLOAD = json.dumps(active_job()).encode()
OLD = f"UPDATE job SET jobtype = '{WRAPPER}'; PRAGMA user_version = 5"


async def push(peer: Peer, *jobs: dict[str, Any]) -> None:
    assert await peer.ask("PUSHB " + json.dumps(jobs)) == b"{}"


async def test_a_job_is_kept_by_its_name_and_handed_over_as_it_was_pushed(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="worker-1")
        await push(peer, active_job(), active_job(jid="job-00002", at="2999-01-01T00:00:00Z"))
        assert engine.stored("SELECT jobtype FROM job") == ["InvoiceJob"] * 2
        job = await peer.fetch() or {}
        assert (job["jobtype"], job["custom"]) == (WRAPPER, {"wrapped": "InvoiceJob"})
        assert await peer.ask('ACK {"jid":"job-00001"}') == "+OK"
        assert engine.stored("SELECT jobtype FROM finished") == ["InvoiceJob"]
        failing = mail("InvoiceMailer", "overdue")
        await push(peer, failing)
        assert await peer.fetch() is not None
        assert await peer.ask('FAIL {"jid":"job-00001","errtype":"E"}') == "+OK"
        assert engine.stored("SELECT jobtype FROM finished ORDER BY id DESC LIMIT 1") == [
            "InvoiceMailer#overdue"
        ]
    assert check(tmp_path).problems == []


@pytest.mark.parametrize(
    ("jobtype", "left"),
    [
        ("InvoiceJob", ["job-00002", "job-00003"]),
        (WRAPPER, ["job-00003"]),
        ("Plain", ["job-00001", "job-00002"]),
        ("Other", ["job-00001", "job-00002", "job-00003"]),
    ],
)
async def test_mutate_finds_a_job_by_its_name_and_by_its_own_type(
    tmp_path: Path, jobtype: str, left: list[str]
) -> None:
    at = {"at": "2999-01-01T00:00:00Z"}
    plain = {"jid": "job-00003", "jobtype": "Plain", "args": [{"job_class": WRAPPER}], **at}
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await engine.peer()
        await push(peer, active_job(**at), active_job("Bill", jid="job-00002", **at), plain)
        body = {"cmd": "discard", "target": "scheduled", "filter": {"jobtype": jobtype}}
        assert await peer.ask("MUTATE " + json.dumps(body, separators=(",", ":"))) == "+OK"
        assert engine.stored("SELECT jid FROM job ORDER BY id") == left


async def test_jobs_of_an_earlier_version_get_their_names(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        await push(peer, *(active_job(jid=f"job-{n:05}") for n in range(2500)))
        await push(peer, mail("InvoiceMailer", "overdue"), active_job(None, args=[]))
    tamper(tmp_path, OLD)
    assert check(tmp_path).problems == []
    async with running(tmp_path) as engine:
        names = engine.stored("SELECT jobtype, count(*) FROM job GROUP BY 1 ORDER BY 2")
    assert sorted(names) == sorted(
        [("InvoiceJob", 2500), ("InvoiceMailer#overdue", 1), (WRAPPER, 1)]
    )
    assert check(tmp_path).problems == []


def test_a_journal_of_an_earlier_version_brings_jobs_under_their_names(tmp_path: Path) -> None:
    row = (1, 2, 5.0, "q", "job-00001", WRAPPER, 25, 0, None, None, None, PAYLOAD)
    taken = decode(msgspec.msgpack.encode(Batch(inserts=[row])), tmp_path)
    assert taken.inserts == [(*row[:5], "InvoiceJob", *row[6:])]


def test_what_an_earlier_version_deleted_comes_back_under_its_name() -> None:
    kept = KeptJob(1, 2, 5.0, "default", "job-00001", WRAPPER, 25, 0, None, PAYLOAD)
    assert kept.row().jobtype == "InvoiceJob"


async def test_every_reading_of_the_server_tells_the_name(tmp_path: Path) -> None:
    wanted = parse_query("type:InvoiceJob", 0.0)
    later = {"at": "2999-01-01T00:00:00Z"}
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="worker-1")
        await push(peer, active_job(), active_job(jid="job-00002"), active_job(**later))
        assert await peer.fetch() is not None
        assert await peer.ask('ACK {"jid":"job-00001"}') == "+OK"
        assert await peer.fetch() is not None
        await push(peer, active_job(jid="job-00003"))
        reader = EmbeddedReader(tmp_path)
        try:
            pages = [
                await reader.queue_jobs("default", ListQuery()),
                await reader.queue_jobs("default", ListQuery(wanted=wanted)),
                await reader.set_jobs(JobSet.SCHEDULED, ListQuery()),
                await reader.set_jobs(JobSet.SCHEDULED, ListQuery(wanted=wanted)),
                await reader.working_jobs(ListQuery()),
            ]
            log = await reader.finished(FinishedFilter(jobtype="InvoiceJob"), page=1, per_page=9)
            times = await reader.type_times()
        finally:
            await reader.close()
    assert [[job.jobtype for job in page.items] for page in pages] == [["InvoiceJob"]] * 5
    assert log is not None
    assert [entry.jobtype for entry in log.items] == ["InvoiceJob"]
    assert times is not None
    assert [item.jobtype for item in times.types] == ["InvoiceJob"]
