"""Faktory's pages about the server itself: queues, busy workers, and its history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import msgspec
from selectolax.lexbor import LexborNode

from glasshouse.faktory_ui.arguments import Arguments, arguments_in
from glasshouse.faktory_ui.page import Page, text_of, value_of

_INDENTED = re.compile(r"\A\s*\n\s*(.*?)\n\s*\Z", re.DOTALL)
_MEMORY = re.compile(r"(\d+(?:\.\d)?) (KB|MB|GB)")
_KB = {"KB": 1, "MB": 1024, "GB": 1024 * 1024}


class QueueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A queue."""

    name: str
    size: int
    paused: bool


class ShownWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker. When it started is shown in words only, so it is not here.

    ``rss_kb`` is rounded as on the page, and ``None`` if it was never reported.
    """

    wid: str
    hostname: str
    pid: int
    labels: tuple[str, ...]
    quiet: bool
    rss_kb: int | None
    busy: int


class ShownReservation(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a worker holds."""

    wid: str
    jid: str
    queue: str
    jobtype: str
    args: Arguments


class Busy(msgspec.Struct, frozen=True, kw_only=True):
    """The workers, and the jobs they hold."""

    workers: tuple[ShownWorker, ...]
    reservations: tuple[ShownReservation, ...]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs by day, in the server's own time zone; processed includes failed."""

    processed: Mapping[date, int]
    failed: Mapping[date, int]


def read_queues(html: bytes) -> tuple[QueueRow, ...]:
    """Return all queues, by name.

    Raises:
        PageError: the page is not that, or is incomplete.
    """
    page = Page("/queues", html)
    page.one("table.queues")
    return tuple(_queue(page, cells) for cells in page.rows("table.queues", (3,)))


def read_busy(html: bytes) -> Busy:
    """Return workers and the jobs they hold.

    Raises:
        PageError: the page is not that, or is incomplete.
    """
    page = Page("/busy", html)
    page.one("table.processes")
    page.one("table.workers")
    # Before 1.7 there was no column for connections.
    workers = page.rows("table.processes", (6, 7))
    held = page.rows("table.workers", (6,))
    return Busy(
        workers=tuple(_worker(page, cells) for cells in workers),
        reservations=tuple(_reservation(page, cells) for cells in held),
    )


def read_history(html: bytes) -> History:
    """Return the jobs done by day.

    Raises:
        PageError: the page is not the dashboard, or is incomplete.
    """
    page = Page("/", html)
    chart = page.one("#history")
    return History(
        processed=_days(page, value_of(chart, "data-processed")),
        failed=_days(page, value_of(chart, "data-failed")),
    )


def _queue(page: Page, cells: list[LexborNode]) -> QueueRow:
    link = cells[0].css_first("a")
    actions = {value_of(button, "value") for button in cells[2].css("button[name=action]")}
    # Each queue offers one of the two; which one shows whether it is paused.
    if link is None or len(actions & {"pause", "resume"}) != 1:
        raise page.error("a queue does not say whether it is paused")
    return QueueRow(name=link.text(), size=page.number(cells[1].text()), paused="resume" in actions)


def _worker(page: Page, cells: list[LexborNode]) -> ShownWorker:
    wid = value_of(cells[-1].css_first("input[name=wid]"), "value")
    name = cells[1].css_first("code")
    if wid is None or name is None:
        raise page.error("a worker has no id")
    hostname, _, pid = name.text().rpartition(":")
    memory = _MEMORY.fullmatch(cells[-3].text().strip())
    return ShownWorker(
        wid=wid,
        hostname=hostname,
        pid=page.number(pid),
        labels=tuple(label.text() for label in cells[1].css(".badge.bg-primary")),
        quiet=cells[1].css_first(".badge.bg-danger") is not None,
        rss_kb=round(float(memory[1]) * _KB[memory[2]]) or None if memory else None,
        busy=page.number(cells[-2].text()),
    )


def _reservation(page: Page, cells: list[LexborNode]) -> ShownReservation:
    return ShownReservation(
        wid=_inner(cells[0]),
        jid=_inner(cells[1]),
        queue=text_of(cells[2], "a"),
        jobtype=text_of(cells[3], "code"),
        args=arguments_in(page, cells[4]),
    )


def _inner(cell: LexborNode) -> str:
    text = text_of(cell, "code")
    match = _INDENTED.match(text)
    return text if match is None else match[1]


def _days(page: Page, text: str | None) -> dict[date, int]:
    try:
        counts = msgspec.json.decode(text or "", type=dict[str, int])
        return {date.fromisoformat(day): count for day, count in counts.items()}
    except (msgspec.MsgspecError, ValueError):
        raise page.error("its history is not one") from None
