"""Hidden values in text: none survives in any form that is promised, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glasshouse.model.redaction import MASK
from glasshouse.wire.maskvalues import HiddenValues, canonical
from tests.wire.quoting import QUOTES

SECRETS = (
    "tok-5ecr3t-0123",
    'p&ss<w>rd/"it\'s" \\ 100%+é☃',
    "correct horse  battery\tstaple",
    "Ünïcode ☃ 😀 密码密码密码",
    "C:\\new\\table\\users",
    "already%20quoted%2Fit&amp;self\\u0041",
    '{"user":"ann","pin":\'12 34\'}',
    "0123456789",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", QUOTES)
def test_a_value_is_recognised_however_it_is_quoted(name: str, secret: str) -> None:
    said = QUOTES[name](secret)
    told = HiddenValues([secret]).hidden_in(f"GET: {said} (401)")
    assert told.startswith("GET: ")
    assert told.endswith(" (401)")
    assert MASK in told
    rest = told[5:-6].replace(MASK, "")
    # Quotes at its ends are not it.
    assert canonical(rest) in ("", "quot;", "&quot;", "#x7b;", "{", "}"), rest


# None that are digits of a number, which may come together to something by chance.
letters = st.sampled_from("ghijkmnopqstvwyzGHIJKLMNOPéÄ☃密😀")
anything = st.one_of(letters, st.sampled_from(" \"'\\/<>&%+=;:#{}[]()$~`^|\t-_.,!?@*éß\u00a0"))
secrets = st.tuples(letters, st.text(anything, min_size=7, max_size=40), letters).map("".join)
surroundings = st.text(st.one_of(anything, st.characters(codec="utf-8")), max_size=30)
marks = st.sampled_from([" ", '"', "'", ":", "(", ",", "\n"])


@given(
    secret=secrets,
    # Two letters of Latin-1 may be one of UTF-8, which is what is read.
    name=st.sampled_from(sorted(QUOTES.keys() - {"percent of JavaScript's escape"})),
    around=st.tuples(surroundings, marks | st.just("="), marks, surroundings),
)
def test_whatever_it_is_and_wherever_it_stands_nothing_of_it_is_left(
    secret: str, name: str, around: tuple[str, str, str, str]
) -> None:
    before, opens, closes, after = around
    values = HiddenValues([secret])
    # What is around it is not another one, nor the beginning of one.
    for other in (before + opens, closes + after, secret[1:] + closes + after):
        assume(values.hidden_in(other) == other)
    said = QUOTES[name](secret)
    assert values.hidden_in(before + opens + said + closes + after) == (
        before + opens + MASK + closes + after
    )
