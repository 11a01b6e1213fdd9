"""Acts: what the console does to an engine. Each has an id and is done once, however often sent.

An act is done in one turn of the loop and is one record of the journal, with its id and
its result: after a power loss, both are there or neither is. A repeated request with the
same id and step gets the first result. ``CallOff`` calls off an act that was not done:
it will not be done later either, even if the request is still on its way.

Jobs are named by number, state and score, so that a job that has moved in the meantime, or
has been through a queue again, is left alone. Numbers are never reused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from glasshouse.engine.batch import ABSENT, Row
from glasshouse.engine.lifecycle import push
from glasshouse.engine.memory import DEAD, ENQUEUED, RETRIES, SCHEDULED, WORKING, Memory
from glasshouse.engine.mutate import kill, requeue
from glasshouse.engine.order import before_all, pull, put_back
from glasshouse.model.errors import InvalidError
from glasshouse.wire.jobnames import name_of
from glasshouse.wire.jobs import JobError, parse_job

MOST_JOBS = 500
"""Maximum number of jobs in one act: few enough that the time it takes goes unnoticed."""
_MOST_ID = 64

VOID = b"null"
"""The result of an act that was called off."""

Entry = tuple[int, int, float]
"""Number, state and score of a job."""


class Request(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """Something to do."""


class Act(Request, frozen=True, kw_only=True):
    """A change; without ``id`` its result is not remembered. ``step`` counts acts with one id."""

    id: str = ""
    step: int = 0


class ChangeJobs(Act, frozen=True, kw_only=True, tag="change_jobs"):
    """Delete, kill or retry jobs; done: ``left``, numbers of those that were not as named.

    ``forget`` deletes running jobs as well: what their workers then report is about
    unknown jobs.
    """

    change: Literal["delete", "kill", "retry", "forget"]
    entries: list[Entry]


class PutBack(Act, frozen=True, kw_only=True, tag="put_back"):
    """Put deleted jobs back as they were; done: ``left``, numbers of those that are already there.

    Those that were running wait again, ahead of all others in their queues.
    """

    jobs: list[KeptJob]


class SetPaused(Act, frozen=True, kw_only=True, tag="set_paused"):
    """Pause or resume a queue; done: ``known``, whether the queue exists."""

    queue: str
    paused: bool


class PushJob(Act, frozen=True, kw_only=True, tag="push_job"):
    """Push a job, given as JSON; done: its ``jid``."""

    job: str


class Flush(Act, frozen=True, kw_only=True, tag="flush"):
    """Forget everything but the parameters and the acts, provided that no jobs are left.

    Done: ``known``, whether that was the case. Jobs are deleted by name beforehand.
    """


class CallOff(Act, frozen=True, kw_only=True, tag="void"):
    """Call off an act; done: its result if it was already done, null if it never will be."""


class Configure(Act, frozen=True, tag="configure"):
    """Set run-time parameters, all or none of those given; done: all parameters by name."""

    changes: dict[str, float]


class Signal(Act, frozen=True, tag="signal"):
    """Signal a worker (``wid`` null: all) to quiet or terminate; done: ``told``, how many."""

    state: Literal["quiet", "terminate"]
    wid: str | None


class KeptJob(msgspec.Struct, frozen=True, array_like=True):
    """A job as the engine had it, ``payload`` byte for byte. Times are Unix seconds."""

    number: int
    state: int
    score: float
    queue: str
    jid: str
    jobtype: str
    retry: int
    reserve_for: int
    enqueued_at: float | None
    payload: bytes

    def row(self) -> Row:
        """Return it as a row that neither the journal nor the database has yet."""
        # A job that an earlier version deleted may still be named after its wrapper.
        name = name_of(self.jobtype, self.payload)
        return Row(
            self.number, self.state, self.score, self.queue, self.jid, name, self.retry,
            self.reserve_for, self.enqueued_at, None, None, self.payload, ABSENT, ABSENT,
        )  # fmt: skip


class ActResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of an act; ``woken`` are queues that have new jobs."""

    left: tuple[int, ...] = ()
    known: bool = True
    jid: str = ""
    told: int = 0
    woken: tuple[str, ...] = ()


