"""What happens to a job: pushed, fetched, acknowledged, failed, due, expired.

Functions of (memory, command, now) without I/O; the rules are in fwp.md §6.
"""

from __future__ import annotations

import datetime as dt
import functools
import random

from glasshouse.engine.batch import Row
from glasshouse.engine.memory import DEAD, ENQUEUED, RETRIES, SCHEDULED, Memory
from glasshouse.model.job import Outcome
from glasshouse.model.times import format_time
from glasshouse.wire.commands import Fail
from glasshouse.wire.echoes import Path, written
from glasshouse.wire.echoes import echoes as values_in
from glasshouse.wire.failures import (
    FailureOutcome,
    after_failure,
    backoff,
    fail_record,
    retry_count,
)
from glasshouse.wire.jobs import NewJob
from glasshouse.wire.payload import read_fields, set_fields

_OUTCOMES = {
    FailureOutcome.DROP: Outcome.DROPPED,
    FailureOutcome.RETRY: Outcome.RETRIED,
    FailureOutcome.DEAD: Outcome.BURIED,
}
_DEFAULT_RESERVE, _LEAST_RESERVE, _MOST_RESERVE = 1800, 60, 86400


def push(memory: Memory, job: NewJob, now: float) -> str | None:
    """Accept a job; return the name of the queue that it entered, if it did."""
    text, retry = format_time(now), memory.parameters.default_retry
    if job.at is not None and job.at > now:
        payload = job.payload(now=text, enqueued=False, default_retry=retry)
        memory.add(job, payload, SCHEDULED, job.at, now)
        return None
    payload = job.payload(now=text, enqueued=True, default_retry=retry)
    memory.add(job, payload, ENQUEUED, 0.0, now)
    return job.queue


def fetch(
    memory: Memory, queues: tuple[str, ...], wid: str, connection: int, now: float
) -> Row | None:
    """Reserve the next job of the first queue that has one; paused queues are skipped."""
    for name in queues:
        queue = memory.queues.get(name)
        if queue is None or queue.paused or not queue.ids:
            continue
        row = memory.take(queue)
        if row is not None:
            wanted = row.reserve_for or _DEFAULT_RESERVE
            span = min(max(wanted, _LEAST_RESERVE), _MOST_RESERVE)
            memory.reserve(row, wid, now, now + span)
            row.connection = connection
            return row
    return None


def ended_by(memory: Memory, jid: str, wid: str, connection: int) -> Row | None:
    """Return the reservation of ``jid`` that the sender ends, in its name; ``None`` for none.

    A worker ends its own, on whichever connection the job came; of several, the one that
    came over this connection, else the oldest. A client that is not a worker (``wid`` empty)
    ends another client's if it has none itself, as in the reference.
    """
    own = other = None
    for row in memory.working.get(jid, ()):
        if (row.wid or "") == wid:
            if row.connection == connection:
                return row
            own = own or row
        else:
            other = other or row
    if own is None and other is not None and not wid:
        # The log records who ended it.
        other.wid = wid
        return other
    return own


def acknowledge(memory: Memory, row: Row, now: float) -> None:
    """End a reservation: the job is done."""
    memory.finish(row, now, Outcome.DONE)
    memory.drop(row)
    _count(memory, "processed", now)


def fail(
    memory: Memory,
    row: Row,
    failure: Fail,
    now: float,
    *,
    echoes: tuple[Path, ...] | None = None,
) -> None:
    """End a reservation: count, then drop, retry or bury the job, in the order of fwp.md §6.

    ``echoes`` are the job's values in the type of the failure, if they are already known.
    """
    _count(memory, "processed", now)
    _count(memory, "failures", now)
    previous = read_fields(row.payload).get("failure")
    done = retry_count(previous)
    fate = after_failure(row.retry, done)
    if echoes is None and memory.parameters.finished_most:
        echoes = values_in(row.payload, failure.errtype)
    memory.finish(row, now, _OUTCOMES[fate], (failure.errtype, written(echoes)))
    if fate is FailureOutcome.DROP:
        memory.drop(row)
        return
    count = 0 if done is None else done + 1
    due = now + backoff(count, random.randrange(30))  # noqa: S311 - spreads load, guards nothing
    next_at = format_time(due) if fate is FailureOutcome.RETRY else None
    record = fail_record(previous, row.retry, failure, now=format_time(now), next_at=next_at)
    payload = set_fields(row.payload, {"failure": record})
    if fate is FailureOutcome.RETRY:
        memory.put(row, RETRIES, due, payload)
    else:
        memory.put(row, DEAD, now + memory.parameters.dead_lifetime, payload)


def enqueue_due(memory: Memory, state: int, now: float, *, limit: int = 500) -> list[str]:
    """Move due jobs of a set to their queues; return the queue of each."""
    woken: list[str] = []
    stamp = _json_time(format_time(now))
    for row in memory.due(state, now, limit):
        memory.enqueue(row, set_fields(row.payload, {"enqueued_at": stamp}), now)
        woken.append(row.queue)
    return woken


def expire_reservations(memory: Memory, now: float, *, limit: int = 500) -> int:
    """Fail reservations that have expired; return how many."""
    late = [row for copies in memory.working.values() for row in copies if row.score <= now]
    for row in late[:limit]:
        expired = Fail(row.jid, "ReservationExpired", "Faktory job reservation expired", ())
        fail(memory, row, expired, now, echoes=())
    return min(len(late), limit)


def purge_dead(memory: Memory, now: float, *, limit: int = 500) -> int:
    """Forget dead jobs that have expired; return how many."""
    rows = memory.due(DEAD, now, limit)
    for row in rows:
        memory.drop(row)
    return len(rows)


def _count(memory: Memory, name: str, now: float) -> None:
    memory.count(name)
    memory.count(_daily(name, int(now // 86400)))


@functools.lru_cache(maxsize=8)
def _daily(name: str, day: int) -> str:
    """Return the name of a counter for one day (UTC), with days counted from 1970."""
    return f"{name}:{dt.date(1970, 1, 1) + dt.timedelta(days=day)}"


def _json_time(text: str) -> bytes:
    """Return ``text`` (a time) as JSON."""
    return b'"' + text.encode() + b'"'
