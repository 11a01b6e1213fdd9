"""What the templates of the log of finished jobs get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import Choice, ExecutionRow, Pager
from glasshouse.web.text.format import Moment


class TimesRow(Struct, frozen=True, kw_only=True):
    """How long executions of one type waited and ran; ``share`` is the failed share.

    The links are empty if the type's name cannot be requested.
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
    """Times per type: ``rows``, and ``others`` that are collapsed. ``over``: of how many."""

    rows: tuple[TimesRow, ...]
    others: tuple[TimesRow, ...]
    others_label: str
    left_out: str
    over: str
    since: Moment | None


class FilterView(Struct, frozen=True, kw_only=True):
    """What the list is filtered by, and the available choices."""

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

    ``offered`` is false if the server keeps no log; then nothing else applies. ``off`` means that
    it keeps one but was configured to keep nothing. ``keeps`` states how much it keeps, ``fault``
    what is wrong with a typed page or time; texts that do not apply are empty.
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
