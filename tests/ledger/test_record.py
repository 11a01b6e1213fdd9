"""The canonical form of a record: the same bytes for the same record, whoever makes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.ledger.record import Event, Record, Subject, canonical

from .book import NOW

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=50)
KEYS = st.text(st.characters(codec="ascii"), max_size=10)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, PLAIN, max_size=5))
def test_it_is_json_that_reads_back_to_the_same_bytes(value: dict[str, object]) -> None:
    text = canonical(value)  # type: ignore[arg-type]
    assert canonical(json.loads(text)) == text
    assert b"\n" not in text


@given(st.dictionaries(KEYS, st.integers(), min_size=2, max_size=5))
def test_the_order_of_keys_makes_no_difference(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(turned) == canonical(value)


def test_the_names_of_events_never_change() -> None:
    """They stand in ledgers that were written, and in what others built on them."""
    assert [event.value for event in Event] == [
        "ledger.key",
        "console.started",
        "settings.read",
        "session.signed_in",
        "session.refused",
        "session.signed_out",
        "factor.shown",
        "factor.refused",
        "account.changed",
        "ledger.exported",
        "ledger.archived",
        "operation.intent",
        "operation.outcome",
        "operation.refused",
        "operation.stopped",
        "payload.revealed",
    ]


def test_characters_stand_as_they_are_in_utf_8() -> None:
    assert canonical({"b": "ü\x1f", "a": True}) == '{"a":true,"b":"ü\\u001f"}'.encode()


def test_nobody_in_particular_is_nobody() -> None:
    assert Subject() == Subject(name="", roles=(), address="", how="", factor_age=None)


def test_what_has_more_than_one_form_is_refused() -> None:
    for value in (1.5, b"x", object()):
        with pytest.raises(TypeError, match="cannot hold"):
            canonical({"a": [value]})  # type: ignore[list-item]
    for key in (1, "ü"):
        with pytest.raises(TypeError, match="the key"):
            canonical({"a": {key: 1}})  # type: ignore[dict-item]


def test_what_is_no_character_and_what_is_too_long_is_cut() -> None:
    told = json.loads(canonical({"a": "x\ud800y", "b": "z" * 3000}))
    assert told == {"a": "x?y", "b": "z" * 2000}


def test_a_record_says_when_who_and_what_and_nothing_that_is_not_known() -> None:
    who = Subject(name="local:ops", roles=("operator", "viewer"), address="10.0.0.1", how="session")
    record = Record(event=Event.SIGNED_IN, at=NOW, who=who, detail={"by": "password"})
    assert json.loads(canonical(record.plain())) == {
        "event": "session.signed_in",
        "at": "2027-01-15T08:00:00.250000+00:00",
        "who": {
            "name": "local:ops",
            "roles": ["operator", "viewer"],
            "address": "10.0.0.1",
            "how": "session",
        },
        "detail": {"by": "password"},
    }
    assert Record(event=Event.STARTED, at=0.0).plain() == {
        "event": "console.started",
        "at": "1970-01-01T00:00:00.000000+00:00",
    }
