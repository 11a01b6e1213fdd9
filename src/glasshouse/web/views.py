"""What each page's template gets: one frozen struct per page, ready to lay out.

Every text in a view has gone through ``format.display_text``; every ``href`` is
a percent-encoded path of ours. Templates read these fields and nothing else.
"""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.format import Moment
from glasshouse.web.payload import Preview


class Pager(Struct, frozen=True, kw_only=True):
    """Where a page of a list stands; an ``href`` is ``None`` where it would lead nowhere."""

    label: str
    page: int
    pages: int
    past_end: bool
    first: str | None
    previous: str | None
    next: str | None
    last: str | None
    last_href: str


class Tile(Struct, frozen=True, kw_only=True):
    """One number of a server at a glance. ``tone``: ``plain``, ``good``, ``warn`` or ``bad``."""

    label: str
    value: str
    note: str
    href: str
    tone: str


class Attention(Struct, frozen=True, kw_only=True):
    """One thing that a person should look at, in plain words."""

    text: str
    href: str
    tone: str


class Chart(Struct, frozen=True, kw_only=True):
    """Rates over the last five minutes as SVG points in a box of 600 by 120."""

    processed: str
    area: str
    failed: str
    top: str
    middle: str
    processed_now: str
    failed_now: str
    span: str
    empty: bool


class QueueRow(Struct, frozen=True, kw_only=True):
    """A queue; ``bar`` is its share of the largest queue, 0 to 100."""

    name: str
    href: str
    size: str
    bar: int
    oldest: Moment | None
    latency: str
    paused: bool | None


class WorkerRow(Struct, frozen=True, kw_only=True):
    """A worker process."""

    wid: str
    hostname: str
    pid: str
    labels: tuple[str, ...]
    memory: str
    state: str
    state_label: str
    started: Moment | None
    beat: Moment | None
    stale: bool
    busy: str


class JobRow(Struct, frozen=True, kw_only=True):
    """A job in any list. What a list does not show is empty or ``None``."""

    position: str
    jid: str
    href: str
    jobtype: str
    queue: str
    queue_href: str
    args: Preview
    enqueued: Moment | None
    at: Moment | None
    failed: Moment | None
    retries: str
    errtype: str
    message: str
    worker: str
    reserved: Moment | None
    expires: Moment | None


class FleetServer(Struct, frozen=True, kw_only=True):
    """One server of the fleet; ``tiles`` is empty until it was read once."""

    name: str
    href: str
    description: str
    reachable: bool
    fault: str
    tiles: tuple[Tile, ...]


class FleetView(Struct, frozen=True, kw_only=True):
    """``/``: all servers."""

    servers: tuple[FleetServer, ...]


class OverviewView(Struct, frozen=True, kw_only=True):
    """``/{server}``: one server at a glance; ``workers`` is ``None`` when it does not tell."""

    known: bool
    description: str
    started: Moment | None
    tiles: tuple[Tile, ...]
    attention: tuple[Attention, ...]
    chart: Chart
    queues: tuple[QueueRow, ...]
    queue_count: str
    queues_href: str
    failures: tuple[JobRow, ...]
    retries_href: str
    workers: tuple[WorkerRow, ...] | None
    more_workers: int
    busy_href: str


class QueuesView(Struct, frozen=True, kw_only=True):
    """``/{server}/queues``: every queue."""

    queues: tuple[QueueRow, ...]
    total: str
    left_out: str
    known: bool


class QueueView(Struct, frozen=True, kw_only=True):
    """``/{server}/queues/{queue}``: the jobs that wait, next to run first."""

    name: str
    size: str
    paused: bool | None
    latency: str
    jobs: tuple[JobRow, ...]
    pager: Pager


class SetView(Struct, frozen=True, kw_only=True):
    """Retries, scheduled or dead: a list by time."""

    jobs: tuple[JobRow, ...]
    pager: Pager


class BusyView(Struct, frozen=True, kw_only=True):
    """``/{server}/busy``: the workers and what they run."""

    workers: tuple[WorkerRow, ...] | None
    more_workers: str
    jobs: tuple[JobRow, ...]
    pager: Pager


class Fact(Struct, frozen=True, kw_only=True):
    """A line of a job's facts: text, or a time, and where it leads."""

    label: str
    text: str
    href: str
    moment: Moment | None


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


class ExecutionRow(Struct, frozen=True, kw_only=True):
    """One finished execution; what it does not have is empty."""

    jid: str
    href: str
    jobtype: str
    queue: str
    queue_href: str
    worker: str
    waited: str
    ran: str
    outcome: str
    outcome_label: str
    outcome_title: str
    errtype: str
    at: Moment


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


class TimesRow(Struct, frozen=True, kw_only=True):
    """How long executions of one type waited and ran; ``share`` is that of the failed.

    The links are empty where the type's name cannot be asked for.
    """

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


class Choice(Struct, frozen=True, kw_only=True):
    """One value that a form offers."""

    value: str
    label: str
    chosen: bool


class FilterView(Struct, frozen=True, kw_only=True):
    """What the list is narrowed to, and what could be chosen."""

    action: str
    active: bool
    jobtype: str
    queue: str
    jid: str
    types: tuple[str, ...]
    queues: tuple[str, ...]
    outcomes: tuple[Choice, ...]


class FinishedView(Struct, frozen=True, kw_only=True):
    """``/{server}/finished``: executions that ended, newest first.

    ``offered`` is false when the server keeps no log; then nothing else counts.
    ``off`` means that it keeps one but was told to keep nothing. ``keeps`` says
    how much it keeps; texts that do not apply are empty.
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
    pager: Pager | None


class ParameterRow(Struct, frozen=True, kw_only=True):
    """One run-time parameter; ``plain`` is its value as a program would say it."""

    name: str
    meaning: str
    value: str
    plain: str
    changed: bool
    default: str
    least: str
    most: str


class ParametersView(Struct, frozen=True, kw_only=True):
    """``/{server}/parameters``: ``rows`` is ``None`` when the server has none."""

    rows: tuple[ParameterRow, ...] | None
