"""The engine's state in memory, and what of it the next batch must write.

Every change goes through a method here, which marks what it touched; ``batch``
then hands over the final state of each touched thing. Waiting jobs are known
by id only, so that a million of them cost little; their rows are read when
they are fetched.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterator

from glasshouse.engine.finished import FinishedLog
from glasshouse.engine.schema import STATE_NUMBERS
from glasshouse.engine.store import Batch, Row, Store, add_row
from glasshouse.model.errors import InvalidError
from glasshouse.model.job import JobState, Outcome
from glasshouse.model.parameters import Parameters, changed
from glasshouse.wire.jobs import NewJob

ENQUEUED = STATE_NUMBERS[JobState.ENQUEUED]
SCHEDULED = STATE_NUMBERS[JobState.SCHEDULED]
RETRIES = STATE_NUMBERS[JobState.RETRIES]
DEAD = STATE_NUMBERS[JobState.DEAD]
WORKING = STATE_NUMBERS[JobState.WORKING]

_CACHED_ROWS = 20_000
_CACHED_BYTES = 16 << 20
_SLICE = 2_000


class QueueMemory:
    """A queue: the ids of its jobs, next to run first."""

    __slots__ = ("ids", "name", "paused")

    def __init__(self, name: str, *, paused: bool = False) -> None:
        """Start empty."""
        self.name = name
        self.paused = paused
        self.ids: deque[int] = deque()


class Memory:
    """Queues, sets, reservations, counters and parameters, ahead of the store by one batch."""

    def __init__(self, store: Store) -> None:
        """Read everything that is needed to go on from where the store is."""
        self._store = store
        self._changed: dict[int, Row] = {}
        self._gone: dict[int, None] = {}
        self._cache: dict[int, Row] = {}
        self._cached_bytes = 0
        self._queues_changed: set[str] = set()
        self._queues_dropped: set[str] = set()
        self._tallies_changed: set[str] = set()
        self._parameters_changed: set[str] = set()
        self._flushed = False
        self.finished = FinishedLog(store)
        self._load(store)

    def _load(self, store: Store) -> None:
        self.queues: dict[str, QueueMemory] = {}
        for name, paused in store.queues():
            self.queues[name] = QueueMemory(name, paused=paused)
        for name, job_id in store.enqueued():
            self.queue(name).ids.append(job_id)
        self.working: dict[str, list[Row]] = {}
        for row in store.working():
            self.working.setdefault(row.jid, []).append(row)
        self.sizes = {state: store.count(state) for state in (SCHEDULED, RETRIES, DEAD, WORKING)}
        self._sizes_written: dict[int, int] = {}
        self.tallies = store.tallies()
        self.parameters = _stored_parameters(store)
        self._last_id, self._last_order = store.last_ids()
        self._queues_changed.clear()

    # -- reading -----------------------------------------------------------

    def queue(self, name: str) -> QueueMemory:
        """Return the queue, making it if it is new."""
        queue = self.queues.get(name)
        if queue is None:
            queue = self.queues[name] = QueueMemory(name)
            self._queues_changed.add(name)
        return queue

    def row(self, job_id: int) -> Row | None:
        """Return a job as it is now: changed, cached or in the store."""
        row = self._changed.get(job_id)
        if row is not None:
            return row
        if job_id in self._gone or self._flushed:
            return None
        row = self._cache.get(job_id)
        return row if row is not None else self._store.row(job_id)

    def latency(self, name: str, now: float) -> float:
        """Return the age of the next job of a queue in seconds; 0 when there is none."""
        queue = self.queues.get(name)
        row = self.row(queue.ids[0]) if queue is not None and queue.ids else None
        return 0.0 if row is None or row.enqueued_at is None else max(0.0, now - row.enqueued_at)

    def due(self, state: int, until: float, limit: int) -> list[Row]:
        """Return jobs of a set whose time has come; those just added may come next time."""
        if self._flushed:
            return []
        found = (self.row(job_id) for job_id in self._store.due(state, until, limit))
        return [row for row in found if row and row.state == state and row.score <= until]

    def in_state(self, state: int) -> Iterator[Row | None]:
        """Yield every job that a set holds when this begins, as long as it is in the set.

        ``None`` is yielded now and then while the set is read. The caller may
        move each job as it comes, and batches may be written in between.
        """
        ids = array("q", (i for i, row in self._changed.items() if row.state == state))
        after: tuple[float, int] = (-math.inf, 0)
        while not self._flushed and (slice_ := self._store.ids(state, after, _SLICE)):
            ids.extend(job_id for _, job_id in slice_)
            after = slice_[-1]
            yield None
        for job_id in ids:
            row = self.row(job_id)
            if row is not None and row.state == state:
                yield row

    # -- changing ----------------------------------------------------------

    def add(self, job: NewJob, payload: bytes, state: int, score: float, now: float) -> None:
        """Take in a new job: enqueued, or in the scheduled set with its time."""
        self._last_id = job_id = self._last_id + 1
        retry = self.parameters.default_retry if job.retry is None else job.retry
        row = Row(
            job_id, state, score, job.queue, job.jid, job.jobtype, retry,
            job.reserve_for, None, None, None, payload, False,
        )  # fmt: skip
        self._changed[job_id] = row
        if state == ENQUEUED:
            self._append(row, now)
        else:
            self.sizes[state] += 1

    def enqueue(self, row: Row, payload: bytes, now: float) -> None:
        """Move a job from a set to the newest end of its queue."""
        self._leave(row)
        row.state = ENQUEUED
        self._rewrite(row, payload)
        row.wid = row.reserved_at = None
        self._append(row, now)

    def put(self, row: Row, state: int, score: float, payload: bytes) -> None:
        """Move a job to a set."""
        self._leave(row)
        row.state, row.score = state, score
        row.wid = row.reserved_at = None
        self._rewrite(row, payload)
        self.sizes[state] += 1
        self._changed[row.id] = row

    def take(self, queue: QueueMemory) -> Row | None:
        """Take the next job off ``queue``; the caller reserves it in the same turn."""
        while queue.ids:
            job_id = queue.ids.popleft()
            row = self._changed.get(job_id) or self._cache.get(job_id)
            if row is None:
                self._look_ahead(queue.name, job_id)
                row = self.row(job_id)
            self._uncache(job_id)
            self._queues_changed.add(queue.name)
            if row is not None:
                return row
        return None

    def reserve(self, row: Row, wid: str, now: float, expires_at: float) -> None:
        """Hand a job that was taken to a worker."""
        row.state, row.score, row.wid, row.reserved_at = WORKING, expires_at, wid, now
        self.sizes[WORKING] += 1
        copies = self.working.get(row.jid)
        if copies is None:
            self.working[row.jid] = [row]
        else:
            copies.append(row)
        self._changed[row.id] = row

    def give_back(self, row: Row, reserved_at: float) -> str | None:
        """Undo a reservation that never left the house; return the queue, if it was undone."""
        reserved = any(copy is row for copy in self.working.get(row.jid, ()))
        if not reserved or row.reserved_at != reserved_at:
            return None
        self._leave(row)
        queue = self.queue(row.queue)
        first = self.row(queue.ids[0]) if queue.ids else None
        row.state, row.wid, row.reserved_at = ENQUEUED, None, None
        row.score = self._last_order if first is None else first.score - 1
        queue.ids.appendleft(row.id)
        self._queues_changed.add(row.queue)
        self._changed[row.id] = row
        return row.queue

    def finish(self, row: Row, now: float, outcome: Outcome, errtype: str | None = None) -> None:
        """Note in the finished log how the execution of a reserved job ended."""
        self.finished.add(row, now, outcome, errtype, self.parameters.finished_most)

    def drop(self, row: Row) -> None:
        """Forget a job for good."""
        self._leave(row)
        self._changed.pop(row.id, None)
        if row.stored:
            self._gone[row.id] = None

    def remove_queue(self, name: str) -> Iterator[None]:
        """Forget a queue, its jobs and its pause mark, job by job.

        From the first step on the queue is gone for everyone; batches may be
        written in between, and a queue of that name may come up anew.
        """
        queue = self.queues.pop(name, None)
        if queue is None:
            return
        self._queues_changed.discard(name)
        self._queues_dropped.add(name)
        for job_id in queue.ids:
            row = self._changed.pop(job_id, None)
            if (row is None or row.stored) and not self._flushed:
                self._gone[job_id] = None
            self._uncache(job_id)
            yield

    def pause(self, name: str, *, paused: bool) -> None:
        """Set or clear a queue's pause mark; unknown names are skipped."""
        queue = self.queues.get(name)
        if queue is not None and queue.paused != paused:
            queue.paused = paused
            self._queues_changed.add(name)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a persistent counter."""
        self.tallies[name] = self.tallies.get(name, 0) + by
        self._tallies_changed.add(name)

    def configure(self, parameters: Parameters) -> None:
        """Set the run-time parameters."""
        for name in parameters.__struct_fields__:
            if getattr(parameters, name) != getattr(self.parameters, name):
                self._parameters_changed.add(name)
        self.parameters = parameters

    def flush(self) -> None:
        """Forget everything but the parameters."""
        for store in (self.queues, self.working, self.tallies, self._changed, self._gone):
            store.clear()
        for marks in (self._queues_changed, self._queues_dropped, self._tallies_changed):
            marks.clear()
        self.finished.clear()
        self._cache.clear()
        self._cached_bytes = 0
        self.sizes = dict.fromkeys(self.sizes, 0)
        self._flushed = True

    # -- handing over to the store --------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self._changed
            or self._queues_changed
            or self._gone
            or self._tallies_changed
            or self._queues_dropped
            or self._parameters_changed
            or self.finished.dirty
            or self._flushed
        )

    def batch(self) -> Batch:
        """Return what has changed since the last batch; ``settled`` must follow its commit."""
        batch = Batch(flush=self._flushed)
        for row in self._changed.values():
            add_row(batch, row)
        batch.deletes = [(job_id,) for job_id in self._gone]
        for name in self._queues_changed:
            queue = self.queues[name]
            batch.queues.append((name, len(queue.ids), queue.paused))
        batch.dropped_queues = [(n,) for n in self._queues_dropped if n not in self.queues]
        batch.tallies = [(name, self.tallies[name]) for name in self._tallies_changed]
        for state, size in self.sizes.items():
            if self._sizes_written.get(state) != size or batch.flush:
                batch.tallies.append((f"size:{state}", size))
        batch.parameters = [(n, getattr(self.parameters, n)) for n in self._parameters_changed]
        batch.finished, batch.forget_finished = self.finished.rows, self.finished.forget
        return batch

    def settled(self) -> None:
        """Note that the last batch is written: its rows may now be read from the store."""
        for row in self._changed.values():
            row.stored, row.rewritten = True, False
            if row.state == ENQUEUED:
                self._keep(row)
        self._sizes_written = dict(self.sizes)
        self._changed, self._gone, self._flushed = {}, {}, False
        for marks in (self._queues_changed, self._queues_dropped, self._tallies_changed):
            marks.clear()
        self._parameters_changed.clear()
        self.finished.settled()

    # -- inside --------------------------------------------------------------

    def _append(self, row: Row, now: float) -> None:
        self._last_order += 1
        row.score, row.enqueued_at = self._last_order, now
        self.queue(row.queue).ids.append(row.id)
        self._queues_changed.add(row.queue)
        self._changed[row.id] = row

    def _leave(self, row: Row) -> None:
        """Take a job out of the set or the working list that it is in."""
        if row.state == ENQUEUED:
            return
        self.sizes[row.state] -= 1
        if row.state == WORKING:
            copies = self.working[row.jid]
            if len(copies) == 1:
                del self.working[row.jid]
            else:
                copies[:] = [copy for copy in copies if copy is not row]

    def _rewrite(self, row: Row, payload: bytes) -> None:
        if payload != row.payload:
            row.rewritten = True
            row.payload = payload

    def _look_ahead(self, queue: str, job_id: int) -> None:
        """Read the next rows of a queue at once: they will be fetched next."""
        if job_id in self._gone or self._flushed:
            return
        for row in self._store.ahead(queue, job_id):
            if row.id not in self._changed and row.id not in self._gone:
                self._keep(row)

    def _keep(self, row: Row) -> None:
        if len(self._cache) < _CACHED_ROWS and self._cached_bytes < _CACHED_BYTES:
            if row.id not in self._cache:
                self._cached_bytes += len(row.payload)
            self._cache[row.id] = row

    def _uncache(self, job_id: int) -> None:
        row = self._cache.pop(job_id, None)
        if row is not None:
            self._cached_bytes -= len(row.payload)


def _stored_parameters(store: Store) -> Parameters:
    """Return the stored parameters; a value that this version refuses falls back to its default."""
    parameters = Parameters()
    for name, value in store.parameters().items():
        try:
            parameters = changed(parameters, {name: value})
        except InvalidError:
            continue
    return parameters
