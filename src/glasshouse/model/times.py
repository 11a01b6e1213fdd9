"""RFC 3339 text to Unix seconds and back, as Go's ``RFC3339Nano`` writes it.

Any ``float`` of the years 1970 to 9999 survives ``parse_time(format_time(x))``.
"""

from __future__ import annotations

import datetime as dt
import functools
import re

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_FIRST, _END = -62_135_596_800, 253_402_300_800  # years 1 to 9999: what a calendar can show
_NANOS = 1_000_000_000
_LAST_HOUR, _LAST_MINUTE = 23, 59
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def format_time(unix: float, *, as_faktory: bool = False) -> str:
    """Return ``unix`` seconds as UTC text with ``Z``, without trailing zeros.

    ``as_faktory`` cuts nanoseconds where others are rounded, as Faktory does when it names
    an entry by its score (storage/sorted_redis.go).

    Raises:
        OverflowError: ``unix`` is not within the years 1 to 9999.
    """
    second = int(unix // 1)
    nanos = (int if as_faktory else round)((unix - second) * _NANOS)
    if nanos >= _NANOS:
        second, nanos = second + 1, 0
    if not nanos:
        return _second_text(second) + "Z"
    return f"{_second_text(second)}.{nanos:09d}".rstrip("0") + "Z"


def parse_time(text: str) -> float:
    """Return RFC 3339 ``text`` as Unix seconds; digits past the ninth are dropped.

    Raises:
        ValueError: it is not such a time, or not within the years 1 to 9999.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    *parts, fraction, sign, hours, minutes = match.groups()
    moment = dt.datetime(*map(int, parts), tzinfo=dt.UTC)  # type: ignore[misc, arg-type]
    whole = (moment - _EPOCH) // dt.timedelta(seconds=1)
    if sign:
        if int(hours) > _LAST_HOUR or int(minutes) > _LAST_MINUTE:
            raise ValueError("offset out of range")
        offset = int(hours) * 3600 + int(minutes) * 60
        whole += offset if sign == "-" else -offset
    if not _FIRST <= whole < _END:
        raise ValueError("year out of range")
    return whole + (int(fraction[:9].ljust(9, "0")) / _NANOS if fraction else 0.0)


@functools.lru_cache(maxsize=8)
def _second_text(second: int) -> str:
    # Many jobs share a second, and building a datetime is what costs here.
    moment = _EPOCH + dt.timedelta(seconds=second)
    return moment.isoformat()[:19]
