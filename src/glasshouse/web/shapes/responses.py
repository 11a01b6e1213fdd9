"""The shapes of the JSON API. What is not known is absent, never empty or null.

Times are RFC 3339 in UTC, durations seconds.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from glasshouse.model.times import calendar_time

T = TypeVar("T")


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all answers."""


class Listing(Shape, frozen=True, kw_only=True):
    """A page of a list; ``age`` is how long ago it was last confirmed."""

    items: list[Any] | UnsetType = UNSET
    total: int | UnsetType = UNSET
    page: int = 1
    per_page: int = 25
    age: float | UnsetType = UNSET


class PartListing(Listing, frozen=True, kw_only=True):
    """A part of a list of jobs.

    ``next`` is the ``from`` of the part after it, absent at the end. With search words there is no
    ``total``: ``looked_at`` of the list's ``of`` entries were examined from this part's beginning
    on, and ``complete`` means that these were all that remained.
    """

    next: str | UnsetType = UNSET
    looked_at: int | UnsetType = UNSET
    of: int | UnsetType = UNSET
    complete: bool | UnsetType = UNSET


class UnsearchedShape(Shape, frozen=True, kw_only=True):
    """Jobs of a list that were not searched; without ``queue`` they are running ones."""

    queue: str | UnsetType = UNSET
    jobs: int


class SearchListing(Listing, frozen=True, kw_only=True):
    """Jobs of all lists that match, latest first.

    ``next`` is the ``from`` of the part after it. ``complete`` is false when time ran out after
    ``looked_at`` entries that might match, and while part of the server was not read:
    ``unsearched`` are the lists known to be affected, those with the most entries first.
    ``indexed`` of the server's ``of`` entries can be found, and ``age`` is that of the oldest of
    them, absent until all were read once.
    """

    next: str | UnsetType = UNSET
    looked_at: int | UnsetType = UNSET
    complete: bool | UnsetType = UNSET
    indexed: int | UnsetType = UNSET
    of: int | UnsetType = UNSET
    unsearched: list[UnsearchedShape] | UnsetType = UNSET


class HistoryListing(Listing, frozen=True, kw_only=True):
    """Days, newest first; ``zone`` is their time zone, absent when it is the server's own."""

    zone: str | UnsetType = UNSET


class DayShape(Shape, frozen=True, kw_only=True):
    """What ended on one day; ``processed`` includes ``failed``."""

    day: str
    processed: int
    failed: int


class FinishedListing(Listing, frozen=True, kw_only=True):
    """A page of the finished log.

    ``searched`` is present when a filter examined no more than that many of the newest entries of
    the ``held``.
    """

    held: int | UnsetType = UNSET
    searched: int | UnsetType = UNSET


class TimesListing(Listing, frozen=True, kw_only=True):
    """Times per type over the newest ``executions`` of the ``held`` entries of the log."""

    executions: int | UnsetType = UNSET
    held: int | UnsetType = UNSET
    first_at: str | UnsetType = UNSET
    last_at: str | UnsetType = UNSET


class FinishedShape(Shape, frozen=True, kw_only=True):
    """One finished execution; a job that was retried has several.

    ``outcome`` states what became of the job: ``done``, or failed and then ``retried``, ``buried``
    or ``dropped``. ``id`` is the entry's own and grows with time.
    """

    id: int
    jid: str
    jobtype: str
    queue: str
    outcome: str
    ran: float
    reserved_at: str | UnsetType = UNSET
    finished_at: str | UnsetType = UNSET
    enqueued_at: str | UnsetType = UNSET
    waited: float | UnsetType = UNSET
    wid: str | UnsetType = UNSET
    errtype: str | UnsetType = UNSET


class JobListing(Listing, frozen=True, kw_only=True):
    """Every entry with one id, and the id's executions that ended, newest first.

    ``executions`` is absent when the server keeps no log of them;
    ``more_executions`` when none were left out.
    """

    executions: list[FinishedShape] | UnsetType = UNSET
    more_executions: bool | UnsetType = UNSET


class TypeTimesShape(Shape, frozen=True, kw_only=True):
    """How long executions of one job type waited and ran."""

    jobtype: str
    count: int
    failed: int
    run_median: float
    run_p95: float
    run_most: float
    wait_median: float | UnsetType = UNSET
    wait_p95: float | UnsetType = UNSET


class ParameterShape(Shape, frozen=True, kw_only=True):
    """A run-time parameter; ``unit`` is ``s`` or absent, ``least`` and ``most`` are allowed."""

    name: str
    value: float
    default: float
    least: float
    most: float
    meaning: str
    unit: str | UnsetType = UNSET


class QueueShape(Shape, frozen=True, kw_only=True):
    """A queue; ``latency`` is the age of its oldest job, ``growth`` in jobs a minute."""

    name: str
    size: int
    latency: float | UnsetType = UNSET
    growth: float | UnsetType = UNSET
    paused: bool | UnsetType = UNSET


