"""What is wrong with a server: one row per kind of finding, and the code that finds each.

Only what is known counts: an unknown latency is not slow, an unknown growth is no
growth, and an unavailable server is judged as of the moment it was last seen.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from glasshouse.health.rates import MINUTE, is_stale, recent
from glasshouse.health.reservations import Reservation, reservation
from glasshouse.model.addresses import queue_href
from glasshouse.model.server import Queue, ServerState, Worker, WorkerState
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.monitor.summary import FIRST, Summary

SLOW = 60.0
LATE = 60.0
QUIET = 600.0
GROWS = 60.0
_WAITS = 10.0
_ALONE = 3
_PAST = 300.0
_RUNS = 10
_SOME, _MANY = 0.2, 0.5
_DISK = "the disk is full"
_SKEW = 30.0
PROBLEM = 50
"""Findings of this weight or more are problems, the others are warnings."""


class Kind(enum.Enum):
    """The kinds of findings, each with its weight and its text."""

    GONE = (100, "The server cannot be read; this is its last known state.")
    DISK = (96, "The server's disk is full: it accepts no new jobs.")
    REFUSING = (95, "The server accepts no changes: {reason}")
    NO_WORKER = (91, "Queue {name} has jobs ({count}) and no worker is connected.")
    NO_WORKERS = (90, "{n} queues have jobs ({count}) and no worker is connected.")
    NONE_TAKES = (
        89,
        "Queue {name} has jobs ({count}) and no running worker accepts new ones.",
    )
    NONE_TAKE = (88, "{n} queues have jobs ({count}) and no running worker accepts new ones.")
    UNREAD = (92, "Part of this server cannot be read and is missing here: {reason}")
    STRANDED = (
        86,
        "No worker will get {count} jobs of {name}: this Faktory does not read {reason} in Redis.",
    )
    AHEAD = (
        48,
        "The server's clock is {age} ahead of this machine's; its times are off by as much.",
    )
    BEHIND = (
        48,
        "The server's clock is {age} behind this machine's; its times are off by as much.",
    )
    FAILING = (60, "{share}% of executions failed in the last {age}: {n} of {count}.")
    LATE_SCHEDULED = (
        56,
        "Scheduled jobs are late: the first was due {age} ago and is not in its queue yet.",
    )
    LATE_RETRIES = (
        55,
        "Retries are late: the first was due {age} ago and is not in its queue yet.",
    )
    SLOW_GROWS = (
        45,
        (
            "Queue {name} is slow: its oldest job has waited {age}, and it is growing by {n} per "
            "minute."
        ),
    )
    FAILS = (44, "{share}% of executions failed in the last {age}: {n} of {count}.")
    SLOW = (40, "Queue {name} is slow: its oldest job has waited {age}.")
    SLOWS = (
        46,
        "{n} queues are slow; the longest wait is {age}, in {name}.",
    )
    SILENT = (39, "No heartbeat from worker {name} for {age}.")
    SILENTS = (39, "No heartbeat from {n} workers for {age} or longer.")
    OVERDUE = (36, "Running jobs past their reservation: {n}. They will run again.")
    GROWING = (35, "Queue {name} is growing by {n} per minute; {count} waiting.")
    PAUSED = (30, "Queue {name} is paused with {count} waiting.")
    PAUSEDS = (30, "{n} queues are paused with {count} waiting; the largest is {name}.")
    GROWINGS = (35, "{n} queues are growing; the fastest is {name}, by {count} per minute.")
    DIED = (25, "More dead jobs in the last {age}: {n}.")
    ENDING = (20, "Running jobs near the end of their reservation: {n}; the first has {age} left.")
    QUIET = (
        15,
        "Worker {name} has accepted no new jobs for {age} or longer, but is still connected.",
    )
    QUIETS = (
        15,
        "{n} workers have accepted no new jobs for {age} or longer, but are still connected.",
    )

    @property
    def weight(self) -> int:
        """How serious it is."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The English text."""
        return self.value[1]


Values = Mapping[str, int | float | str]


class Finding(NamedTuple):
    """One thing that is wrong; ``rank`` orders findings of the same kind.

    In ``values`` integers are counts, floats are seconds, and texts are as stored.
    """

    kind: Kind
    rank: float
    href: str
    values: Values


