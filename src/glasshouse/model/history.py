"""A server's processed and failed executions by day."""

from __future__ import annotations

from datetime import date

import msgspec


class Day(msgspec.Struct, frozen=True):
    """Executions that ended on one day; ``processed`` includes ``failed``, as Faktory counts."""

    day: date
    processed: int
    failed: int


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The last days, oldest first without gaps, read at ``read_at`` (Unix seconds).

    Days are in UTC if ``utc``, else in the server's own time zone.
    """

    days: tuple[Day, ...]
    read_at: float
    utc: bool
