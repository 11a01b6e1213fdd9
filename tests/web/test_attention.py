"""Each sentence about what is wrong, when it is said, and when it is not."""

from __future__ import annotations

from typing import Any

import pytest

from glasshouse.health.findings import Kind, findings
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.server import Queue, StrandedJobs, UnreadablePart, WorkerState
from glasshouse.monitor.snapshot import Fault, Sample, Snapshot
from glasshouse.monitor.summary import Summary
from glasshouse.web.presentation.attention import attention

from .states import NOW, running, snapshot, worker

QUIET, ENDING = WorkerState.QUIET, WorkerState.TERMINATE


def told(found: Snapshot, summary: Summary | None = None, now: float = NOW) -> list[str]:
    return [item.text for item in attention("main", found, summary, now, "en")]


def queue(name: str = "mailers", size: int = 5, *, waited: float = 1, **fields: Any) -> Queue:
    return Queue(name=name, size=size, oldest_at=NOW - waited, **fields)


def due(ago: float) -> StoredJob:
    return StoredJob(
        state=JobState.SCHEDULED, jid="j", jobtype="T", queue="q", payload=b"{}", at=NOW - ago
    )


def samples(processed: int, failed: int, died: int = 0) -> tuple[Sample, ...]:
    return (
        Sample(NOW - 60, 1000, 100, 0, dead=50),
        Sample(NOW, 1000 + processed, 100 + failed, 0, dead=50 + died),
    )


def waiting(count: int, **fields: Any) -> tuple[Queue, ...]:
    return tuple(queue(f"q{n}", 10 + n, **fields) for n in range(count))


HELD = tuple(running(f"j{n}", left=30 + n) for n in range(5))

SAID: dict[Kind, tuple[Snapshot, Summary | None, str]] = {
    Kind.GONE: (
        snapshot(fault=Fault(NOW, "gone", "")),
        None,
        "The server cannot be read; this is its last known state.",
    ),
    Kind.DISK: (
        snapshot(refusing="storage failed, nothing was done: the disk is full"),
        None,
        "The server's disk is full: it accepts no new jobs.",
    ),
    Kind.UNREAD: (
        snapshot(unread=UnreadablePart("It is gone.", "")),
        None,
        "Part of this server cannot be read and is missing here: It is gone.",
    ),
    Kind.STRANDED: (
        snapshot(stranded=(StrandedJobs("mail", "q:mail", 1200),)),
        None,
        "No worker will get 1,200 jobs of mail: this Faktory does not read q:mail in Redis.",
    ),
    Kind.AHEAD: (
        snapshot(clock_ahead=3600.0),
        None,
        "The server's clock is 1 h ahead of this machine's; its times are off by as much.",
    ),
    Kind.BEHIND: (
        snapshot(clock_ahead=-90.0),
        None,
        "The server's clock is 1 min behind this machine's; its times are off by as much.",
    ),
    Kind.REFUSING: (
        snapshot(refusing="storage failed: <b>"),
        None,
        "The server accepts no changes: storage failed: <b>",
    ),
    Kind.NO_WORKER: (
        snapshot(queue(), workers=()),
        None,
        "Queue mailers has jobs (5) and no worker is connected.",
    ),
    Kind.NO_WORKERS: (
        snapshot(*waiting(4), workers=()),
        None,
        "4 queues have jobs (46) and no worker is connected.",
    ),
    Kind.NONE_TAKES: (
        snapshot(queue(), workers=(worker("a", state=QUIET), worker("b", state=ENDING))),
        None,
        "Queue mailers has jobs (5) and no running worker accepts new ones.",
    ),
    Kind.NONE_TAKE: (
        snapshot(*waiting(4), workers=(worker("a", state=QUIET),)),
        None,
        "4 queues have jobs (46) and no running worker accepts new ones.",
    ),
    Kind.FAILING: (
        snapshot(samples=samples(40, 30)),
        None,
        "75% of executions failed in the last 1 min: 30 of 40.",
    ),
    Kind.FAILS: (
        snapshot(samples=samples(40, 10)),
        None,
        "25% of executions failed in the last 1 min: 10 of 40.",
    ),
    Kind.LATE_SCHEDULED: (
        snapshot(),
        Summary(scheduled=(due(180),)),
        "Scheduled jobs are late: the first was due 3 min ago and is not in its queue yet.",
    ),
    Kind.LATE_RETRIES: (
        snapshot(),
        Summary(retries=(due(180),)),
        "Retries are late: the first was due 3 min ago and is not in its queue yet.",
    ),
    Kind.SLOWS: (
        snapshot(*waiting(4, waited=90), queue("old", waited=7200)),
        None,
        "5 queues are slow; the longest wait is 2 h, in old.",
    ),
    Kind.SLOW_GROWS: (
        snapshot(queue(size=50, waited=90), before={"mailers": 30}),
        None,
        (
            "Queue mailers is slow: its oldest job has waited 1 min, and it is growing by 20 per "
            "minute."
        ),
    ),
    Kind.SLOW: (
        snapshot(queue(waited=90), before={"mailers": 30}),
        None,
        "Queue mailers is slow: its oldest job has waited 1 min.",
    ),
    Kind.SILENT: (
        snapshot(workers=(worker("w1", last_beat=NOW - 45),)),
        None,
        "No heartbeat from worker app:7 for 45 s.",
    ),
    Kind.SILENTS: (
        snapshot(workers=tuple(worker(f"w{n}", last_beat=NOW - 40 - n) for n in range(4))),
        None,
        "No heartbeat from 4 workers for 40 s or longer.",
    ),
    Kind.OVERDUE: (
        snapshot(),
        Summary(expiring=(running("a", left=-5), running("b"))),
        "Running jobs past their reservation: 1. They will run again.",
    ),
    Kind.GROWING: (
        snapshot(queue(size=500, waited=20), before={"mailers": 100}),
        None,
        "Queue mailers is growing by 400 per minute; 500 waiting.",
    ),
    Kind.GROWINGS: (
        snapshot(*(queue(f"q{n}", 100 + n, waited=20) for n in range(4)), before={}),
        None,
        "4 queues are growing; the fastest is q3, by 103 per minute.",
    ),
    Kind.PAUSED: (
        snapshot(queue(paused=True)),
        None,
        "Queue mailers is paused with 5 waiting.",
    ),
    Kind.PAUSEDS: (
        snapshot(*waiting(4, paused=True)),
        None,
        "4 queues are paused with 46 waiting; the largest is q3.",
    ),
    Kind.DIED: (
        snapshot(samples=samples(5, 3, died=3)),
        None,
        "More dead jobs in the last 1 min: 3.",
    ),
    Kind.ENDING: (
        snapshot(),
        Summary(expiring=HELD),
        "Running jobs near the end of their reservation: 5+; the first has 30 s left.",
    ),
    Kind.QUIET: (
        snapshot(workers=(worker("w1", state=QUIET),), quiet_since={"w1": NOW - 900}),
        None,
        "Worker app:7 has accepted no new jobs for 15 min or longer, but is still connected.",
    ),
    Kind.QUIETS: (
        snapshot(
            workers=tuple(worker(f"w{n}", state=QUIET) for n in range(4)),
            quiet_since={f"w{n}": NOW - 900 for n in range(4)},
        ),
        None,
        "4 workers have accepted no new jobs for 15 min or longer, but are still connected.",
    ),
}


