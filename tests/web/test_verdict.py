"""Stuck, or just late: one sentence for each case, and nothing that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from glasshouse.model.finished import TypeTimes
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.server import Queue, ServerState, SetSizes, Worker, WorkerState
from glasshouse.web.presentation.verdict import Facts, verdict

NOW = 1_800_000_000.0
TIMES = TypeTimes(
    jobtype="Send", count=100, failed=0, wait_median=1.0, wait_p95=4.0,
    run_median=0.5, run_p95=2.0, run_most=3.0,
)  # fmt: skip
BUSY = Worker(wid="w1", hostname="h", pid=1, last_beat=NOW - 5)


def job(state: JobState, **facts: Any) -> StoredJob:
    return StoredJob(state=state, jid="a", jobtype="Send", queue="mail", payload=b"{}", **facts)


def server(*workers: Worker, paused: bool = False, told: bool = True) -> ServerState:
    return ServerState(
        read_at=NOW, description="", version="",
        queues=(Queue(name="mail", size=3, paused=paused),),
        sets=SetSizes(), processed=0, failures=0, workers=workers if told else None,
    )  # fmt: skip


WAITS = {"job": job(JobState.ENQUEUED), "enqueued_at": NOW - 12, "times": TIMES}
QUIET = Worker(wid="w2", hostname="h", pid=2, state=WorkerState.QUIET)
RUNS = {"state": server(BUSY), "times": TIMES}
USUAL = "Jobs of this type usually wait 1.00 s; 95% wait at most 4.00 s."


@pytest.mark.parametrize(
    ("facts", "tone", "text", "detail"),
    [
        (WAITS | {"state": server(BUSY, paused=True)}, "bad", "Stuck: its queue mail is paused.",
         f"It has waited 12 s. {USUAL}"),
        (WAITS | {"state": server()}, "bad", "Stuck: no worker is connected.", USUAL),
        (WAITS | {"state": server(QUIET)}, "bad", "Stuck: every worker is quiet", USUAL),
        (WAITS | {"state": server(BUSY)}, "warn", "Late: it has been waiting for 12 s.", USUAL),
        (WAITS | {"state": server(BUSY), "enqueued_at": NOW - 2}, "good",
         "Waiting for its turn, 2 s so far.", USUAL),
        (WAITS | {"state": server(told=False), "times": None}, "plain",
         "Waiting for its turn, 12 s so far.", ""),
        (WAITS | {"state": None, "times": None, "enqueued_at": None}, "plain",
         "Waiting for its turn.", ""),
        ({"job": job(JobState.SCHEDULED, at=NOW + 7200)}, "plain", "Due in 2 h.", ""),
        ({"job": job(JobState.SCHEDULED, at=NOW - 3)}, "plain",
         "Due now: it is being enqueued", ""),
        ({"job": job(JobState.SCHEDULED, at=NOW - 300)}, "bad", "Late: it was due 5 min ago.",
         "by now"),
        ({"job": job(JobState.RETRIES, at=NOW + 240), "retries": 2, "limit": 25}, "warn",
         "It failed and will be retried in 4 min.", "This will be retry 3 of 25."),
        ({"job": job(JobState.RETRIES, at=NOW - 90)}, "bad", "Late: it failed", "by now"),
        ({"job": job(JobState.DEAD, at=NOW + 86400), "retries": 25}, "bad",
         "It is dead after 25 retries", "It will be removed in 1 d."),
        ({"job": job(JobState.DEAD)}, "bad", "It is dead and will not run again.", ""),
        (RUNS | {"job": job(JobState.WORKING, wid="w1", reserved_at=NOW - 1,
                            expires_at=NOW + 1799)}, "good", "Running, 1 s so far.",
         "Its reservation ends in 29 min."),
        (RUNS | {"job": job(JobState.WORKING, wid="w1", reserved_at=NOW - 60,
                            expires_at=NOW + 1740)}, "warn", "Slow: running for 1 min.",
         "usually run 500 ms; 95% run at most 2.00 s. Its reservation ends in 29 min."),
        (RUNS | {"job": job(JobState.WORKING, wid="gone", reserved_at=NOW - 60,
                            expires_at=NOW + 60)}, "bad",
         "Probably lost: its worker is no longer connected.", "in 1 min."),
        ({"job": job(JobState.WORKING, wid="w1", reserved_at=NOW - 60, expires_at=NOW + 60),
          "state": server(Worker(wid="w1", hostname="h", pid=1, last_beat=NOW - 45))}, "bad",
         "Probably lost: no heartbeat from its worker for 45 s.", "in 1 min."),
        ({"job": job(JobState.WORKING, wid="w1", reserved_at=NOW - 60, expires_at=NOW - 1),
          "state": server(told=False)}, "bad", "Its worker took longer than its reservation.",
         "counts a failure"),
        ({"job": job(JobState.WORKING)}, "good", "Running.", ""),
    ],
)  # fmt: skip
def test_a_job_is_judged_by_what_is_known(
    facts: dict[str, Any], tone: str, text: str, detail: str
) -> None:
    told = verdict(Facts(**facts), NOW, "en")
    assert told.tone == tone
    assert told.text.startswith(text)
    assert detail in told.detail
    if not detail:
        assert told.detail == ""
