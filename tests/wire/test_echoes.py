"""Values of a job are recognised in the type of an error, however they are told there."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.finished import FinishedJob
from glasshouse.model.job import Outcome
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.policy.logged import shown
from glasshouse.wire.echoes import echoes, read, written

from .quoting import QUOTES
from .test_maskvalues import SECRETS

TOKEN = ("args", "0", "token")


def job(token: object = "tok-5ecr3t", **more: object) -> bytes:
    return json.dumps({"jid": "a", "args": [{"token": token, "id": 5}], **more}).encode()


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("tok-5ecr3t", "Bad tok-5ecr3t"),
        ("tok-5ecr3t", "tok-5ecr3t"),
        ("tok-5ecr3t", "Bad TOK_5ECR3T"),
        ("tok-5ecr3t", "T o k 5 e c r 3 t"),
        ("tok-5ecr3t", "Missing::5ecr3t"),
        ("tok-5ecr3t", "x" * 93 + "tok-5ec"),
        ("a&b<c>d", "Bad a&amp;b&lt;c&gt;d"),
        ("a b c/d", quote("a b c/d", safe="")),
        ("a b c/d", "a%20b%20c%2fd"),
        ("päss wörd", quote("päss wörd")),
        ("päss wörd", quote_plus("päss wörd").lower()),
        ("päss wörd", json.dumps("päss wörd")),
        ("☃☃☃☃", "☃☃☃☃".encode().hex()),
        ("first\nsecond", "no second"),
        (12345678901234567890, "Bad12345678901234567890"),
        (1.5e300, "1.5e+300"),
        ("7", "Error 7"),
        ({"deep": ["tok-5ecr3t"]}, "Bad tok-5ecr3t"),
        ("QmFzaWM6czNjcmV0IQ==", "Basic:s3cret!"),
        ("tok-5ecr3t", f"Acme::{b'tok-5ecr3t'.hex()}Error"),
    ],
)
def test_a_value_is_recognised(token: object, text: str) -> None:
    found = echoes(job(token), text)
    assert found is not None
    assert any(path[:3] == TOKEN for path in found)


@pytest.mark.parametrize("secret", SECRETS[1:5:2])
@pytest.mark.parametrize("name", QUOTES)
def test_it_is_found_in_each_form_in_which_it_is_hidden_in_jobs(name: str, secret: str) -> None:
    found = echoes(job(secret), f"Acme::{QUOTES[name](secret)}")
    assert found is None or TOKEN in found


@pytest.mark.parametrize(
    ("token", "text"),
    [("tok-5ecr3t", "Timeout"), ("7", "Error77"), (7, "E7x"), ("", "Timeout"), (None, "None")],
)
def test_what_is_not_in_it_is_not(token: object, text: str) -> None:
    assert echoes(job(token), text) == ()


def test_custom_fields_are_looked_at_and_keys_by_what_holds_them() -> None:
    found = echoes(job(custom={"tenant": "acme", "secret": {"pepper": 1}}), "acme: pepper")
    assert found is not None
    assert set(found) == {("custom", "tenant"), ("custom", "secret")}


def test_each_of_two_members_of_one_name_is_looked_at() -> None:
    text = b'{"args":[{"token":"tok-5ecr3t","token":"x"}]}'
    assert echoes(text, "Bad tok-5ecr3t") == (TOKEN,)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"args":[',
        b'{"args":' + b"[" * 9000 + b"]" * 9000 + b"}",
        json.dumps({"args": ["x" * 70_000]}).encode(),
        json.dumps({"args": list(range(3000))}).encode(),
        json.dumps({"args": [["Timeout"]] * 20}).encode(),
    ],
)
def test_what_cannot_be_looked_through_is_not_known(payload: bytes) -> None:
    assert echoes(payload, "Timeout") is None


def test_looking_takes_little_time() -> None:
    payload = json.dumps(
        {"args": [f"value-{number}-{'y' * 20}" for number in range(1900)]}
    ).encode()
    took = []
    for _ in range(5):
        began = time.thread_time()
        assert echoes(payload, "Timeout") == ()
        took.append(time.thread_time() - began)
    assert min(took) < 1


@given(st.text(min_size=3, max_size=12).filter(lambda text: any(map(str.isalnum, text))))
def test_any_text_is_recognised_where_it_is_told_as_it_is(text: str) -> None:
    found = echoes(job(text), f"Bad {text}.")
    assert found is None or TOKEN in found


@given(st.lists(st.lists(st.text(max_size=5), max_size=4).map(tuple), max_size=4).map(tuple))
def test_paths_are_read_as_they_were_written(paths: tuple[tuple[str, ...], ...]) -> None:
    assert read(written(paths)) == paths


@pytest.mark.parametrize("text", [None, "", "{", "7", "[7]", "[" * 10_000])
def test_what_was_not_written_is_not_known(text: str | None) -> None:
    assert read(text) is None
    assert written(None) is None


RULE = (Redaction("*", ("args", "**", "token")),)


@pytest.mark.parametrize(
    ("told", "rules", "seen"),
    [
        ((), RULE, True),
        ((TOKEN,), RULE, False),
        ((("args", "0", "token", "deep"),), RULE, False),
        ((("args", "0", "id"),), RULE, True),
        (None, RULE, False),
        (None, (), True),
        ((TOKEN,), (Redaction("Other", ("args",)),), True),
        (None, (Redaction("Other", ("args",)),), True),
        ((TOKEN,), (Redaction("send*", ("args", "**")),), False),
        # Whether a job was one of ActiveJob is not in the log.
        ((TOKEN,), (Redaction("ActiveJob::*", ("args", "**")),), False),
        ((), (Redaction("ActiveJob::*", ("args", "**")),), True),
    ],
)
def test_a_type_of_error_is_shown_to_who_may_see_what_is_in_it(
    told: tuple[tuple[str, ...], ...] | None, rules: tuple[Redaction, ...], *, seen: bool
) -> None:
    run = FinishedJob(
        id=1, jid="a", jobtype="SendMail", queue="mail", wid="", enqueued_at=None, reserved_at=1.0,
        finished_at=2.0, outcome=Outcome.RETRIED, errtype="Bad", echoes=told,
    )  # fmt: skip
    assert shown(run, rules).errtype == ("Bad" if seen else MASK)
