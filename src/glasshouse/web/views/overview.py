"""What the templates of the fleet, the overview, the queues and what runs get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.format import Moment
from glasshouse.web.views.shared import JobRow, Pager, QueueRow, Tile, WorkerRow


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


class BusyView(Struct, frozen=True, kw_only=True):
    """``/{server}/busy``: the workers and what they run."""

    workers: tuple[WorkerRow, ...] | None
    more_workers: str
    jobs: tuple[JobRow, ...]
    pager: Pager
