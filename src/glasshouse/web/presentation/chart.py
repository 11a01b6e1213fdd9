"""The chart of an overview: rates over the last few minutes as the points of a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from glasshouse.health.rates import recent
from glasshouse.monitor.snapshot import Sample
from glasshouse.web.presentation.views import Chart
from glasshouse.web.text import format as fmt

_WINDOW = 300.0
_BUCKET = 5.0
_LINE = 2


def chart(samples: Sequence[Sample], now: float, locale: str) -> Chart:
    """Return processed and failed jobs per second over the last five minutes."""
    rates = _rates([sample for sample in samples if now - sample.at <= _WINDOW + _BUCKET])
    peak = max((max(done, failed) for _, done, failed in rates), default=0.0)
    top = ceiling(peak)
    end = samples[-1].at if samples else now
    xs = [max(0.0, 600 - (end - at) * 600 / _WINDOW) for at, _, _ in rates]
    done = [(x, 118 - 112 * row[1] / top) for x, row in zip(xs, rates, strict=True)]
    bad = [(x, 118 - 112 * row[2] / top) for x, row in zip(xs, rates, strict=True)]
    line = _points(done)
    return Chart(
        processed=line,
        area=f"{done[0][0]:.1f},118 {line} {done[-1][0]:.1f},118" if done else "",
        failed=_points(bad),
        top=fmt.rate(top, locale),
        middle=fmt.rate(top / 2, locale),
        processed_now=fmt.rate(rates[-1][1], locale) if rates else "–",
        failed_now=fmt.rate(rates[-1][2], locale) if rates else "–",
        span=fmt.duration(_WINDOW, locale),
        empty=len(rates) < _LINE,
    )


def _rates(samples: Sequence[Sample]) -> list[tuple[float, float, float]]:
    """Return (time, processed per second, failed per second); the last is for now.

    The others are averages over fixed slots of 5 s, so that drawn points only shift. A total that
    shrinks (the server was restarted) counts as 0.
    """
    if not samples:
        return []
    ends: list[Sample] = []
    for sample in samples:
        # The last sample of each slot is its end.
        if ends and sample.at // _BUCKET == ends[-1].at // _BUCKET:
            ends[-1] = sample
        else:
            ends.append(sample)
    rates = [_rate(before, after) for before, after in pairwise(ends[:-1])]
    lately = recent(samples, _BUCKET)
    if lately is not None:
        rates.append((samples[-1].at, lately.processed_rate, lately.failed_rate))
    return rates


def _rate(before: Sample, after: Sample) -> tuple[float, float, float]:
    span = after.at - before.at
    if span <= 0:
        return after.at, 0.0, 0.0
    done, failed = after.processed - before.processed, after.failures - before.failures
    return after.at, max(0, done) / span, max(0, failed) / span


def ceiling(peak: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50 … at or above ``peak``."""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if peak <= step * factor:
                return step * factor
        step *= 10


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
