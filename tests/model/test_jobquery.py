"""The search words: what a line means, and that what is written is read back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.errors import InvalidError
from glasshouse.model.jobquery import (
    MAX_TERMS,
    ArgsTerm,
    JobQuery,
    parse_query,
    read_time,
    write_term,
)

NOW = 1_800_000_030.0  # 2027-01-15 08:00:30 UTC
MINUTE = NOW - 30


def parsed(text: str) -> JobQuery:
    found = parse_query(text, NOW)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("refused card", JobQuery(words=("refused", "card"))),
        ('"refused card"', JobQuery(words=("refused card",))),
        ("type:SendEmail queue:mail*", JobQuery(jobtype=("SendEmail",), queue=("mail*",))),
        ("TYPE:SendEmail", JobQuery(jobtype=("SendEmail",))),
        ("type: SendEmail", JobQuery(jobtype=("SendEmail",))),
        ('error:"timed \\"out\\""', JobQuery(error=('timed "out"',))),
        ("jid:4f2a*", JobQuery(jid=("4f2a*",))),
        ("args:1234", JobQuery(args=("1234",))),
        ("args.0.order_id:12", JobQuery(at_path=(ArgsTerm(("0", "order_id"), "12"),))),
        ("args.0.Order:12", JobQuery(at_path=(ArgsTerm(("0", "Order"), "12"),))),
        ('args."a.b".*:"x y"', JobQuery(at_path=(ArgsTerm(("a.b", "*"), "x y"),))),
        ("https://example.com/a", JobQuery(words=("https://example.com/a",))),
        ("Stripe::CardError", JobQuery(words=("Stripe::CardError",))),
        ('"type:SendEmail"', JobQuery(words=("type:SendEmail",))),
        ('an "open quote', JobQuery(words=("an", "open quote"))),
        ("before:2027-01-15", JobQuery(before=MINUTE - 8 * 3600)),
        ("after:2h before:+2h", JobQuery(after=MINUTE - 7200, before=MINUTE + 7200)),
        ("after:1h after:2h", JobQuery(after=MINUTE - 3600)),
    ],
)
def test_a_line_of_search_words_means(text: str, wanted: JobQuery) -> None:
    assert parsed(text) == wanted


@pytest.mark.parametrize("text", ["", "   ", '""', "type:", 'type:""'])
def test_a_line_that_asks_for_nothing_is_no_search(text: str) -> None:
    assert parse_query(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2027-01-15T08:00:00Z", MINUTE),
        ("2027-01-15 09:00+01:00", MINUTE),
        ("2027-01-15 08:00", MINUTE),
        ("8:00", MINUTE),
        ("now", MINUTE),
        ("90s", MINUTE - 90),
        ("10s", NOW - 10),
        ("3d", MINUTE - 3 * 86400),
        ("-15min", MINUTE - 900),
    ],
)
def test_a_time_can_be_written_as_people_write_it(text: str, at: float) -> None:
    assert read_time(text, NOW) == at


@pytest.mark.parametrize("text", ["yesterday", "25:00", "2027-13-01", "", "1e9", "9999999d"])
def test_what_is_no_time_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        read_time(text, NOW)
    assert "2026-11-26 10:30" in caught.value.remedy


def test_too_many_words_and_too_long_paths_are_refused() -> None:
    with pytest.raises(InvalidError):
        parse_query("word " * (MAX_TERMS + 1), NOW)
    with pytest.raises(InvalidError):
        parse_query("args" + ".a" * 21 + ":1", NOW)


TEXTS = st.text(min_size=1, max_size=40)


@given(
    st.lists(st.tuples(st.sampled_from(["", "type", "queue", "jid", "error", "args"]), TEXTS),
             min_size=1, max_size=MAX_TERMS)
)  # fmt: skip
def test_terms_that_were_written_are_read_as_they_were_meant(terms: list[tuple[str, str]]) -> None:
    line = " ".join(write_term(name, value) for name, value in terms)
    found = parsed(line)
    fields = {
        "": found.words, "type": found.jobtype, "queue": found.queue,
        "jid": found.jid, "error": found.error, "args": found.args,
    }  # fmt: skip
    for name, values in fields.items():
        assert list(values) == [value for given_name, value in terms if given_name == name]


@given(st.text(max_size=200))
def test_no_line_is_misread_as_a_crash(text: str) -> None:
    with contextlib.suppress(InvalidError):
        parse_query(text, NOW)
