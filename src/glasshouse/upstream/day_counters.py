"""Daily counters as a history: every day is included, and today is the last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from glasshouse.model.history import Day, History

PROCESSED, FAILED = "processed", "failures"


def names(what: str, days: list[date]) -> list[str]:
    """Return the names of a counter for days, as Faktory and the embedded server write them."""
    return [f"{what}:{day.isoformat()}" for day in days]


def last_days(count: int, now: float, *, beyond: int = 0) -> list[date]:
    """Return the last days up to that of ``now`` (UTC), and some beyond it, oldest first."""
    today = datetime.fromtimestamp(now, UTC).date() + timedelta(days=beyond)
    return [today - timedelta(days=back) for back in range(count + beyond - 1, -1, -1)]


def history(
    days: list[date],
    processed: Mapping[date, int],
    failed: Mapping[date, int],
    *,
    now: float,
    utc: bool,
) -> History:
    """Return the history of these days; a missing count is zero."""
    reported = tuple(Day(day, processed.get(day, 0), failed.get(day, 0)) for day in days)
    return History(days=reported, read_at=now, utc=utc)
