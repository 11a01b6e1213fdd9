from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.times import (
    calendar_time,
    format_time,
    name_time,
    parse_time,
    stored_time,
)


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
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00.Z",
        "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "0000-02-30T00:00:00Z",
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


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("9999-12-31T23:59:59.9999999Z", "10000-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999969482Z", "9999-12-31T23:59:59.999969482Z"),
        ("9999-12-31T23:59:59-01:00", "10000-01-01T00:59:59Z"),
        ("9999-12-31T00:00:00-23:59", "9999-12-31T23:59:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+01:00", "0000-12-31T23:00:00Z"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
        ("0000-01-01T00:00:00+23:59", "-0001-12-31T00:01:00Z"),
    ],
)
def test_times_at_the_edges_of_the_calendar_are_times(text: str, same: str) -> None:
    at = parse_time(text)
    assert format_time(at) == same
    assert parse_time(same, any_year=True) == at
    assert name_time(at) == same


@given(st.floats(-1e15, 1e15))
def test_any_year_survives_being_written_and_read(unix: float) -> None:
    text = format_time(unix)
    assert parse_time(text, any_year=True) == pytest.approx(unix, rel=1e-12, abs=1e-9)
    assert parse_time(format_time(unix, as_faktory=True), any_year=True) <= unix + 1e-9


@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(-70_000, 70_000))
def test_a_year_beyond_is_written_like_the_one_of_its_cycle(second: int, cycles: int) -> None:
    near, far = format_time(second), format_time(second + cycles * 400 * 31_556_952)
    assert far[-16:] == near[-16:]
    assert int(far[:-16]) == int(near[:-16]) + cycles * 400


@given(st.floats())
def test_any_number_has_a_name_and_perhaps_a_day(unix: float) -> None:
    assert name_time(unix)
    day = calendar_time(unix)
    assert day is None or 1 <= day.year <= 9999


@pytest.mark.parametrize(
    ("stored", "at"),
    [
        ("2026-01-01", 1767225600.0),
        ("2026-01-01T00:00:00", 1767225600.0),
        ("2026-01-01T02:00:00.123456789+02:00", 1767225600.123456),
        ("10000-01-01T00:00:00Z", 253402300800.0),
        ("0000-01-01T00:00:00Z", -62167219200.0),
        ("9999-12-31T23:59:59-12:00", 253402343999.0),
        ("2026-01-01T00:00:60Z", None),
        ("", None),
        ("soon", None),
        (None, None),
        (1767225600, None),
        (["2026-01-01"], None),
    ],
)
def test_what_a_field_of_a_job_holds_is_a_time_or_none(stored: object, at: float | None) -> None:
    assert stored_time(stored) == at


@given(st.text())
def test_no_text_in_a_field_is_an_error(text: str) -> None:
    stored_time(text)
