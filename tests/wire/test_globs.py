from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.globs import glob


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", b"", True),
        ("", b"", True),
        ("", b"x", False),
        ("abc", b"abc", True),
        ("abc", b"xabcx", False),
        ("*abc*", b"xabcx", True),
        ("a*c", b"abbc\n\xffc", True),
        ("a*bc*bc", b"abc", False),
        ("*a*b", b"aXbYb", True),
        ("a?c", b"abc", True),
        ("a?c", b"ac", False),
        ("[a-c]x", b"bx", True),
        ("[c-a]x", b"bx", True),
        ("[^a-c]x", b"bx", False),
        ("[^a-c]x", b"dx", True),
        ("[!a]x", b"!x", True),
        (r"[\]\\]", b"]", True),
        ("[a-", b"-", True),
        ("[a", b"a", True),
        ("[]a", b"a", False),
        ("[^]a", b"xa", True),
        (r"\*\[", b"*[", True),
        (r"\*", b"x", False),
        ("é", "é".encode(), True),
        ("x.+$(", b"x.+$(", True),
        ("x.", b"xy", False),
    ],
)
def test_a_glob_matches_as_redis_has_it(pattern: str, text: bytes, matches: bool) -> None:
    assert bool(glob(pattern)(text)) is matches


def naive(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@given(st.text("ab*?", max_size=7), st.text("ab", max_size=8))
def test_stars_and_question_marks_agree_with_the_plain_definition(pattern: str, text: str) -> None:
    assert bool(glob(pattern)(text.encode())) is naive(pattern, text)


@given(st.text(), st.binary())
def test_any_pattern_can_be_asked(pattern: str, text: bytes) -> None:
    glob(pattern)(text)


def test_many_stars_cost_little() -> None:
    start = time.thread_time()
    assert not glob("*a" * 50 + "b")(b"a" * 20_000)
    assert time.thread_time() - start < 1
