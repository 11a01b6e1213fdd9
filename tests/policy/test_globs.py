"""Globs of settings mean what a regular expression made of them means."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glasshouse.model.name_patterns import ANY, alike, matches, within
from tests.policy.second import like

PATTERNS = st.text("ab*.", max_size=8)
TEXTS = st.text("ab.\n", max_size=10)


@given(PATTERNS, TEXTS)
@example("a*a", "a")
@example("*ab*ab", "ab")
@example("a*b*b", "ab")
@example("*", "\n")
@example("**", "")
def test_a_glob_agrees_with_its_regular_expression(pattern: str, text: str) -> None:
    assert matches(pattern, text) is like(pattern, text)


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_character_but_the_star_is_special(pattern: str, text: str) -> None:
    assert matches(pattern, text) is like(pattern, text)


@given(st.lists(st.text(max_size=4), min_size=1, max_size=4), st.text("ab", max_size=3))
def test_any_text_may_stand_for_each_star(parts: list[str], between: str) -> None:
    assert matches(ANY.join(parts), between.join(parts))


@pytest.mark.parametrize(
    ("pattern", "text", "is_it"),
    [
        ("*", "", True),
        ("*", "anything at\nall", True),
        ("", "", True),
        ("", "x", False),
        ("mail", "mail", True),
        ("mail", "mailbox", False),
        ("mail", "hotmail", False),
        ("mail", "Mail", False),
        ("mail*", "mail", True),
        ("mail*", "mailbox", True),
        ("mail*", "hotmail", False),
        ("*x*", "x", True),
        ("*x*", "mailbox", True),
        ("*x*", "mail", False),
        ("a*c", "ac", True),
        ("a*c", "abcd", False),
        ("a*a", "a", False),
        ("*ab", "abab", True),
        ("a?", "ab", False),
        ("[ab]", "a", False),
        ("job.*", "jobs", False),
        ("\\*", "*", False),
    ],
)
def test_examples(pattern: str, text: str, is_it: bool) -> None:
    assert matches(pattern, text) is is_it


def test_a_text_is_within_patterns_if_one_of_them_matches() -> None:
    assert within(("mail*", "orders"), "orders")
    assert within(("orders", "mail*"), "mailbox")
    assert not within(("mail*", "orders"), "order")
    assert not within((), "")


def test_letters_in_either_case_are_alike_and_do_not_match() -> None:
    for pattern, text in (("MA*", "mail"), ("\u017fend", "SEND"), ("\u212a*", "kelvin")):
        assert alike(pattern, text)
        assert not matches(pattern, text)
        assert not within((pattern,), text)
    assert not alike("ma*", "orders")


def test_many_stars_cost_little() -> None:
    start = time.thread_time()
    assert not matches("*a" * 1000 + "b", "a" * 100_000)
    assert time.thread_time() - start < 20