def findings(server: str, snapshot: Snapshot, summary: Summary | None, now: float) -> list[Finding]:
    """Return everything that is wrong, most serious first."""
    state = snapshot.state
    if state is None:
        return []
    now = snapshot.seen(now)
    found = [
        *_server(server, snapshot, state),
        *_nobody(server, state),
        *_queues(server, snapshot, state, now),
        *_silent(server, state, now),
        *_quiet(server, snapshot, state, now),
        *_failures(server, snapshot),
        # The server's own clock decides when jobs are due.
        *_late(server, summary, now + (state.clock_ahead or 0.0)),
        *_reservations(server, summary, now),
    ]
    found.sort(key=lambda finding: (-finding.kind.weight, -finding.rank))
    return found


def _server(server: str, snapshot: Snapshot, state: ServerState) -> Iterator[Finding]:
    href = f"/{server}"
    if snapshot.fault is not None:
        yield Finding(Kind.GONE, 0, href, {})
    if state.refusing is not None and _DISK in state.refusing:
        yield Finding(Kind.DISK, 0, href, {})
    elif state.refusing is not None:
        yield Finding(Kind.REFUSING, 0, href, {"reason": state.refusing})
    if state.unread is not None:
        yield Finding(Kind.UNREAD, 0, href, {"reason": state.unread.detail})
    for lost in state.stranded:
        values: Values = {"name": lost.queue, "count": lost.size, "reason": lost.key}
        yield Finding(Kind.STRANDED, lost.size, href, values)
    ahead = state.clock_ahead or 0.0
    if abs(ahead) > _SKEW:
        yield Finding(
            Kind.AHEAD if ahead > 0 else Kind.BEHIND, abs(ahead), href, {"age": abs(ahead)}
        )


def _nobody(server: str, state: ServerState) -> Iterator[Finding]:
    """Yield queues whose jobs no worker takes; paused queues give out no jobs anyway."""
    waiting = [queue for queue in state.queues if queue.size and not queue.paused]
    if state.workers is None or not waiting:
        return
    if any(worker.state is WorkerState.RUNNING for worker in state.workers):
        return
    if len(waiting) > _ALONE:
        total = sum(queue.size for queue in waiting)
        kind = Kind.NONE_TAKE if state.workers else Kind.NO_WORKERS
        yield Finding(kind, total, f"/{server}/queues", {"n": len(waiting), "count": total})
        return
    for queue in waiting:
        kind = Kind.NONE_TAKES if state.workers else Kind.NO_WORKER
        yield Finding(
            kind,
            queue.size,
            queue_href(server, queue.name),
            {"name": queue.name, "count": queue.size},
        )


def _queues(server: str, snapshot: Snapshot, state: ServerState, now: float) -> Iterator[Finding]:
    paused = [queue for queue in state.queues if queue.paused and queue.size]
    slow: list[tuple[float, Queue]] = []
    growing: list[tuple[int, Queue]] = []
    for queue in state.queues:
        if queue.paused or not queue.size:
            continue
        waited = queue.latency(now) or 0.0
        if waited > SLOW:
            slow.append((waited, queue))
        elif waited > _WAITS and (growth := _growth(snapshot, queue)) >= GROWS:
            growing.append((growth, queue))
    yield from _paused(server, paused)
    yield from _slow(server, snapshot, slow)
    yield from _growing(server, growing)


def _growth(snapshot: Snapshot, queue: Queue) -> int:
    return round(snapshot.growth(queue) or 0.0)


def _paused(server: str, paused: list[Queue]) -> Iterator[Finding]:
    values: Values
    if len(paused) > _ALONE:
        total, most = sum(queue.size for queue in paused), max(paused, key=lambda q: q.size)
        values = {"n": len(paused), "count": total, "name": most.name}
        yield Finding(Kind.PAUSEDS, total, f"/{server}/queues?sort=size", values)
        return
    for queue in paused:
        values = {"name": queue.name, "count": queue.size}
        yield Finding(Kind.PAUSED, queue.size, queue_href(server, queue.name), values)


def _slow(server: str, snapshot: Snapshot, slow: list[tuple[float, Queue]]) -> Iterator[Finding]:
    values: Values
    if len(slow) > _ALONE:
        waited, longest = max(slow, key=lambda item: item[0])
        values = {"n": len(slow), "age": waited, "name": longest.name}
        yield Finding(Kind.SLOWS, waited, f"/{server}/queues?sort=latency", values)
        return
    for waited, queue in slow:
        growth, href = _growth(snapshot, queue), queue_href(server, queue.name)
        values = {"name": queue.name, "age": waited}
        if growth > 0:
            yield Finding(Kind.SLOW_GROWS, waited, href, {**values, "n": growth})
        else:
            yield Finding(Kind.SLOW, waited, href, values)


