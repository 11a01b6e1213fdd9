"""Times as text and as Unix seconds: RFC 3339 as Go's ``RFC3339Nano`` writes it, in any year.

Any ``float`` in the years 1970 to 9999 survives ``parse_time(format_time(x))``. A calendar ends
with the year 9999, but floats do not: close to its end they round to the year 10000. Such times
are valid here: Faktory accepts them, and writes their years with more digits.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re

_REST = r"-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))"
_RFC3339 = re.compile(r"(\d{4})" + _REST, re.ASCII)
_ANY_YEAR = re.compile(r"(-?\d{4,12})" + _REST, re.ASCII)
_FIRST, _END = -62_135_596_800, 253_402_300_800  # years 1 to 9999: what a calendar can show
_CYCLE, _CYCLE_SECONDS = 400, 146_097 * 86_400  # years after which the calendar is the same again
_LEAP = 2000
_FURTHEST = 1e15
"""The most seconds from 1970 for which a year is written: some 30 million years."""
_NANOS = 1_000_000_000
_LAST_HOUR, _LAST_MINUTE = 23, 59
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def format_time(unix: float, *, as_faktory: bool = False) -> str:
    """Return ``unix`` seconds as UTC text with ``Z``, without trailing zeros.

    Years before 1 and after 9999 are written as Go writes them: ``10000-01-01T00:00:00Z``.

    ``as_faktory`` truncates nanoseconds instead of rounding them, as Faktory does when it
    names an entry by its score (storage/sorted_redis.go).

    Raises:
        OverflowError: ``unix`` is further away than 30 million years.
    """
    if not abs(unix) <= _FURTHEST:
        raise OverflowError("not a time of any calendar")
    second = int(unix // 1)
    nanos = (int if as_faktory else round)((unix - second) * _NANOS)
    if nanos >= _NANOS:
        second, nanos = second + 1, 0
    if not nanos:
        return _second_text(second) + "Z"
    return f"{_second_text(second)}.{nanos:09d}".rstrip("0") + "Z"


def name_time(unix: float) -> str:
    """Return text for any ``float``: as ``format_time`` if possible, else the number."""
    try:
        return format_time(unix)
    except OverflowError:
        return repr(unix)


def parse_time(text: str, *, any_year: bool = False) -> float:
    """Return RFC 3339 ``text`` as Unix seconds; digits past the ninth are dropped.

    With ``any_year``, years may have the form that ``format_time`` gives them.

    Raises:
        ValueError: it is not such a time.
    """
    match = (_ANY_YEAR if any_year else _RFC3339).fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    *parts, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    cycles = 0
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        cycles = (year - _LEAP) // _CYCLE
        year -= cycles * _CYCLE
    moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    whole = (moment - _EPOCH) // dt.timedelta(seconds=1) + cycles * _CYCLE_SECONDS
    if sign:
        if int(hours) > _LAST_HOUR or int(minutes) > _LAST_MINUTE:
            raise ValueError("offset out of range")
        offset = int(hours) * 3600 + int(minutes) * 60
        whole += offset if sign == "-" else -offset
    return whole + (int(fraction[:9].ljust(9, "0")) / _NANOS if fraction else 0.0)


def stored_time(stored: object) -> float | None:
    """Return the time in a field of a job, which may hold anything; ``None`` if it is not a time.

    All of ISO 8601 is understood; a time without a zone is UTC.
    """
    if not isinstance(stored, str):
        return None
    try:
        stamp = dt.datetime.fromisoformat(stored)
        return stamp.replace(tzinfo=stamp.tzinfo or dt.UTC).timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        return parse_time(stored, any_year=True)
    except ValueError:
        return None


def calendar_time(unix: float) -> dt.datetime | None:
    """Return the moment in UTC; ``None`` if it is not within the years 1 to 9999."""
    if not (math.isfinite(unix) and _FIRST <= unix < _END):
        return None
    try:
        return dt.datetime.fromtimestamp(unix, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


@functools.lru_cache(maxsize=8)
def _second_text(second: int) -> str:
    # Many jobs share a second, and building a datetime is the costly part.
    if _FIRST <= second < _END:
        return (_EPOCH + dt.timedelta(seconds=second)).isoformat()[:19]
    cycles, second = divmod(second - _FIRST, _CYCLE_SECONDS)
    moment = _EPOCH + dt.timedelta(seconds=second + _FIRST)
    year = moment.year + cycles * _CYCLE
    return f"{'-' * (year < 0)}{abs(year):04d}{moment.isoformat()[4:19]}"
