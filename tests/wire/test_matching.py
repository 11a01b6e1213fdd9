"""What matches: decoded values, whatever way they were written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import JobQuery, parse_query
from glasshouse.model.name_patterns import alike
from glasshouse.wire import matching
from glasshouse.wire.matching import matches

NOW = 1_800_000_000.0
FAILURE = {
    "failed_at": "2027-01-15T07:00:00Z",
    "errtype": "Stripe::CardError",
    "message": 'Your card was "declined"',
    "backtrace": ["app/charge.rb:22:in `call'"],
}


def job(args: Any = (), *, ascii_only: bool = False, **fields: Any) -> StoredJob:
    payload = {
        "jid": "4F2a99", "jobtype": "CapturePayment", "queue": "payments", "args": list(args),
        "failure": FAILURE, **fields,
    }  # fmt: skip
    return StoredJob(
        state=JobState.RETRIES,
        jid="4F2a99",
        jobtype="CapturePayment",
        queue="payments",
        payload=json.dumps(payload, ensure_ascii=ascii_only).encode(),
        at=NOW,
    )


def finds(line: str, stored: StoredJob) -> bool:
    wanted = parse_query(line, NOW)
    assert wanted is not None
    return matches(wanted, stored)


ORDER = [{"order_id": 123456789012345678901, "paid": True, "note": None}, ["Zoë", {"a.b": "x/y"}]]


@pytest.mark.parametrize(
    "line",
    [
        "4f2a99", "jid:4F2*", "jid:4F2a99", "capture", "type:CapturePayment", "type:*payment",
        "queue:payments", "error:carderror", 'error:"CardError: Your card"',
        'error:"card was \\"declined"', "charge.rb:22", "args:order_id", "args:zoë", "ZOË x/y",
        "args.0.order_id:123456789012345678901", "args.0.paid:true", "args.0.note:null",
        "args.1.0:zo*", 'args.1.1."a.b":x/y', "args.**.a.b:x/y OR", "args.**:Zoë",
        "args.*.order_id:1234*901", "after:2h", "before:10:00",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_job_is_found_by(line: str, ascii_only: bool) -> None:
    if line.endswith(" OR"):
        assert not finds(line, job(ORDER, ascii_only=ascii_only)), "a key with a dot needs quotes"
        return
    assert finds(line, job(ORDER, ascii_only=ascii_only))


@pytest.mark.parametrize(
    "line",
    [
        "jid:4F2", "jid:4f2a99", "type:Capture", "queue:payment", "error:charge.rb",
        "error:capture", "args:declined", "args.0.order_id:123", "args.0:order_id",
        "args.9.x:1", "args.0.paid:1",
        "args.-1.0:Zoë", "before:2h", "after:10:00", "capture missing", "created_at",
    ],
)  # fmt: skip
def test_a_job_is_not_found_by(line: str) -> None:
    assert not finds(line, job(ORDER, created_at="2027-01-15T07:00:00Z"))


def test_a_job_that_never_failed_is_dated_by_when_it_is_due_or_was_enqueued() -> None:
    due = job(failure=None)
    assert finds("after:8:00", due)
    assert not finds("before:8:00", due)
    waits = StoredJob(
        state=JobState.ENQUEUED, jid="a", jobtype="T", queue="q",
        payload=b'{"args":[],"enqueued_at":"2027-01-15T06:00:00Z"}',
    )  # fmt: skip
    assert finds("before:7:00", waits)
    assert not finds("after:7:00", waits)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"\xff\xfe", b'{"args":', b'{"args":[' + b"[" * 9000 + b"]" * 9000 + b"]}",
     b'{"args":["\\ud800"],"failure":7}', b'{"failure":{"message":{"a":1},"backtrace":9}}'],
)  # fmt: skip
def test_no_payload_makes_a_search_fail(payload: bytes) -> None:
    odd = StoredJob(state=JobState.DEAD, jid="a", jobtype="T", queue="q", payload=payload)
    for line in ("x", "error:x", "args:x", "args.**.a:x", "after:1h"):
        finds(line, odd)


@pytest.mark.parametrize("name", ["errtype", "message", "backtrace"])
def test_no_depth_is_such_that_it_is_read_and_cannot_be_written(name: str) -> None:
    for depth in range(900, 1000):
        nested = b"[" * depth + b"]" * depth
        payload = b'{"failure":{"%b":%b}}' % (name.encode(), nested)
        odd = StoredJob(state=JobState.DEAD, jid="a", jobtype="T", queue="q", payload=payload)
        assert not finds("x", odd)
        assert not finds("error:x", odd)


def test_a_value_too_long_or_too_deep_to_decode_is_found_by_its_text() -> None:
    assert finds("args.0.order:77", job(["x" * 2**20, {"order": 77}]))
    deep = StoredJob(
        state=JobState.DEAD, jid="a", jobtype="T", queue="q",
        payload=b'{"args":[' + b"[" * 9000 + b'"needle"' + b"]" * 9000 + b"]}",
    )  # fmt: skip
    assert finds("args.0.x:needle", deep)
    assert not finds("args.0.x:other", deep)


def test_a_path_of_many_wildcards_takes_bounded_time() -> None:
    tree: Any = "leaf"
    for _ in range(200):
        tree = [tree, tree]
    wide = job([{"a": {"b": [1] * 2000}}] * 50)
    # Followed one by one the ways to its places would not come to an end.
    assert not finds("args" + ".**.*" * 9 + ":nothing", wide)


@given(st.lists(st.sampled_from(["a", "ab", "*", "b"]), max_size=8), st.text("ab", max_size=12))
def test_a_pattern_means_what_a_regular_expression_says(parts: list[str], text: str) -> None:
    import re  # noqa: PLC0415 - the oracle only

    pattern = "".join(parts)
    oracle = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text)
    assert alike(pattern, text) == alike(pattern.upper(), text) == (oracle is not None)


WINDOWED = st.text(
    st.sampled_from('aB"\\ü訂\U0001f600ß\n&'), min_size=0, max_size=60
)  # fmt: skip


@given(
    WINDOWED, WINDOWED, st.text(st.sampled_from('aBü訂ß\\"b'), min_size=1, max_size=5),
    st.booleans(), st.integers(13, 40),
    st.sampled_from([b"", b"\xff", b"\xe8\xa8", b"\\", b"\\u00"]),
)  # fmt: skip
def test_what_is_looked_through_window_by_window_is_found_as_in_one(
    args: str, custom: str, text: str, ascii_only: bool, window: int, odd: bytes
) -> None:
    raw = json.dumps([args], ensure_ascii=ascii_only).encode() + odd
    more = json.dumps({"c": custom}, ensure_ascii=ascii_only).encode()
    payload = b'{"jid":"j","args":%b,"custom":%b}' % (raw, more)
    job = StoredJob(
        state=JobState.DEAD, jid="j", jobtype="T", queue="q", payload=payload, shown_args=None
    )
    for wanted in (JobQuery(words=(text,)), JobQuery(args=(text,)), JobQuery(words=(text, "j"))):
        whole = matching.matches(wanted, job)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(matching, "WINDOW", window)
            assert matching.matches(wanted, job) == whole


@pytest.mark.parametrize("line", ["needle", "args:needle", "args.**:needle", "args.*.**.a:b"])
def test_whoever_has_no_time_left_stops_in_the_midst_of_a_payload(line: str) -> None:
    args = ["hay " * 500_000] if "." not in line else [{"a": n} for n in range(20_000)]
    payload = json.dumps({"jid": "j", "args": args}).encode()
    job = StoredJob(state=JobState.DEAD, jid="j", jobtype="T", queue="q", payload=payload)
    wanted = parse_query(line, 0.0)
    assert wanted is not None
    pauses: list[None] = []

    def pause() -> None:
        pauses.append(None)
        if len(pauses) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        matching.matches(wanted, job, pause)
    assert not matching.matches(wanted, job)