@pytest.mark.parametrize("kind", list(Kind))
def test_each_finding_is_said_in_plain_words_and_leads_somewhere(kind: Kind) -> None:
    found, summary, sentence = SAID[kind]
    assert told(found, summary) == [sentence]
    (item,) = attention("main", found, summary, NOW, "en")
    assert item.href.startswith("/main")
    assert item.tone == ("bad" if kind.weight >= 50 else "warn")
    assert attention("main", found, summary, NOW, "zh-CN")[0].text != sentence


def test_nothing_is_said_when_all_is_well() -> None:
    calm = snapshot(
        queue(waited=5), queue("empty", 0), queue("stopped", 0, paused=True), before={"mailers": 4}
    )
    assert told(calm, Summary(scheduled=(due(-60),), expiring=(running("a"),))) == []


def test_what_is_not_known_is_not_said() -> None:
    unknown = snapshot(Queue(name="mailers", size=5), workers=None, samples=(Sample(NOW, 9, 9, 0),))
    assert told(unknown) == []
    assert told(snapshot(queue(), workers=(worker("w1", last_beat=None),))) == []
    nothing = Snapshot(generation=0, pulse=0, state=None, checked_at=None, fault=None, samples=())
    assert told(nothing) == []


def test_a_paused_queue_lacks_no_worker() -> None:
    assert told(snapshot(queue(paused=True), workers=())) == [
        "Queue mailers is paused with 5 waiting."
    ]


def test_few_failures_are_no_rate() -> None:
    assert told(snapshot(samples=samples(9, 9))) == []
    assert told(snapshot(samples=samples(100, 19))) == []


def test_a_server_that_is_gone_is_judged_as_it_was_seen() -> None:
    gone = snapshot(queue(waited=5), fault=Fault(NOW, "gone", ""))
    assert told(gone, now=NOW + 3600) == [
        "The server cannot be read; this is its last known state."
    ]


def test_the_gravest_come_first_and_no_more_than_eight_lines() -> None:
    full = snapshot(
        *(queue(f"slow{n}", waited=100 + n) for n in range(3)),
        *(queue(f"paused{n}", 20, paused=True) for n in range(3)),
        workers=(worker("w1"), worker("w2", last_beat=NOW - 60)),
        samples=samples(40, 30, died=2),
        refusing="the disk is full",
    )
    found = attention("main", full, Summary(retries=(due(600),)), NOW, "en")
    assert len(found) == 8
    weights = [item.kind.weight for item in findings("main", full, None, NOW)]
    assert weights == sorted(weights, reverse=True)
    assert found[0].text == "The server's disk is full: it accepts no new jobs."
    assert found[1].text.startswith("75% of executions failed")
    assert found[3].text == "Queue slow2 is slow: its oldest job has waited 1 min."
    assert found[-1].text == "and 4 more"


def test_a_hostile_name_is_text_in_a_sentence_and_its_link_is_encoded() -> None:
    (item,) = attention("main", snapshot(queue("<a>\u202e/..", paused=True)), None, NOW, "en")
    assert "\u202e" not in item.text
    # No address holds such a character: it leads to all queues.
    assert item.href == "/main/queues"
    (item,) = attention("main", snapshot(queue("<a>/..", paused=True)), None, NOW, "en")
    assert item.href == "/main/queues/%3Ca%3E%2F.."
