"""What the template of a server's history gets."""

from __future__ import annotations

from msgspec import Struct


class SpanLink(Struct, frozen=True, kw_only=True):
    """A number of days that can be shown."""

    label: str
    href: str
    current: bool


class Bar(Struct, frozen=True, kw_only=True):
    """A day of the drawing, in its units: completed jobs are stacked on failed ones."""

    x: str
    width: str
    done_y: str
    done: str
    failed_y: str
    failed: str
    label: str


class DayRow(Struct, frozen=True, kw_only=True):
    """A day on which something ran; ``bad`` when a fifth of it failed."""

    row: str
    day: str
    processed: str
    failed: str
    share: str
    bad: bool


class HistoryView(Struct, frozen=True, kw_only=True):
    """``/{server}/history``: days as a drawing, oldest first, and as rows, newest first.

    ``average`` covers the days since the first on which something ran, as ``over`` states.
    """

    spans: tuple[SpanLink, ...]
    zone: str
    processed: str
    failed: str
    share: str
    average: str
    over: str
    empty: bool
    top: str
    middle: str
    first: str
    last: str
    bars: tuple[Bar, ...]
    rows: tuple[DayRow, ...]
