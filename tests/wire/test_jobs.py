from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.jobs import JobError, parse_job, parse_jobs
from glasshouse.wire.jsontext import members
from glasshouse.wire.payload import read_fields

from .test_jsontext import ANY_JSON

NOW = "2026-01-01T00:00:00Z"
FULL = (
    b'{"jid":"abcdefgh","jobtype":"T","args":[1.0, {"x": 1e400}],"queue":"q","retry":3,'
    b'"created_at":"c"}'
)


def job(**changes: object) -> bytes:
    base: dict[str, object] = {"jid": "abcdefgh", "jobtype": "T", "args": []}
    return json.dumps({**base, **changes}).encode()


def message(raw: bytes) -> str:
    with pytest.raises(JobError) as caught:
        parse_job(raw)
    return caught.value.detail


def test_a_complete_job_is_stored_as_it_was_pushed() -> None:
    assert parse_job(FULL).payload(now=NOW, enqueued=False) == FULL


def test_only_the_enqueued_time_is_added_on_the_way_to_a_queue() -> None:
    expected = FULL[:-1] + b',"enqueued_at":"2026-01-01T00:00:00Z"}'
    assert parse_job(b"  " + FULL + b" ").payload(now=NOW, enqueued=True) == expected


def test_missing_fields_get_the_defaults() -> None:
    new = parse_job(job())
    assert (new.queue, new.retry, new.reserve_for, new.at) == ("default", None, 0, None)
    stored = json.loads(new.payload(now=NOW, enqueued=False))
    assert stored == {**json.loads(job()), "queue": "default", "retry": 25, "created_at": NOW}


@pytest.mark.parametrize("extra", [{}, {"unknown": 1}])
def test_nulls_and_empty_texts_count_as_missing(extra: dict[str, object]) -> None:
    raw = job(
        queue="", retry=None, created_at="", at=None, reserve_for=None, enqueued_at="old",
        custom=None, failure=None, **extra,
    )  # fmt: skip
    new = parse_job(raw)
    assert (new.queue, new.retry, new.reserve_for, new.at) == ("default", None, 0, None)
    stored = json.loads(new.payload(now=NOW, enqueued=True))
    assert (stored["queue"], stored["retry"]) == ("default", 25)
    assert stored["created_at"] == stored["enqueued_at"] == NOW
    assert "enqueued_at" not in json.loads(new.payload(now=NOW, enqueued=False))


def test_keys_match_in_any_case_come_out_canonical_and_the_last_repeat_wins() -> None:
    raw = b'{"JID":"first123","Jid":"second12","JobType":"T","ARGS":[ 1 ],"Queue":"q","Mine":1}'
    new = parse_job(raw)
    assert (new.jid, new.jobtype, new.queue) == ("second12", "T", "q")
    fields = read_fields(new.payload(now=NOW, enqueued=False))
    assert {"jid", "jobtype", "args", "queue", "Mine"} <= set(fields)
    assert fields["args"] == b"[ 1 ]"


def test_repeats_of_one_spelling_agree_with_what_is_stored() -> None:
    raw = FULL[:-1] + b',"jid":"second12","queue":"other"}'
    new = parse_job(raw)
    stored = json.loads(new.payload(now=NOW, enqueued=True))
    assert (stored["jid"], stored["queue"]) == (new.jid, new.queue) == ("second12", "other")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"{}", "jobs must have a reasonable jid parameter"),
        (job(jid="abcdefg", jobtype=""), "jobs must have a reasonable jid parameter"),
        (job(jid=None), "jobs must have a reasonable jid parameter"),
        (job(jobtype="", args=None), "jobs must have a jobtype parameter"),
        (job(jobtype=None), "jobs must have a jobtype parameter"),
        (job(args=None, reserve_for=99999), "jobs must have an args parameter"),
        (b'{"jid":"abcdefgh","jobtype":"T"}', "jobs must have an args parameter"),
        (job(reserve_for=86401, at="x"), "jobs cannot be reserved for more than one day"),
        (
            job(queue="a b", at="2099-01-01T00:00:00Z"),
            'cannot get "a b" queue: queue names must match [a-zA-Z0-9._-]+',
        ),
    ],
)
def test_refusals_follow_the_reference_in_text_and_order(raw: bytes, text: str) -> None:
    assert message(raw) == text


