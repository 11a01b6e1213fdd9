from __future__ import annotations

import json

import pytest

from glasshouse.wire.commands import Fail
from glasshouse.wire.failures import (
    MAX_BACKOFF,
    FailureOutcome,
    after_failure,
    backoff,
    fail_record,
    retry_count,
)

FAIL = Fail("jid12345", "Oops", "it broke", ("a", "b"))


@pytest.mark.parametrize("retry", [1, 2, 25])
def test_a_job_with_n_retries_runs_n_plus_one_times(retry: int) -> None:
    record: bytes | None = None
    fates = []
    for _ in range(retry + 1):
        fates.append(after_failure(retry, retry_count(record)))
        record = fail_record(record, retry, FAIL, "now", None)
    assert fates == [FailureOutcome.RETRY] * retry + [FailureOutcome.DEAD]


def test_no_retries_drop_and_negative_ones_bury() -> None:
    assert after_failure(0, None) is FailureOutcome.DROP
    assert after_failure(-1, None) is FailureOutcome.DEAD


def test_the_first_record_and_the_next() -> None:
    first = fail_record(None, 3, FAIL, "t1", "t2")
    assert json.loads(first) == {
        "retry_count": 0, "remaining": 3, "failed_at": "t1", "next_at": "t2",
        "errtype": "Oops", "message": "it broke", "backtrace": ["a", "b"],
    }  # fmt: skip
    second = fail_record(first, 3, Fail("jid12345", "Other", "again", ()), "t3", None)
    assert json.loads(second) == {
        "retry_count": 1, "remaining": 2, "failed_at": "t1",
        "errtype": "Other", "message": "again",
    }  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [b"1", b"{}", b'{"retry_count":"x","remaining":[],"failed_at":1}', b'{"retry_count":-5}'],
)
def test_a_record_that_a_client_made_up_does_no_harm(record: bytes) -> None:
    assert retry_count(record) in (None, 0)
    assert json.loads(fail_record(record, 2, FAIL, "t", None))["failed_at"] == "t"


def test_back_off_follows_the_formula_and_ends() -> None:
    assert [backoff(0, 0), backoff(0, 29), backoff(3, 2)] == [15, 44, 104]
    assert backoff(2**62, 29) == MAX_BACKOFF
