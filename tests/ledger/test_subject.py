"""What a record is about is read as it was named, and never as less than it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.ledger.chain import Head, seal
from glasshouse.ledger.export import read as opened
from glasshouse.ledger.record import Event, Record
from glasshouse.ledger.subject import Subject, named, read, subject_of, written

NAMES = st.lists(st.text(max_size=8).filter(bool), min_size=1, max_size=5, unique=True).map(tuple)
ODD = st.lists(
    st.text(st.characters(), min_size=1, max_size=8), min_size=1, max_size=5, unique=True
).map(tuple)


@given(st.one_of(NAMES, ODD))
def test_a_record_is_about_the_queues_that_it_names(queues: tuple[str, ...]) -> None:
    detail = {"server": "main", **named(queues)}
    record = Record(event=Event.INTENT, at=1.0, detail=detail)
    body = opened(seal(Head(0, b"x" * 32), record))
    assert subject_of(detail) == subject_of(body["detail"]) == Subject("main", queues)


@pytest.mark.parametrize(
    "queues",
    [
        None,
        (),
        tuple(map(str, range(51))),
        ("x" * 1000, "y" * 1000),
        ("x" * 1501,),
    ],
)
def test_too_many_are_all(queues: tuple[str, ...] | None) -> None:
    assert named(queues) == {}
    assert subject_of({"server": "main", **named(queues)}) == Subject("main", None)


@pytest.mark.parametrize(
    ("detail", "about"),
    [
        ({}, None),
        ({"queue": "mail"}, None),
        ({"server": 7}, None),
        ({"server": "main"}, Subject("main", None)),
        ({"server": "main", "queue": "mail"}, Subject("main", ("mail",))),
        ({"server": "main", "queue": 7}, Subject("main", None)),
        ({"server": "main", "queue": "x" * 2000}, Subject("main", None)),
        ({"server": "main", "queues": '["a","b"]'}, Subject("main", ("a", "b"))),
        ({"server": "main", "queue": "a", "queues": '["a","b"]'}, Subject("main", ("a", "b"))),
        ({"server": "main", "queue": "a", "queues": "[]"}, Subject("main", None)),
        ({"server": "main", "queue": "a", "queues": "{}"}, Subject("main", None)),
        ({"server": "main", "queue": "a", "queues": "[7]"}, Subject("main", None)),
        ({"server": "main", "queue": "a", "queues": "["}, Subject("main", None)),
        ({"server": "main", "queues": ["a"]}, Subject("main", None)),
    ],
)
def test_what_cannot_be_read_is_about_all(detail: dict[str, object], about: Subject | None) -> None:
    assert subject_of(detail) == about


def test_subjects_have_keys_of_their_own() -> None:
    every = [
        Subject("main", None), Subject("main", ("a",)), Subject("main", ("a", "b")),
        Subject("main", ("b", "a")), Subject("mai", ("n",)), Subject("other", None),
    ]  # fmt: skip
    assert len({subject.key for subject in every}) == len(every)
    assert all(len(subject.key) == 32 for subject in every)


@pytest.mark.parametrize("text", [None, "", 7, "[" * 5000, '"a"', "null"])
def test_no_text_fails(text: object) -> None:
    assert read(text) is None
    assert read(written(("a", "\ud800"))) == ("a", "\ud800")