class WorkerShape(Shape, frozen=True, kw_only=True):
    """A worker process; ``quiet_since`` is when it was first seen to accept no new jobs.

    One that did not report its host or its process has none.
    """

    wid: str
    labels: tuple[str, ...]
    state: str
    busy: int
    hostname: str | UnsetType = UNSET
    pid: int | UnsetType = UNSET
    rss_kb: int | UnsetType = UNSET
    started_at: str | UnsetType = UNSET
    last_beat: str | UnsetType = UNSET
    quiet_since: str | UnsetType = UNSET


class FaultShape(Shape, frozen=True, kw_only=True):
    """Why a server cannot be read."""

    since: str
    detail: str
    remedy: str


class ServerShape(Shape, frozen=True, kw_only=True):
    """One server in the list of servers."""

    name: str
    description: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    age: float | UnsetType = UNSET
    fault: FaultShape | UnsetType = UNSET


class FindingShape(Shape, frozen=True, kw_only=True):
    """Something that is wrong: its kind, in plain words, and the page to check."""

    kind: str
    severity: Literal["problem", "warning"]
    text: str
    page: str


class StateShape(ServerShape, frozen=True, kw_only=True):
    """Everything about a server at a glance.

    Rates are of the last ten seconds, ``round_trip`` is how many seconds the server took to answer
    the last read, ``refusing`` why it accepts no changes now. ``findings`` are what is wrong, most
    severe first.
    """

    enqueued: int
    scheduled: int
    retries: int
    dead: int
    working: int
    processed: int
    failures: int
    queues: int
    workers: int | UnsetType = UNSET
    started_at: str | UnsetType = UNSET
    connections: int | UnsetType = UNSET
    command_count: int | UnsetType = UNSET
    memory_mb: int | UnsetType = UNSET
    round_trip: float | UnsetType = UNSET
    processed_per_second: float | UnsetType = UNSET
    failed_per_second: float | UnsetType = UNSET
    commands_per_second: float | UnsetType = UNSET
    refusing: str | UnsetType = UNSET
    findings: tuple[FindingShape, ...] = ()


class MayShape(Shape, frozen=True, kw_only=True):
    """One operation: ``allow``, ``deny``, ``needs_factor`` or ``needs_second_person``, and why.

    If roles cover only some queues, this is for a queue that they cover.
    """

    operation: str
    outcome: str
    why: str
    detail: str
    role: str | UnsetType = UNSET
    reason_needed: bool


class SeeShape(Shape, frozen=True, kw_only=True):
    """What may be seen of a server: queues by glob, how many rules hide values, and more."""

    queues: list[str]
    hidden: int
    audit: bool
    trash: bool
    payload: bool


class MeServerShape(Shape, frozen=True, kw_only=True):
    """What may be seen and done on one server."""

    server: str
    see: SeeShape
    may: list[MayShape]


class MeShape(Shape, frozen=True, kw_only=True):
    """The requesting person, what they may see and do, and why not more.

    ``name`` includes who vouches for it (``local:ops``). ``factor_age`` is how many seconds ago the
    second factor was shown; it is absent when it was not.
    """

    signed_in: bool
    name: str | UnsetType = UNSET
    how: str | UnsetType = UNSET
    roles: list[str]
    address: str | UnsetType = UNSET
    factor_age: float | UnsetType = UNSET
    servers: list[MeServerShape]


class JobShape(Shape, frozen=True, kw_only=True):
    """Faktory's own job object (any further fields as pushed) and where it is.

    Only described here; ``jobs`` writes it from the stored bytes. ``args`` of a long job are left
    out of lists: then ``omitted`` lists them and ``size`` is the length of the whole in bytes. A
    running job has ``wid``, ``reserved_at`` and ``expires_at``, as far as they are known.
    ``partial`` means that this server does not return the stored job: what is absent is not known.
    ``redacted`` means that something in it is hidden from the viewer. An ActiveJob job has as
    ``jobtype`` the class that it wraps, and as ``wrapper`` the type that was pushed.
    """

    jid: str
    state: str
    jobtype: str | UnsetType = UNSET
    queue: str | UnsetType = UNSET
    args: list[Any] | UnsetType = UNSET
    key: str | UnsetType = UNSET
    at: str | UnsetType = UNSET
    wid: str | UnsetType = UNSET
    reserved_at: str | UnsetType = UNSET
    expires_at: str | UnsetType = UNSET
    omitted: list[str] | UnsetType = UNSET
    size: int | UnsetType = UNSET
    partial: bool | UnsetType = UNSET
    redacted: bool | UnsetType = UNSET
    wrapper: str | UnsetType = UNSET


class HealthShape(Shape, frozen=True, kw_only=True):
    """Whether the console serves."""

    status: str
    unready: list[str] | UnsetType = UNSET


def moment(seconds: float | None) -> str | UnsetType:
    """Return a Unix time as RFC 3339, or nothing if it is ``None`` or its year is not 1 to 9999."""
    stamp = None if seconds is None else calendar_time(seconds)
    return UNSET if stamp is None else stamp.isoformat().replace("+00:00", "Z")


def known(value: T | None) -> T | UnsetType:
    """Return ``value``, or nothing if it is not known."""
    return UNSET if value is None else value