def _growing(server: str, growing: list[tuple[int, Queue]]) -> Iterator[Finding]:
    values: Values
    if len(growing) > _ALONE:
        growth, fastest = max(growing, key=lambda item: item[0])
        values = {"n": len(growing), "count": growth, "name": fastest.name}
        yield Finding(Kind.GROWINGS, growth, f"/{server}/queues?sort=growth", values)
        return
    for growth, queue in growing:
        values = {"name": queue.name, "n": growth, "count": queue.size}
        yield Finding(Kind.GROWING, growth, queue_href(server, queue.name), values)


def _silent(server: str, state: ServerState, now: float) -> Iterator[Finding]:
    silent = [
        (now - worker.last_beat, worker)
        for worker in state.workers or ()
        if worker.last_beat is not None and is_stale(worker, now)
    ]
    yield from _each(silent, Kind.SILENT, Kind.SILENTS, f"/{server}/busy")


def _quiet(server: str, snapshot: Snapshot, state: ServerState, now: float) -> Iterator[Finding]:
    since = snapshot.quiet_since
    quiet = [
        (now - since[worker.wid], worker)
        for worker in state.workers or ()
        if now - since.get(worker.wid, now) > QUIET and not is_stale(worker, now)
    ]
    yield from _each(quiet, Kind.QUIET, Kind.QUIETS, f"/{server}/busy")


def _each(
    workers: list[tuple[float, Worker]], one: Kind, many: Kind, href: str
) -> Iterator[Finding]:
    """Report a few workers one by one, more of them together with the least of their times."""
    if len(workers) > _ALONE:
        least = min(age for age, _ in workers)
        yield Finding(many, len(workers), href, {"n": len(workers), "age": least})
        return
    for age, worker in workers:
        whole = worker.hostname and worker.pid is not None
        name = f"{worker.hostname}:{worker.pid}" if whole else worker.hostname or worker.wid
        yield Finding(one, age, href, {"name": name, "age": age})


def _failures(server: str, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield failures of the last minute, and deaths of the last few minutes."""
    values: Values
    minute, longer = recent(snapshot.samples, MINUTE), recent(snapshot.samples, _PAST)
    if minute is not None and minute.processed >= _RUNS:
        share = minute.failed / minute.processed
        if share >= _SOME:
            values = {
                "share": round(100 * share),
                "age": minute.span,
                "n": minute.failed,
                "count": minute.processed,
            }
            kind = Kind.FAILING if share >= _MANY else Kind.FAILS
            yield Finding(kind, share, f"/{server}/finished?outcome=failed", values)
    if longer is not None and longer.died:
        values = {"n": longer.died, "age": longer.span}
        yield Finding(Kind.DIED, longer.died, f"/{server}/dead", values)


def _late(server: str, summary: Summary | None, now: float) -> Iterator[Finding]:
    """Yield sets with jobs that are overdue and still waiting."""
    if summary is None:
        return
    for jobs, path, kind in (
        (summary.scheduled, "scheduled", Kind.LATE_SCHEDULED),
        (summary.retries, "retries", Kind.LATE_RETRIES),
    ):
        due = jobs[0].at if jobs else None
        if due is not None and now - due > LATE:
            yield Finding(kind, now - due, f"/{server}/{path}", {"age": now - due})


def _reservations(server: str, summary: Summary | None, now: float) -> Iterator[Finding]:
    jobs, href = () if summary is None else summary.expiring, f"/{server}/busy"
    marks = [reservation(job, now) for job in jobs]
    past, near = marks.count(Reservation.PAST), marks.count(Reservation.NEAR)
    if past:
        yield Finding(Kind.OVERDUE, past, href, {"n": _at_least(past)})
    if near:
        left = min(
            (job.expires_at or now) - now
            for job, mark in zip(jobs, marks, strict=True)
            if mark is Reservation.NEAR
        )
        yield Finding(Kind.ENDING, near, href, {"n": _at_least(past + near), "age": left})


def _at_least(count: int) -> int | str:
    """Return a count as far as it is known: only the first few jobs were read."""
    return count if count < FIRST else f"{count}+"
