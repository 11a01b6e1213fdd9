"""The log of finished executions: its entries, its pages, and the times per job type.

One entry is one execution that ended; a job that was retried has several. The
log is bounded by count and by age, so what is not in it may still have run.
"""

from __future__ import annotations

import msgspec

from glasshouse.model.job import Outcome

FAILED = (Outcome.RETRIED, Outcome.BURIED, Outcome.DROPPED)
"""The outcomes of an execution that failed, or whose worker never answered."""


class FinishedJob(msgspec.Struct, frozen=True, kw_only=True):
    """One finished execution of a job; a job that was retried has several.

    Times are Unix seconds. ``outcome`` is what became of the job: done; or failed, and
    then to be retried, moved to the dead set, or dropped. ``errtype`` is that of the
    failure (``ReservationExpired`` if the worker never answered), ``echoes`` are the
    paths of the job's own values that it contains, ``None`` if unknown. ``wid`` is
    empty for a client that is not a worker.
    """

    id: int
    jid: str
    jobtype: str
    queue: str
    wid: str
    enqueued_at: float | None
    reserved_at: float
    finished_at: float
    outcome: Outcome
    errtype: str | None = None
    echoes: tuple[tuple[str, ...], ...] | None = None

    @property
    def waited(self) -> float | None:
        """Seconds in the queue before the job was fetched."""
        if self.enqueued_at is None:
            return None
        return max(0.0, self.reserved_at - self.enqueued_at)

    @property
    def ran(self) -> float:
        """Seconds from the fetch to the end."""
        return max(0.0, self.finished_at - self.reserved_at)


class FinishedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of the log are wanted: all that match every value given here.

    ``error`` is a text that occurs in the error's type. ``until`` excludes entries
    newer than the one with this id, so that pages do not shift while the log grows;
    ``at`` excludes those that ended after this time (Unix seconds). ``shown`` are globs
    of queues, ``None`` for every queue. With ``guarded``, ``error`` is searched only in
    types that contain no value of their job.
    """

    jid: str | None = None
    jobtype: str | None = None
    queue: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    error: str | None = None
    until: int | None = None
    at: float | None = None
    shown: tuple[str, ...] | None = None
    guarded: bool = False

    @property
    def selects(self) -> bool:
        """Whether entries have to be checked one by one."""
        named = (self.jid, self.jobtype, self.queue, self.error)
        return (
            bool(self.outcomes) or self.shown is not None or any(name is not None for name in named)
        )


class FinishedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the finished log, newest first; ``total`` is how many entries match.

    ``held`` is how many the log holds, ``newer`` how many of them the filter's
    ``until`` excludes, ``searched`` how many were searched. ``newest`` is the id of
    the newest entry that may be on a page. ``late`` is as in a ``JobPage``.
    """

    items: tuple[FinishedJob, ...]
    total: int
    held: int
    newer: int
    searched: int
    newest: int
    page: int
    per_page: int
    read_at: float
    late: str | None = None

    @property
    def pages(self) -> int:
        """How many pages there are now; at least one."""
        return max(1, -(-self.total // self.per_page))


class Executions(msgspec.Struct, frozen=True, kw_only=True):
    """The finished executions of one job id, newest first; ``more`` if older ones are left out.

    Ids may repeat: they need not belong to one job. ``late`` is as in a ``JobPage``.
    """

    items: tuple[FinishedJob, ...]
    more: bool
    read_at: float
    late: str | None = None


class TypeTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long executions of one job type waited and ran, in seconds.

    Each figure is a time that actually occurred (nearest rank). Waits are ``None``
    if no execution has one.
    """

    jobtype: str
    count: int
    failed: int
    wait_median: float | None
    wait_p95: float | None
    run_median: float
    run_p95: float
    run_most: float


class TimesTable(msgspec.Struct, frozen=True, kw_only=True):
    """Times per job type over the newest ``executions`` entries, the most frequent type first.

    ``held`` is how many entries the log holds; ``types`` may leave out the rarest of
    ``type_count``. ``first_at`` and ``last_at`` are when the oldest and the newest
    of these executions ended, ``None`` if there are none.
    """

    types: tuple[TypeTimes, ...]
    type_count: int
    executions: int
    held: int
    first_at: float | None
    last_at: float | None
    read_at: float
