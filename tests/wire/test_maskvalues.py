"""Hidden values in text: none survives in any form that is promised, and nothing else changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
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


@given(secret=secrets, text=surroundings)
@example(secret="tok-5ecr3t-0123", text="token 5ecret 0123 tok-5ecr")
def test_a_text_without_it_stays_as_it_is(secret: str, text: str) -> None:
    letters = canonical(secret)[:6]
    assume(letters not in canonical(text))
    assume(not set("\\%&") & set(text))
    assert HiddenValues([secret]).hidden_in(text) == text


@pytest.mark.parametrize("secret", SECRETS[1:5:2])
@pytest.mark.parametrize("name", QUOTES)
def test_of_one_that_was_cut_off_six_letters_are_not_left(name: str, secret: str) -> None:
    said = QUOTES[name](secret)
    values = HiddenValues([secret])
    for length in range(len(said)):
        for more in ("", "…" if length % 2 else "... (more)"):
            left = values.hidden_in(f"cut: {said[:length]}{more}")
            # Nothing that may be its beginning, in whatever form, is there any more.
            assert not values.near(left), (length, more, left)


@pytest.mark.parametrize(
    ("secret", "text", "left"),
    [
        ("7", "7 of 17, a7, x=7", f"{MASK} of 17, a7, x={MASK}"),
        ("A", "a was An A", f"a was An {MASK}"),
        ("no", "no nose, NO", f"{MASK} nose, NO"),
        ("x-1", "x-1 or X-1 or x1", f"{MASK} or {MASK} or x1"),
        ("pin", "pins, PIN, Pin", f"{MASK}s, {MASK}, {MASK}"),
        ("a<b", r"\"a\u003cb\" a&lt;b a%3Cb ab", f'\\"{MASK}\\" {MASK} {MASK} ab'),
        ("a'b", "'a''b' a\\'b a%27b ab", f"'{MASK}' {MASK} {MASK} ab"),
        ("a b", "a+b a%20b a  b", f"{MASK} {MASK} a  b"),
        (" pin ", "the pin", f"the {MASK}"),
        ("  ", "a  b", "a  b"),
        ("", "a", "a"),
        ("true", "true, untrue", f"{MASK}, un{MASK}"),
        ('"""abc"""', 'is """abc""" and abc', f"is {MASK} and abc"),
    ],
)
def test_a_value_of_few_letters_has_to_stand_there_as_it_is(
    secret: str, text: str, left: str
) -> None:
    assert HiddenValues([secret]).hidden_in(text) == left


def test_what_a_quoted_value_says_is_hidden_too() -> None:
    values = HiddenValues(["QmFzaWM6czNjcmV0IQ==", "caf%C3%A9%20table"])
    assert values.hidden_in("Basic:s3cret! at the CAFÉ table.") == f"{MASK} at the {MASK}."


def test_a_long_value_is_hidden_whole_and_in_parts() -> None:
    secret = "".join(f"{number:04}-" for number in range(400))
    values = HiddenValues([secret])
    assert values.hidden_in(f"<{secret}>") == f"<{MASK}>"
    assert values.hidden_in(f"<{secret[:1000]}") == f"<{MASK}"
    assert MASK in values.hidden_in(f"<{secret[200:400]}>")


def test_values_that_overlap_are_hidden_together() -> None:
    values = HiddenValues(["abcdefgh", "efghijkl", "cdefgh"])
    assert values.hidden_in("1 abcdefghijkl 2") == f"1 {MASK} 2"


def test_a_text_that_can_be_read_in_too_many_ways_is_hidden_whole() -> None:
    assert HiddenValues(["secret"]).hidden_in(f"%{'25' * 60}41") == MASK


@pytest.mark.parametrize("lone", ["\ud800", "secret-\ud83d-secret"])
def test_half_a_character_is_no_obstacle(lone: str) -> None:
    values = HiddenValues([f"secret{lone}", lone])
    assert "secret" not in values.hidden_in(f"a secret{lone} b")


ROWS: dict[str, set[str]] = {
    "as it is": {"as it is"},
    "JSON": {"JSON", "JSON, other letters kept", "JSON of Go", "JSON of PHP", "UTF-16 escapes"},
    "JSON in JSON": {"JSON in JSON", "JSON three deep", "JSON in HTML", "HTML in JSON",
                     "JSON in a URL", "a URL in JSON", "JSON in base64", "SQL in JSON"},
    "HTML and XML": {"HTML", "HTML, named", "HTML, decimal", "HTML, hexadecimal", "HTML in HTML"},
    "URLs and forms": {"percent", "percent, paths kept", "percent, small digits",
                       "percent, every byte", "percent, twice", "percent of JavaScript's escape",
                       "form"},
    "SQL and CSV": {"SQL, doubled", "SQL, backslashes", "CSV"},
    "texts of programs": {"Python", "Python, ASCII", "Python, bytes", "Ruby", "Go",
                          "bytes, hexadecimal", "bytes, octal"},
    "letters in another case": {"capitals", "small letters"},
    "other blanks": {"blanks collapsed", "blanks doubled", "blanks removed"},
    "other Unicode": {"letters taken apart"},
    "base64 and hexadecimal": {"base64", "base64, for URLs", "base64 of more", "hexadecimal"},
    "cut off": set(),
}  # fmt: skip
"""The rows of the table in ``docs/access.md``, and the forms that are tested above for each."""
DOCUMENTED = 'p&ss é"1/2'


def table() -> dict[str, list[str]]:
    """Return the examples of each row that are the value, as the documentation has them."""
    text = (Path(__file__).parents[2] / "docs" / "access.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| ([^|]+) \| (`.*) \|$", text.partition("| how it is written |")[2])
    spans = {name: re.findall(r"`([^`]+)`", told) for name, told in rows}
    listed = {name: [span for span in some if len(span) >= 8] for name, some in spans.items()}
    return {name: examples for name, examples in listed.items() if name in ROWS}


def test_every_form_that_is_tested_is_documented_and_the_other_way_round() -> None:
    assert table().keys() == ROWS.keys()
    assert set().union(*ROWS.values()) == QUOTES.keys()


@pytest.mark.parametrize("row", ROWS)
def test_the_documented_examples_are_recognised(row: str) -> None:
    values = HiddenValues([DOCUMENTED])
    assert table()[row]
    for form in table()[row]:
        assert values.hidden_in(f"it is {form}").startswith(f"it is {MASK}"), form
