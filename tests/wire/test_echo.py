from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.echo import clip, echo


@given(st.binary())
def test_an_echo_is_short_and_shows_no_control_characters(data: bytes) -> None:
    shown = echo(data)
    assert len(shown.encode()) <= 200
    assert all(c.isprintable() or ord(c) > 0x9F or c == " " for c in shown)


@given(st.text(), st.integers(0, 50))
def test_a_clip_never_splits_a_character(text: str, size: int) -> None:
    cut = clip(text, size)
    assert text.startswith(cut)
    assert len(cut.encode()) <= size
    rest = text[len(cut) : len(cut) + 1]
    assert not rest or len((cut + rest).encode()) > size
