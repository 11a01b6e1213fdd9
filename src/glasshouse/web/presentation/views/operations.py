"""What the templates of operations and the trash get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import JobRow
from glasshouse.web.text.format import Moment


class Group(Struct, frozen=True, kw_only=True):
    """One line of a breakdown."""

    name: str
    count: str


class Breakdown(Struct, frozen=True, kw_only=True):
    """How many jobs by something; ``more`` is how many further lines there are."""

    label: str
    groups: tuple[Group, ...]
    more: str


class ConfirmView(Struct, frozen=True, kw_only=True):
    """What would be done, to be confirmed; ``why`` states why it cannot be, if so.

    ``tone`` is ``danger`` for what removes something. ``code`` requests a code of the second
    factor, ``step_up`` is where another factor is shown. ``back`` is where the viewer was; its form
    carries ``carried`` on, which is empty if that is only the usual place.
    """

    id: str
    title: str
    meaning: str
    operation: str
    server: str
    tone: str
    named: tuple[Group, ...]
    count: str
    breakdowns: tuple[Breakdown, ...]
    oldest: Moment | None
    newest: Moment | None
    samples: tuple[JobRow, ...]
    undo: str
    lost: str
    why: str
    counts: str
    code: bool
    step_up: str
    needs_reason: bool
    reason: str
    nothing: bool
    fault: str
    remedy: str
    back: str
    carried: str


class StopView(Struct, frozen=True, kw_only=True):
    """How an operation can be stopped; ``step_up`` means that a second factor is needed first.

    ``code`` means that it can be shown right here.
    """

    why: str
    code: bool
    step_up: str


class OperationView(Struct, frozen=True, kw_only=True):
    """An operation that was started: its outcome, or its progress.

    ``percent`` is of its jobs; ``undo`` means that some of it can be put back. ``back`` and
    ``carried`` are as of a ``ConfirmView``; ``back`` is empty if it is not known.
    """

    id: str
    operation: str
    meaning: str
    server: str
    queue: str
    actor: str
    reason: str
    at: Moment
    ended: Moment | None
    record: str
    audit_href: str
    running: bool
    stopping: bool
    stopped_by: str
    stop: StopView | None
    fault: str
    remedy: str
    tone: str
    outcome: str
    detail: str
    total: str
    done: str
    moved: str
    percent: int
    examples: tuple[str, ...]
    undo: bool
    record_number: int
    server_href: str
    here: str
    back: str
    carried: str


class TrashBatchRow(Struct, frozen=True, kw_only=True):
    """What one operation deleted."""

    record: int
    href: str
    meaning: str
    queue: str
    actor: str
    reason: str
    at: Moment
    kept: str
    restored: str
    left: bool
    expires: Moment


class TrashView(Struct, frozen=True, kw_only=True):
    """``/{server}/trash``: what operations deleted, newest first."""

    rows: tuple[TrashBatchRow, ...]
    days: str
    most: str
    may: bool
    to: str
    here: str


class OperationsView(Struct, frozen=True, kw_only=True):
    """``/operations/{id}``: either what would be done, or what was done."""

    confirm: ConfirmView | None
    operation: OperationView | None
