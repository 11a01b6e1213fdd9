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


class JobView(Struct, frozen=True, kw_only=True):
    """``/{server}/jobs/{jid}``: every entry with this id."""

    jid: str
    json_href: str
    total: int
    entries: tuple[JobEntry, ...]
