"""Rates from samples: what is known, and not more."""

from __future__ import annotations

from glasshouse.health.rates import recent
from glasshouse.monitor.snapshot import Sample
from glasshouse.web.presentation.chart import chart

from .states import NOW


def every_second(count: int, per_second: int = 10) -> list[Sample]:
    return [
        Sample(NOW - count + n, per_second * n, n, 0, dead=n // 10, commands=100 * n)
        for n in range(1, count + 1)
    ]


def test_what_happened_lately_is_told_over_the_time_that_the_samples_cover() -> None:
    found = recent(every_second(200), 60)
    assert found is not None
    assert (found.span, found.processed, found.failed) == (61, 610, 61)
    assert (found.processed_rate, found.command_rate) == (10, 100)
    short = recent(every_second(5), 60)
    assert short is not None
    assert short.span == 4


def test_without_two_samples_apart_nothing_is_known() -> None:
    assert recent([], 60) is None
    assert recent(every_second(2), 60) is None


def test_a_server_that_was_started_anew_counts_from_its_start() -> None:
    before = [Sample(NOW - 30 + n, 5000, 9, 0, commands=900_000 + n) for n in range(20)]
    after = [Sample(NOW - 10 + n, 5000 + n, 9, 0, commands=n) for n in range(11)]
    found = recent([*before, *after], 60)
    assert found is not None
    assert (found.span, found.processed, found.commands) == (10, 10, 10)
    flushed = recent([Sample(NOW - 30, 5000, 9, 0), *every_second(10)], 60)
    assert flushed is not None
    assert flushed.processed == 90


def test_what_a_server_does_not_tell_has_no_rate() -> None:
    found = recent([Sample(NOW - 9, 1, 0, 0), Sample(NOW, 10, 0, 0)], 60)
    assert found is not None
    assert (found.command_rate, found.died) == (None, None)


def points(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in drawn.split())]


def test_the_chart_ends_now_and_what_was_drawn_only_moves_on() -> None:
    samples = every_second(300)
    drawn = chart(samples, NOW, "en")
    assert points(drawn.processed)[-1][0] == 600
    assert (drawn.top, drawn.processed_now, drawn.failed_now) == ("10.0", "10.0", "1.0")
    uneven = [
        Sample(item.at, item.processed + (n % 7) ** 2, 0, 0) for n, item in enumerate(samples)
    ]
    early, late = chart(uneven[:-2], NOW - 2, "en"), chart(uneven[1:], NOW, "en")
    before = [y for _, y in points(early.processed)]
    after = [y for _, y in points(late.processed)]
    # The first slot loses its oldest second, the last point is what holds now.
    assert before[1:-1] == after[1 : len(before) - 1]


def test_a_chart_of_few_samples_is_empty() -> None:
    assert chart([], NOW, "en").empty
    assert chart(every_second(2), NOW, "en").empty
