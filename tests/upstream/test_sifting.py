"""Which jobs match is told the same on the loop and off it."""

from __future__ import annotations

import threading

import pytest

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.upstream import sifting
from glasshouse.upstream.sifting import AT_ONCE, sift
from glasshouse.wire.matching import matches


@pytest.mark.parametrize("size", [10, AT_ONCE])
async def test_what_takes_long_is_looked_at_off_the_loop(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()

    def seen(wanted: JobQuery, job: StoredJob) -> bool:
        threads.add(threading.get_ident())
        return matches(wanted, job)

    monkeypatch.setattr(sifting, "matches", seen)
    jobs = [
        StoredJob(
            state=JobState.DEAD,
            jid=word,
            jobtype="T",
            queue="q",
            payload=b'{"jid":"%b","args":["%b"]}' % (word.encode(), b"x" * size),
        )
        for word in ("one", "two", "one-two")
    ]
    assert await sift(JobQuery(words=("one",)), jobs) == [True, False, True]
    assert (threading.get_ident() in threads) is (size < AT_ONCE)
