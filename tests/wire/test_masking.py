"""Hidden values: nowhere in what comes out, and everything else as it was stored."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glasshouse.model.job import WRAPPER, JobState, StoredJob
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.policy.redaction import parse_redaction
from glasshouse.wire.masking import MOST_READ, masked
from glasshouse.wire.maskpaths import may_occur
from glasshouse.wire.maskvalues import HiddenValues
from tests.wire.quoting import QUOTES

BUILT_IN = tuple(
    map(
        parse_redaction,
        ("args.**.token", "args.**.password", "custom.**.secret", "SendEmail:args.1"),
    )
)


def stored(payload: bytes, jobtype: str = "T", **more: Any) -> StoredJob:
    return StoredJob(
        state=JobState.DEAD, jid="one", jobtype=jobtype, queue="q", payload=payload, **more
    )


def job(jobtype: str = "T", **fields: object) -> StoredJob:
    told = {"jid": "one", "jobtype": jobtype, "queue": "q", "args": []} | fields
    return stored(json.dumps(told, ensure_ascii=False).encode(), jobtype)


def rules(*texts: str) -> tuple[Redaction, ...]:
    return tuple(map(parse_redaction, texts))


def shown(found: StoredJob) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(found.payload)
    return told


@pytest.mark.parametrize(
    ("rule", "args", "left"),
    [
        ("args", ["a", "b"], MASK),
        ("args.0", ["secret", "b"], [MASK, "b"]),
        ("args.1", ["a"], ["a"]),
        ("args.*", ["a", 7, None], [MASK, MASK, MASK]),
        ("args.0.token", [{"token": "secret", "id": 1}], [{"token": MASK, "id": 1}]),
        ("args.**.token", [[{"x": {"token": {"a": [1]}}}]], [[{"x": {"token": MASK}}]]),
        ("args.**", ["a", {"b": 1}], MASK),
        ("args.0.T*k*", [{"TOK": 1, "toks": 2, "to": 3}], [{"TOK": MASK, "toks": MASK, "to": 3}]),
        ('args.0."a.b"', [{"a.b": "secret", "a": {"b": 1}}], [{"a.b": MASK, "a": {"b": 1}}]),
        ("Other:args.0", ["secret"], ["secret"]),
        ("t:args.0", ["secret"], [MASK]),
        ("args.0.0.0", [[[1, 2], 3], 4], [[[MASK, 2], 3], 4]),
    ],
)  # fmt: skip
def test_what_a_path_leads_to_is_hidden_and_nothing_else(
    rule: str, args: object, left: object
) -> None:
    found = masked(job(args=args), rules(rule))
    assert shown(found)["args"] == left
    assert found.redacted == (left != args)


def test_a_job_in_which_nothing_is_hidden_is_the_same_object() -> None:
    plain = job(args=["a"], custom={"b": 1})
    assert masked(plain, BUILT_IN) is plain
    assert masked(plain, ()) is plain


@pytest.mark.parametrize("rule", [f"{WRAPPER}:args.0", "InvoiceJob:args.0", "active*:args.0"])
def test_a_rule_holds_for_a_job_of_active_job_by_its_name_and_by_its_type(rule: str) -> None:
    told = {"jid": "one", "jobtype": WRAPPER, "queue": "q", "args": ["hidden"]}
    for name in (WRAPPER, "InvoiceJob"):
        found = masked(stored(json.dumps(told).encode(), name), rules(rule))
        assert shown(found)["args"] == ([MASK] if rule[0] != "I" or name[0] == "I" else ["hidden"])
    # Another job is none of these, whatever its arguments say.
    other = told | {"jobtype": "Plain", "args": [WRAPPER]}
    plain = stored(json.dumps(other).encode(), "Plain")
    assert masked(plain, rules(rule)) is plain


def test_where_it_is_not_known_whether_a_job_is_one_of_active_job_its_rules_hold() -> None:
    hidden = rules(f"{WRAPPER}:args.0")
    listed = stored(b'{"jid":"one","jobtype":"InvoiceJob","args":["hidden"]}', "InvoiceJob")
    partial = msgspec.structs.replace(listed, partial=True)
    assert shown(masked(partial, hidden))["args"] == [MASK]
    cut = msgspec.structs.replace(partial, payload=b'{"jid":"one"}', shown_args='"hidden…')
    assert masked(cut, hidden).shown_args == MASK
    assert "hidden" not in str(masked(stored(b'{"args":["hidden"', "InvoiceJob"), hidden))


def test_a_hidden_value_is_hidden_in_the_error_and_its_backtrace_too() -> None:
    failure = {
        "errtype": "Denied:tok-123456",
        "message": '401 for tok-123456 ("tok-123456")',
        "backtrace": ["at /x?token=tok-123456", "at /y"],
        "retry_count": 3,
    }
    found = shown(masked(job(args=[{"token": "tok-123456"}], failure=failure), BUILT_IN))
    assert "tok-123456" not in json.dumps(found)
    assert found["failure"]["message"] == f'401 for {MASK} ("{MASK}")'
    assert found["failure"]["backtrace"] == [f"at /x?token={MASK}", "at /y"]
    assert found["failure"]["retry_count"] == 3


@pytest.mark.parametrize(
    "message",
    [
        'said {"p": "a\\"b\\\\c d\\u00e9"}',
        "said 'a\"b\\\\c dé'",
        "GET /?p=a%22b%5Cc%20d%C3%A9",
        "GET /?p=a%22b%5Cc+d%C3%A9",
        'cut off: a"b\\c d',
    ],
)
def test_it_is_recognised_however_a_program_wrote_it(message: str) -> None:
    secret = 'a"b\\c dé'
    found = shown(masked(job(args=[{"token": secret}], failure={"message": message}), BUILT_IN))
    assert MASK in found["failure"]["message"]
    assert "c d" not in found["failure"]["message"]


def test_a_short_value_is_hidden_only_where_it_is_a_word() -> None:
    found = shown(masked(job(args=[{"token": 7}], failure={"message": "7 of 17 failed"}), BUILT_IN))
    assert found["failure"]["message"] == f"{MASK} of 17 failed"


def test_each_line_of_a_value_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nMIIabcdef\nGHIjklmno\n-----END KEY-----"
    failure = {"message": "bad key", "backtrace": ["  MIIabcdef", "  GHIjklmno"]}
    told = json.dumps(shown(masked(job(args=[{"password": key}], failure=failure), BUILT_IN)))
    assert "MIIabcdef" not in told
    assert "GHIjklmno" not in told


@pytest.mark.parametrize("key", ["\\u0074oken", "TOKEN", "to\\u212aen", "to\u212aen"])
def test_a_key_is_known_however_it_is_spelt(key: str) -> None:
    payload = '{"jid":"one","jobtype":"T","queue":"q","args":[{"KEY":"secret"}]}'.replace(
        "KEY", key
    )
    assert b"secret" not in masked(stored(payload.encode()), BUILT_IN).payload


def test_every_repeat_of_a_key_is_hidden() -> None:
    payload = (
        b'{"jid":"one","args":["x"],"Args":[{"token":"secret"}],'
        b'"args":[{"token":"s1","token":"s2"}]}'
    )
    left = masked(stored(payload), BUILT_IN).payload
    assert not any(word in left for word in (b"secret", b"s1", b"s2"))


def test_what_cannot_be_read_is_hidden_as_a_whole() -> None:
    found = masked(stored(b'["token", secret'), BUILT_IN)
    assert shown(found) == {"jid": "one", "jobtype": "T", "queue": "q"}
    assert found.redacted


def test_a_field_that_is_too_long_to_be_looked_into_is_hidden_as_a_whole() -> None:
    args = [{"token": "secret"}, "x" * MOST_READ]
    failure = {"message": "no secret", "backtrace": ["y" * MOST_READ]}
    found = shown(masked(job(args=args, failure=failure), BUILT_IN))
    assert found["args"] == MASK
    assert "secret" not in json.dumps(found)


def test_of_arguments_that_are_not_known_whole_nothing_is_shown() -> None:
    failure = b'{"errtype":"E","message":"secret","retry_count":3}'
    payload = b'{"jid":"one","failure":' + failure + b"}"
    found = masked(stored(payload, partial=True, shown_args='{"token": "secr'), BUILT_IN)
    assert found.shown_args == MASK
    assert shown(found)["failure"] == {"errtype": MASK, "message": MASK, "retry_count": 3}


def test_numbers_and_odd_text_stay_as_they_are_stored() -> None:
    payload = (
        b'{"jid":"one","jobtype":"T","queue":"q","args":[{"token":"secret","n":[1e400,'
        b'123456789012345678901234567890, -0.0 ,"\\ud800"," \xff"]}]}'
    )
    left = masked(stored(payload), BUILT_IN).payload
    assert b"secret" not in left
    assert b'"n":[1e400,123456789012345678901234567890, -0.0 ,"\\ud800"," \xff"]' in left


def test_a_value_nested_without_end_is_gone_through() -> None:
    deep = b"[" * 9_000 + b'{"token":"secret"}' + b"]" * 9_000
    payload = b'{"jid":"one","jobtype":"T","queue":"q","args":' + deep + b"}"
    assert b"secret" not in masked(stored(payload), BUILT_IN).payload


def test_every_letter_that_folds_to_a_plain_one_is_looked_for() -> None:
    path = frozenset({("args", "zz")})
    plain = set("abcdefghijklmnopqrstuvwxyz_-")
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        letter = chr(code)
        if not plain.isdisjoint(letter.casefold()) or letter in plain:
            escaped = b"\\u%04x" % code
            assert may_occur(path, b'{"' + escaped + b'": 1}') == path, escaped
            if not letter.isascii():
                assert may_occur(path, letter.encode()) == path, escaped


SECRET = "s3cr-" + "et" * 4
names = st.sampled_from(["token", "password", "id", "Token", "to", "deep", "a.b", ""])
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(values, max_size=4), st.text(max_size=20), st.text(max_size=20), st.data())
def test_a_secret_at_a_hidden_path_is_nowhere_in_what_comes_out(
    args: list[object], before: str, after: str, data: st.DataObject
) -> None:
    holder: object = {data.draw(st.sampled_from(["token", "PASSWORD"])): SECRET}
    for _ in range(data.draw(st.integers(0, 4))):
        holder = [holder] if data.draw(st.booleans()) else {data.draw(names): holder}
    told = job(args=[*args, holder], failure={"message": before + SECRET + after})
    found = masked(told, BUILT_IN)
    assert SECRET.encode() not in found.payload
    assert shown(found)["jid"] == "one"


def hidden(value: object) -> object:
    """What is left of a value by the built-in rules, decided on decoded JSON."""
    if isinstance(value, dict):
        return {
            key: MASK if key.casefold() in {"token", "password"} else hidden(member)
            for key, member in value.items()
        }
    return [hidden(member) for member in value] if isinstance(value, list) else value


@given(st.lists(values, max_size=4))
@example([0, {"token": 0}])
def test_it_hides_what_the_same_rules_hide_in_decoded_json(args: list[object]) -> None:
    found = masked(job(args=args), BUILT_IN)
    left = hidden(args)
    if left == args:
        assert shown(found)["args"] == args
    else:
        # A hidden value may occur elsewhere, and is hidden there too.
        assert json.dumps(shown(found)["args"]).count(MASK.encode("unicode-escape").decode()) >= 1
        pairs = zip(shown(found)["args"], left, strict=True)  # type: ignore[call-overload]
        assert all(one == MASK or type(one) is type(other) for one, other in pairs)


@pytest.mark.parametrize("name", QUOTES)
def test_it_is_hidden_in_every_place_of_a_job_however_it_is_quoted(name: str) -> None:
    secret = 's3cr\'t <"é"> 100% \\n of/it'
    said = QUOTES[name](secret)
    told = job(
        args=[{"token": secret, "note": f"[{said}]", said: 1}],
        custom={"copy": [said], "x": {"y": f"- {said} -"}},
        failure={"errtype": f"Bad {said}", "message": f"no ({said})", "backtrace": ["a", said]},
        more=f"at {said}, at",
    )
    found = masked(told, BUILT_IN)
    left = json.dumps(shown(found), ensure_ascii=False)
    assert left.count(MASK) == 9
    assert not HiddenValues([secret]).near(left)
    assert "at •••, at" in left
    assert found.redacted


def test_a_long_argument_leaves_nothing_where_a_copy_of_it_may_be() -> None:
    told = job(
        args=[{"token": "secret"}, "x" * MOST_READ],
        custom={"copy": "secret"},
        more="secret",
        failure={"message": "secret", "extra": "secret", "retry_count": 2, "failed_at": "now"},
        at="2026-01-01T00:00:00Z",
    )
    found = shown(masked(told, BUILT_IN))
    assert "secret" not in json.dumps(found)
    assert found["failure"] == {
        "message": MASK, "extra": MASK, "retry_count": 2, "failed_at": "now",
    }  # fmt: skip
    assert found["at"] == "2026-01-01T00:00:00Z"


def test_no_more_is_looked_into_than_was_said() -> None:
    told = job(args=[{"token": "secret", "a": "b" * 100}], custom={"a": 1})
    assert shown(masked(told, BUILT_IN, 50))["args"] == MASK
    assert shown(masked(told, BUILT_IN, 500))["args"][0]["a"] == "b" * 100
    plain = job(args=["b" * 100])
    assert masked(plain, BUILT_IN, 50) is plain


def _calls(told: StoredJob) -> int:
    """Return how many functions are called, of Python and of C, to hide what is hidden."""
    count = 0

    def counted(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        masked(told, BUILT_IN)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("same", ["", "the same beginning "])
def test_ten_times_as_many_values_are_ten_times_the_work(same: str) -> None:
    def many(count: int) -> StoredJob:
        values = [f"{same}{number * 7919 % 100_000:05}-{'abc' * 3}" for number in range(count)]
        failure = {"message": " ".join(values[:100]), "backtrace": values + ["plain"] * count}
        return job(args=[{"token": value, "id": value[-3:]} for value in values], failure=failure)

    _calls(many(10))
    assert _calls(many(2000)) < 13 * _calls(many(200))
