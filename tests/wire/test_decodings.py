"""Readings of a text: all that are promised, each with its way back, and no more than so many."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.decodings import MOST_DECODINGS, TooManyDecodingsError, decodings
from tests.wire.quoting import QUOTES

text = st.text(st.sampled_from('ab \\"%&;#xu0149dé☃😀{}=+/'), max_size=40)


def readings(text: str) -> list[str]:
    return [reading.text for reading in decodings(text)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"\"\\\/\n\u00e9\ud83d\ude00", '"\\/\né😀'),
        (r"\xc3\xa9\xe9\x41", "éé\x41"),
        (r"\303\251\0", "é\0"),
        (r"\u{1F600}\x{e9}\U0001f600\U00E9", "😀é😀é"),
        ("%C3%a9+%2b%e9%u00e9", "é++éé"),
        ("&lt;&#233;&#xE9;&eacute;&zzz;", "<ééé&zzz;"),
        ("key=dXNlcjpzM2NyZXQ=", "key=user:s3cret"),
        ("/v1/dXNlcjpzM2NyZXQ", "/v1/user:s3cret"),
        ("0x757365723a73336372657421", "0xuser:s3cret!"),
    ],
)
def test_each_way_of_quoting_is_undone(written: str, read: str) -> None:
    assert read in readings(written)


@pytest.mark.parametrize(
    "written", ["plain words", "100% & more", r"\U00ffffff", "&#0000;", "NoMethodError", "deadbeef"]
)
def test_what_is_not_quoted_is_read_as_it_stands(written: str) -> None:
    assert readings(written)[0] == written
    assert not [read for read in readings(written)[1:] if not read.isprintable()]


def test_levels_are_undone_one_after_the_other() -> None:
    assert '{"a":"é"}' in readings(r"{\\\"a\\\":\\\"%C3%A9\\\"}")
    assert "é" in readings("%2526eacute%253B")


@given(text, st.data())
def test_a_part_of_a_reading_leads_back_to_what_says_it(written: str, data: st.DataObject) -> None:
    for reading in decodings(written):
        if not reading.text:
            continue
        start = data.draw(st.integers(0, len(reading.text) - 1))
        end = data.draw(st.integers(start + 1, len(reading.text)))
        first, beyond = reading.source(start, end)
        assert 0 <= first < beyond <= len(written)


@given(st.text(), st.sampled_from(sorted(QUOTES)))
def test_no_text_is_too_odd_and_no_reading_comes_twice(written: str, name: str) -> None:
    found = readings(QUOTES[name](written))
    assert len(set(found)) == len(found) <= MOST_DECODINGS


@pytest.mark.parametrize(
    "written",
    [f"%{'25' * 60}41", f"{'x' * 300_000}%{'25' * 20}41"],
)
def test_who_would_be_read_without_end_is_not(written: str) -> None:
    found = decodings(written)
    with pytest.raises(TooManyDecodingsError):
        deque(zip(range(MOST_DECODINGS + 1), found, strict=False))
