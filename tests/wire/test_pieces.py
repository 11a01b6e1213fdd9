"""Many texts found in one: where they stand, cut off or not, and how much work that is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.pieces import HEAD, LONGEST, Pieces, finder, in_pieces, matches

few = st.text(st.sampled_from("ab"), min_size=HEAD, max_size=12)


def ends(pieces: Pieces, text: str) -> dict[int, int]:
    return {start: pieces.end(text, start) for start in pieces.begun(text)}


@given(st.lists(few, min_size=1, max_size=6), st.text(st.sampled_from("abc"), max_size=40))
def test_the_longest_at_each_place_is_found(wanted: list[str], text: str) -> None:
    # Behind the letter nothing is cut off.
    text += "c" * LONGEST
    found = {at: end for at, end in ends(Pieces(wanted), text).items() if end}
    assert found == {
        at: at + max(len(one) for one in wanted if text.startswith(one, at))
        for at in range(len(text))
        if any(text.startswith(one, at) for one in wanted)
    }


def test_one_that_was_cut_off_is_found() -> None:
    pieces = Pieces(["secret-number-1", "secret-number-234"])
    assert ends(pieces, "a secret-num") == {2: 12}
    assert ends(pieces, "a secret-number-23") == {2: 18}
    assert ends(pieces, "a secret-num... (more)") == {2: 12}
    assert ends(pieces, "a secret-num and more of it, " + "x" * LONGEST) == {2: 0}
    assert ends(pieces, "a secre") == {}


@given(st.text(min_size=HEAD, max_size=300))
def test_the_pieces_of_a_text_are_all_of_it(text: str) -> None:
    found = list(in_pieces(text))
    assert all(HEAD <= len(piece) <= LONGEST for piece in found)
    assert text.startswith(found[0])
    assert text.endswith(found[-1])
    assert sum(map(len, found)) >= len(text)


def test_matches_of_a_long_text_are_those_of_a_short_one() -> None:
    text = "x" * 16380 + "secret-secret" + "y" * 40_000 + "secret"
    found = [(start, end) for _, start, end in matches(finder(["secret"]), text, HEAD)]
    assert found == [(16380, 16386), (16387, 16393), (len(text) - 6, len(text))]
