"""What the templates of lists of jobs get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.views.shared import JobRow, Pager


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
