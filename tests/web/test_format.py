"""Spans of time in words."""

from __future__ import annotations

import pytest

from glasshouse.web.text import format as fmt


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "< 1 ms"),
        (0.00099, "< 1 ms"),
        (0.001, "1 ms"),
        (0.2504, "250 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.234, "1.23 s"),
        (9.994, "9.99 s"),
        (9.999, "10.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (60.0, "1 min"),
        (75.4, "1 min 15 s"),
        (3600.0, "1 h"),
        (3661.0, "1 h 1 min"),
        (90_061.0, "1 d 1 h"),
        (86_460.0, "1 d"),
        (1e300, "11,574,074 d 1 h"),
    ],
)
def test_a_span_has_as_many_digits_as_are_of_use(seconds: float, said: str) -> None:
    assert fmt.span(seconds, "en") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 s"),
        (0.1, "0.1 s"),
        (1.0, "1 s"),
        (5400.0, "1 h 30 min"),
        (5400.5, "5,400.5 s"),
        (7 * 86_400.0, "7 d"),
        (86_400.0 + 61, "1 d 1 min 1 s"),
    ],
)
def test_a_set_time_is_said_in_full(seconds: float, said: str) -> None:
    assert fmt.exactly(seconds, "en") == said


def test_units_are_said_in_the_language_of_the_page() -> None:
    assert fmt.span(75.0, "zh-CN") == "1 分钟 15 秒"
    assert fmt.span(0.0, "zh-CN") == "< 1 毫秒"