def test_a_bad_time_is_refused_before_the_queue_name() -> None:
    assert message(job(at="tomorrow", queue="a b")).startswith("invalid timestamp for 'at': ")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"1", FULL + b"x", FULL[:-1] + b",}", job(jid=12345678),
        job(args={}), job(args="x"), job(retry="x"), job(retry=1.5), job(retry=2**63),
        job(reserve_for=-(2**70)), job(at=1), job(custom=[]), job(failure=1), job(backtrace="x"),
        job(backtrace=2**64), job(queue=1), job(created_at=1), job(enqueued_at=1),
        job(args=float("nan")), FULL.replace(b"1.0", b"01"), FULL.replace(b"1.0", b'"\x01"'),
    ],
)  # fmt: skip
def test_broken_json_and_wrong_types_are_invalid_json(raw: bytes) -> None:
    with pytest.raises(JobError) as caught:
        parse_job(raw)
    assert caught.value.detail.startswith("invalid JSON: ")
    assert caught.value.malformed


def test_eight_bytes_are_enough_for_a_jid() -> None:
    assert parse_job(job(jid="éééé")).jid == "éééé"


def test_lone_surrogates_and_bad_utf8_are_kept_in_the_text_and_replaced_in_the_facts() -> None:
    raw = b'{"jid":"abcdefgh\\ud800","jobtype":"T\xff","args":["\\udfff","\xfe"]}'
    new = parse_job(raw)
    assert (new.jid, new.jobtype) == ("abcdefgh\ufffd", "T\ufffd")
    assert b'["\\udfff","\xfe"]' in new.payload(now=NOW, enqueued=True)


def test_nesting_follows_the_reference() -> None:
    deep = b"[" * 9_998 + b"]" * 9_998
    assert deep in parse_job(FULL.replace(b"1.0", deep)).payload(now=NOW, enqueued=True)
    assert "exceeded max depth" in message(FULL.replace(b"1.0", b"[[" + deep + b"]]"))


def test_a_stored_job_never_holds_a_raw_line_break() -> None:
    for raw in (FULL, FULL[:-1] + b',"priority":1}'):
        text = raw.replace(b",", b",\r\n")
        assert not set(b"\r\n") & set(parse_job(text).payload(now=NOW, enqueued=True))


def test_at_takes_offsets_and_is_kept_as_written() -> None:
    raw = job(at="2030-01-01T02:00:00.5+02:00")
    new = parse_job(raw)
    assert new.at == 1893456000.5
    assert json.loads(new.payload(now=NOW, enqueued=False))["at"] == "2030-01-01T02:00:00.5+02:00"


def test_a_bulk_push_names_the_refused_by_jid() -> None:
    raw = b"[%b,%b,%b,%b]" % (FULL, job(jid=""), job(jid=None), job(jid="12345678", jobtype=""))
    jobs, rejected = parse_jobs(raw)
    assert [j.jid for j in jobs] == ["abcdefgh"]
    assert rejected == {
        "": "jobs must have a reasonable jid parameter",
        "12345678": "jobs must have a jobtype parameter",
    }


def test_an_empty_bulk_push_is_fine() -> None:
    assert parse_jobs(b"[]") == ([], {})


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b"[%b,[]]" % FULL, b"[,]"])
def test_a_malformed_bulk_push_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(JobError, match="invalid JSON: "):
        parse_jobs(raw)


def test_a_bulk_push_with_one_odd_job_takes_them_all() -> None:
    odd = FULL.replace(b"1.0", b'"\\ud800"')
    assert len(parse_jobs(b"[%b , %b]" % (FULL, odd))[0]) == 2


@given(st.dictionaries(st.text(), ANY_JSON), st.lists(ANY_JSON), st.booleans(), st.booleans())
def test_every_field_of_the_client_is_kept_byte_for_byte(
    extra: dict[str, object], args: list[object], ascii_: bool, spaced: bool
) -> None:
    pushed = {**{f"x{key}": value for key, value in extra.items()},
              "jid": "abcdefgh", "jobtype": "T", "args": args}  # fmt: skip
    text = json.dumps(pushed, ensure_ascii=ascii_, indent=1 if spaced else None)
    raw = text.encode().replace(b"\n", b" ")
    stored = read_fields(parse_job(raw).payload(now=NOW, enqueued=True))
    assert {k: v for k, v in stored.items() if k in pushed} == read_fields(raw)
    assert set(stored) - set(pushed) == {"queue", "retry", "created_at", "enqueued_at"}


@given(st.binary())
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(JobError):
        parse_job(data)


def test_the_scanner_and_msgspec_agree_on_an_ordinary_job() -> None:
    odd = FULL[:-1] + b',"priority":5}'
    plain, other = parse_job(FULL), parse_job(odd)
    assert (plain.jid, plain.queue, plain.retry) == (other.jid, other.queue, other.retry)
    assert members(other.payload(now=NOW, enqueued=False)) == members(odd)
