"""What the templates of lists of jobs get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import (
    ActBar,
    ActivityRow,
    HiddenField,
    JobRow,
    Pager,
    PushForm,
)


class FindView(Struct, frozen=True, kw_only=True):
    """The filter box of a list: its words, and what is wrong with them.

    ``outcome`` states what was found and how far was searched; ``more_href`` continues where the
    time ran out. ``past_end`` means that everything found is before this page; ``first_href`` leads
    to its beginning.
    """

    action: str
    hidden: tuple[HiddenField, ...]
    text: str
    fault: str
    remedy: str
    outcome: str
    more_href: str
    all_href: str
    past_end: bool
    first_href: str


class OrderView(Struct, frozen=True, kw_only=True):
    """The order of a list, and its address in the reverse order."""

    descending: bool
    backwards: bool
    href: str
    label: str


class QueueView(Struct, frozen=True, kw_only=True):
    """``/{server}/queues/{queue}``: the jobs that wait, next to run first.

    ``picks`` is for chosen jobs, ``whole`` for the queue.
    """

    name: str
    size: str
    paused: bool | None
    latency: str
    find: FindView
    order: OrderView
    jobs: tuple[JobRow, ...]
    pager: Pager
    picks: ActBar | None
    whole: ActBar | None
    push: PushForm | None
    strip: tuple[ActivityRow, ...]


class SetView(Struct, frozen=True, kw_only=True):
    """Retries, scheduled or dead: a list by time; ``picks`` and ``whole`` as for a queue."""

    find: FindView
    order: OrderView
    jobs: tuple[JobRow, ...]
    pager: Pager
    picks: ActBar | None
    whole: ActBar | None
