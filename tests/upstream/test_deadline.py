"""Entries are looked through off the loop, while there is time, and none is begun with for ever."""

from __future__ import annotations

import threading
import time

import pytest

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.upstream import deadline
from glasshouse.upstream.deadline import Deadline, ScanResult, look_through
from glasshouse.wire.matching import Pause, matches
from tests.steady import LONG

ONE = JobQuery(words=("one",))


def job(word: str) -> StoredJob:
    payload = b'{"jid":"%b","args":["%b"]}' % (word.encode(), b"x" * 1000)
    return StoredJob(state=JobState.DEAD, jid=word, jobtype="T", queue="q", payload=payload)


JOBS = [job(word) for word in ("one", "two", "one-two")]


async def test_what_takes_long_is_looked_at_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()

    def seen(wanted: JobQuery, one: StoredJob, pause: Pause) -> bool:
        threads.add(threading.get_ident())
        return matches(wanted, one, pause)

    monkeypatch.setattr(deadline, "matches", seen)
    found = await look_through(ONE, JOBS, Deadline(time.monotonic, LONG), first=True)
    assert found == ScanResult((0, 2), 3, 0)
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(
    ("first", "told"), [(True, ScanResult((0,), 1, 0)), (False, ScanResult((), 0, 0))]
)
async def test_without_time_a_search_goes_on_by_one_entry_and_no_more(
    told: ScanResult, *, first: bool
) -> None:
    assert await look_through(ONE, JOBS, Deadline(time.monotonic, -1.0), first=first) == told
