"""What the templates of the fleet, the overview, the queues and the running jobs get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.payload import Preview
from glasshouse.web.presentation.views.shared import (
    ActBar,
    ActivityRow,
    HiddenField,
    Pager,
    QueueRow,
    Staleness,
    Tile,
    WorkerRow,
)
from glasshouse.web.text.format import Moment


class Attention(Struct, frozen=True, kw_only=True):
    """One thing that a person should check, in plain words."""

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


class Cell(Struct, frozen=True, kw_only=True):
    """One number of a server in the comparison; ``text`` is empty when it is not known.

    ``tone``: ``warn``, ``bad`` or empty.
    """

    label: str
    text: str
    tone: str
    href: str


class FleetServer(Struct, frozen=True, kw_only=True):
    """One server of the fleet; ``cells`` is empty until it was read once.

    ``worst`` is the most severe finding there, ``wrong`` how many more there are. A server that
    cannot be read has ``since`` when, and what to do.
    """

    row: str
    name: str
    href: str
    description: str
    reachable: bool
    fault: str
    remedy: str
    since: Moment | None
    checked: Moment | None
    worst: Attention | None
    wrong: str
    cells: tuple[Cell, ...]


class FleetView(Struct, frozen=True, kw_only=True):
    """``/``: all servers; ``columns`` are the labels of their cells."""

    columns: tuple[str, ...]
    servers: tuple[FleetServer, ...]
    summary: str


class Load(Struct, frozen=True, kw_only=True):
    """One number of a server's load; what it does not report has none."""

    label: str
    value: str
    title: str


class FailureRow(Struct, frozen=True, kw_only=True):
    """A failed execution, or a job that waits to be retried."""

    row: str
    jid: str
    href: str
    jobtype: str
    queue: str
    queue_href: str
    errtype: str
    message: str
    outcome: str
    outcome_label: str
    outcome_title: str
    at: Moment | None


class OverviewView(Struct, frozen=True, kw_only=True):
    """``/{server}``: one server at a glance; ``workers`` is ``None`` if it does not report them.

    ``failures`` are from the log of finished jobs if ``logged``, else they are the next retries;
    ``calm`` and ``no_failures`` are the texts for when there is nothing.
    """

    known: bool
    description: str
    load: tuple[Load, ...]
    tiles: tuple[Tile, ...]
    attention: tuple[Attention, ...]
    calm: str
    stale: bool
    chart: Chart
    queues: tuple[QueueRow, ...]
    queue_count: str
    queue_totals: str
    queues_href: str
    failures: tuple[FailureRow, ...]
    no_failures: str
    logged: bool
    failures_href: str
    strip: tuple[ActivityRow, ...]
    workers: tuple[WorkerRow, ...] | None
    worker_totals: str
    more_workers: str
    busy_href: str


class SortView(Struct, frozen=True, kw_only=True):
    """The head of a column that a table can be sorted by; ``sorted`` is ARIA's word or empty."""

    name: str
    label: str
    title: str
    href: str
    sorted: str


class QueuesView(Struct, frozen=True, kw_only=True):
    """``/{server}/queues``: queues, sorted and filtered."""

    known: bool
    any_queue: bool
    totals: str
    action: str
    hidden: tuple[HiddenField, ...]
    text: str
    outcome: str
    all_href: str
    columns: tuple[SortView, ...]
    queues: tuple[QueueRow, ...]
    pager: Pager


class RunRow(Struct, frozen=True, kw_only=True):
    """A running job; ``mark`` states that its reservation is near its end or over.

    ``held`` states who runs it, or why there is no one.
    """

    row: str
    jid: str
    href: str
    jobtype: str
    queue: str
    queue_href: str
    args: Preview
    worker: str
    held: str
    reserved: Moment | None
    expires: Moment | None
    mark: str


class WorkerRuns(Struct, frozen=True, kw_only=True):
    """A worker and what it runs; ``missing`` states how much of that is left out.

    ``free`` has an item for each place where a job may appear without anything moving.
    """

    worker: WorkerRow
    bar: ActBar | None
    idle: bool
    runs: tuple[RunRow, ...]
    free: tuple[None, ...]
    missing: str


class HostGroup(Struct, frozen=True, kw_only=True):
    """The workers of one host; what does not apply to it is empty."""

    row: str
    name: str
    unfolded: bool
    workers: tuple[WorkerRuns, ...]
    count: str
    busy: str
    memory: str
    silent: str
    resting: str
    ending: str


class BusyView(Struct, frozen=True, kw_only=True):
    """``/{server}/busy``: the workers by host and what they run, or the running jobs ``listed``.

    By host, ``runs`` are the running jobs under no connected worker, and ``partly`` states what is
    left out. ``told`` is whether the server reports its workers at all.
    """

    known: bool
    told: bool
    totals: str
    listed: bool
    grouped_href: str
    listed_href: str
    hosts: tuple[HostGroup, ...]
    runs: tuple[RunRow, ...]
    partly: str
    idle: bool
    late: Staleness | None
    pager: Pager
    bar: ActBar | None