def check(act: Act) -> None:
    """Refuse an act that is too large or has no proper id.

    Raises:
        InvalidError: it must not be done.
    """
    named = isinstance(act, ChangeJobs | PutBack | SetPaused | PushJob | Flush | CallOff)
    if (named and not act.id) or len(act.id) > _MOST_ID or not act.id.isascii():
        raise InvalidError("An act needs an id of at most 64 characters.")
    many: Sequence[object] = ()
    if isinstance(act, ChangeJobs):
        many = act.entries
    elif isinstance(act, PutBack):
        many = act.jobs
    if len(many) > MOST_JOBS:
        raise InvalidError(f"An act names at most {MOST_JOBS} jobs.")


def perform(memory: Memory, act: Act, now: float) -> ActResult:
    """Carry out an act on jobs and queues, all of it at once.

    Raises:
        InvalidError: the job to push is not a job; nothing was done.
    """
    match act:
        case ChangeJobs():
            return _change(memory, act, now)
        case PutBack():
            return _put_back(memory, act, now)
        case SetPaused():
            known = act.queue in memory.queues
            if known:
                memory.pause(act.queue, paused=act.paused)
            return ActResult(known=known, woken=(act.queue,) if known and not act.paused else ())
        case PushJob():
            return _push(memory, act, now)
        case Flush():
            empty = not (any(memory.sizes.values()) or any(q.ids for q in memory.queues.values()))
            if empty:
                memory.flush()
            return ActResult(known=empty)
        case _:
            raise InvalidError(f"{type(act).__name__} is no act on jobs.")


def _change(memory: Memory, act: ChangeJobs, now: float) -> ActResult:
    rows, left = [], []
    for number, state, score in act.entries:
        row = memory.row(number)
        if row is None or row.state != state or row.score != score:
            left.append(number)
        else:
            rows.append(row)
    off = _taken_off(memory, rows)
    memory.keep_last()
    woken: dict[str, None] = {}
    for row in rows:
        if not _may(act.change, row, off):
            left.append(row.id)
        elif act.change in {"delete", "forget"}:
            memory.drop(row)
        elif act.change == "kill":
            kill(memory, row, now)
        else:
            requeue(memory, row, now)
            woken[row.queue] = None
    return ActResult(left=tuple(left), woken=tuple(woken))


def _may(change: str, row: Row, off: Collection[int]) -> bool:
    """Return whether a job allows the change where it is; one in a queue must be ``off`` it."""
    if row.state == ENQUEUED:
        return row.id in off and change != "retry"
    return row.state in {SCHEDULED, RETRIES, DEAD} or change == "forget"


def _taken_off(memory: Memory, rows: Collection[Row]) -> set[int]:
    """Take waiting jobs off their queues; return the numbers of those that were there."""
    waiting: dict[str, set[int]] = {}
    for row in rows:
        if row.state == ENQUEUED:
            waiting.setdefault(row.queue, set()).add(row.id)
    off: set[int] = set()
    for queue, numbers in waiting.items():
        off |= pull(memory, queue, numbers)
    return off


def _put_back(memory: Memory, act: PutBack, now: float) -> ActResult:
    rows: list[Row] = []
    ran: list[Row] = []
    left: list[int] = []
    seen: set[int] = set()
    for job in act.jobs:
        there = job.number in seen or memory.row(job.number) is not None
        if there or job.state not in {ENQUEUED, SCHEDULED, RETRIES, DEAD, WORKING}:
            left.append(job.number)
            continue
        seen.add(job.number)
        row = job.row()
        if row.state == DEAD and row.score <= now:
            # It expired in the trash: restoring it means that it should stay for a while.
            row.score = now + memory.parameters.dead_lifetime
        (ran if row.state == WORKING else rows).append(row)
    put_back(memory, rows)
    put_back(memory, before_all(memory, ran))
    woken = dict.fromkeys(row.queue for row in (*rows, *ran) if row.state == ENQUEUED)
    return ActResult(left=tuple(left), woken=tuple(woken))


def _push(memory: Memory, act: PushJob, now: float) -> ActResult:
    try:
        job = parse_job(act.job.encode())
    except (JobError, UnicodeEncodeError) as error:
        raise InvalidError(f"This is no job: {error}.", remedy="Correct the job.") from None
    queue = push(memory, job, now)
    return ActResult(jid=job.jid, woken=() if queue is None else (queue,))
