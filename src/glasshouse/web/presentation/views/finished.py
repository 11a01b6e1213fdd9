"""What the templates of the log of finished jobs get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import Choice, ExecutionRow, Pager
from glasshouse.web.text.format import Moment


class TimesRow(Struct, frozen=True, kw_only=True):
    """How long executions of one type waited and ran; ``share`` is that of the failed.

    The links are empty where the type's name cannot be asked for.
    """

    row: str
    jobtype: str
    href: str
    count: str
    failed: str
    failed_href: str
    share: str
    wait_median: str
    wait_p95: str
    run_median: str
    run_p95: str
    run_most: str


class TimesView(Struct, frozen=True, kw_only=True):
    """Times per type: ``rows``, and ``others`` that are folded away. ``over``: of how many."""

    rows: tuple[TimesRow, ...]
    others: tuple[TimesRow, ...]
    others_label: str
    left_out: str
    over: str
    since: Moment | None


class FilterView(Struct, frozen=True, kw_only=True):
    """What the list is narrowed to, and what could be chosen."""

    action: str
    active: bool
    jobtype: str
    queue: str
    error: str
    jid: str
    types: tuple[str, ...]
    queues: tuple[str, ...]
    outcomes: tuple[Choice, ...]


class FinishedView(Struct, frozen=True, kw_only=True):
    """``/{server}/finished``: executions that ended, newest first.

    ``offered`` is false when the server keeps no log; then nothing else counts.
    ``off`` means that it keeps one but was told to keep nothing. ``keeps`` says
    how much it keeps, ``fault`` what is wrong with a typed page or time; texts
    that do not apply are empty.
    """

    offered: bool
    off: bool
    keeps: str
    parameters_href: str
    filter: FilterView | None
    times: TimesView | None
    rows: tuple[ExecutionRow, ...]
    searched: str
    newer: str
    newest_href: str
    fault: str
    remedy: str
    pager: Pager | None
