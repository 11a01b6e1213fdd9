"""What the templates of one job get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.format import Moment
from glasshouse.web.views.shared import ExecutionRow, Fact


class JobEntry(Struct, frozen=True, kw_only=True):
    """One place where a job with this id is."""

    state: str
    state_label: str
    where: str
    where_href: str
    jobtype: str
    facts: tuple[Fact, ...]
    timeline: tuple[Fact, ...]
    failed: bool
    errtype: str
    message: str
    backtrace: str
    args: str
    args_size: str
    raw: str
    raw_size: str
    raw_cut: bool


class RanView(Struct, frozen=True, kw_only=True):
    """What the log tells of one id; ``answer`` is empty when it holds no execution of it."""

    answer: str
    at: Moment | None
    label: str
    rows: tuple[ExecutionRow, ...]
    more: bool
    log_href: str


class JobView(Struct, frozen=True, kw_only=True):
    """``/{server}/jobs/{jid}``: every entry with this id, and its executions that ended.

    ``ran`` is ``None`` when the server keeps no log of them, or it cannot be read.
    """

    jid: str
    json_href: str
    total: int
    entries: tuple[JobEntry, ...]
    ran: RanView | None
