from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.times import format_time, parse_time


@pytest.mark.parametrize(
    ("unix", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1767225600.5, "2026-01-01T00:00:00.5Z"),
        (-0.25, "1969-12-31T23:59:59.75Z"),
        (253402300799.0, "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_utc_without_trailing_zeros(unix: float, text: str) -> None:
    assert format_time(unix) == text
    assert parse_time(text) == unix


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T02:00:00+02:00",
        "2025-12-31T18:30:00.000000000-05:30",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00:00.0000000009999Z",
    ],
)
def test_offsets_nanoseconds_and_small_letters_are_read(text: str) -> None:
    assert parse_time(text) == pytest.approx(1767225600.0, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "", "tomorrow", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-01-01T00:00:00.Z",
        "٢026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", " 2026-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@given(st.floats(0, 253402300799))
def test_a_time_survives_being_written_and_read(unix: float) -> None:
    assert parse_time(format_time(unix)) == pytest.approx(unix, abs=1e-9)


@given(st.floats(1e9, 4e9))
def test_a_time_of_our_days_survives_exactly(unix: float) -> None:
    assert parse_time(format_time(unix)) == unix
