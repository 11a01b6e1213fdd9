"""The shop's jobs are jobs that Faktory accepts, and the same for the same seed."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from random import Random

import pytest

from glasshouse.demo.producer import arriving
from glasshouse.demo.seed import QUIET_KINDS, in_queues
from glasshouse.demo.shop import BY_TYPE, KINDS, Kind, make_job
from glasshouse.demo.staff import STAFF


@pytest.mark.parametrize("kind", BY_TYPE.values(), ids=lambda kind: kind.jobtype)
def test_a_job_has_what_faktory_asks_for(kind: Kind) -> None:
    job = make_job(Random(1), kind)
    assert re.fullmatch(r"[0-9a-f]{24}", str(job["jid"]))
    assert re.fullmatch(r"[a-zA-Z0-9._-]+", str(job["queue"]))
    assert isinstance(job["args"], list)
    assert json.loads(json.dumps(job)) == job
    for error in kind.errors:
        assert len(error.errtype.encode()) <= 100
        assert len(error.message.encode()) <= 1000
        assert 0 < len(error.backtrace) <= 50


def test_the_same_seed_gives_the_same_jobs() -> None:
    assert in_queues(Random(3), KINDS, 50) == in_queues(Random(3), KINDS, 50)


@pytest.mark.parametrize("count", [0, 1, 5, 6, 25, 400])
def test_as_many_jobs_as_asked_for_and_every_queue_when_there_are_enough(count: int) -> None:
    jobs = in_queues(Random(3), QUIET_KINDS, count)
    assert len(jobs) == count
    assert len({job["jid"] for job in jobs}) == count
    assert len({job["queue"] for job in jobs}) == min(count, 5)


def test_every_queue_but_none_for_nothing_has_a_worker() -> None:
    served = {queue for post in STAFF for queues in post.slots for queue in queues}
    assert {kind.queue for kind in BY_TYPE.values()} == served


def test_the_shop_is_not_busier_than_its_workers() -> None:
    rng = Random(5)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    drawn = [job for _ in range(4000) for job in arriving(rng, now)]
    work: dict[str, float] = {}
    for job in drawn:
        kind = BY_TYPE[str(job["jobtype"])]
        work[kind.queue] = work.get(kind.queue, 0.0) + sum(kind.seconds) / 2
    seconds = 4000 / 2.2
    assert work["reports"] / seconds < 0.9
    assert work["images"] / seconds < 2 * 0.9
    assert (work["payments"] + work["mailers"]) / seconds < 3 * 0.9
    assert work["search"] / seconds < 0.9
