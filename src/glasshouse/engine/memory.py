"""The engine's state in memory, and what of it the next batch must write.

Every change goes through a method here, which marks what it touched; ``batch``
then hands over the final state of each touched thing. Waiting jobs are known
by id only, so that a million of them cost little; their rows are read when
they are fetched.
"""

from __future__ import annotations

from collections import deque

from glasshouse.engine.schema import STATE_NUMBERS
from glasshouse.engine.store import Batch, Loader, Row, add_row
from glasshouse.model.job import JobState
from glasshouse.wire.jobs import NewJob

ENQUEUED = STATE_NUMBERS[JobState.ENQUEUED]
SCHEDULED = STATE_NUMBERS[JobState.SCHEDULED]
RETRIES = STATE_NUMBERS[JobState.RETRIES]
DEAD = STATE_NUMBERS[JobState.DEAD]
WORKING = STATE_NUMBERS[JobState.WORKING]

_CACHED_ROWS = 20_000
_CACHED_BYTES = 16 << 20


class QueueMemory:
    """A queue: the ids of its jobs, next to run first."""

    __slots__ = ("ids", "name", "paused")

    def __init__(self, name: str, *, paused: bool = False) -> None:
        """Start empty."""
        self.name = name
        self.paused = paused
        self.ids: deque[int] = deque()


class Memory:
    """Queues, sets, reservations and counters, ahead of the disk by the batches in flight."""

    def __init__(self, loader: Loader) -> None:
        """Read everything that is needed to go on from where the disk is."""
        self._loader = loader
        self._changed: dict[int, Row] = {}
        self._gone: dict[int, bool] = {}
        self._in_flight: dict[int, Row | None] = {}
        self._cache: dict[int, Row] = {}
        self._cached_bytes = 0
        self._queues_changed: set[str] = set()
        self._queues_dropped: set[str] = set()
        self._tallies_changed: set[str] = set()
        self._flushed = False
        self._load(loader)

    def _load(self, loader: Loader) -> None:
        self.queues: dict[str, QueueMemory] = {}
        for name, paused in loader.queues():
            self.queues[name] = QueueMemory(name, paused=paused)
        for name, job_id in loader.enqueued():
            self.queue(name).ids.append(job_id)
        self.working: dict[str, list[Row]] = {}
        for row in loader.working():
            self.working.setdefault(row.jid, []).append(row)
        self.sizes = {state: loader.count(state) for state in (SCHEDULED, RETRIES, DEAD, WORKING)}
        self._sizes_written: dict[int, int] = {}
        self.tallies = loader.tallies()
        self._last_id, self._last_order = loader.last_ids()
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
        """Return a job as it is now: changed, in flight, cached or on disk."""
        row = self._changed.get(job_id)
        if row is not None:
            return row
        if job_id in self._gone:
            return None
        if job_id in self._in_flight:
            return self._in_flight[job_id]
        row = self._cache.get(job_id)
        return row if row is not None else self._loader.row(job_id)

    def has_jobs(self, name: str) -> bool:
        """Tell whether a queue has a job that may be fetched."""
        queue = self.queues.get(name)
        return queue is not None and bool(queue.ids) and not queue.paused

    def latency(self, name: str, now: float) -> float:
        """Return the age of the next job of a queue in seconds; 0 when there is none."""
        queue = self.queues.get(name)
        row = self.row(queue.ids[0]) if queue is not None and queue.ids else None
        return 0.0 if row is None or row.enqueued_at is None else max(0.0, now - row.enqueued_at)

    def due(self, state: int, until: float, limit: int) -> list[Row]:
        """Return jobs of a set whose time has come; those just added may come next time."""
        found = (self.row(job_id) for job_id in self._loader.due(state, until, limit))
        return [row for row in found if row and row.state == state and row.score <= until]

    def in_state(self, state: int) -> list[Row]:
        """Return every job of a set as it is now."""
        ids = set(self._loader.ids(state))
        ids.update(i for i, row in self._in_flight.items() if row is not None)
        ids.update(self._changed)
        found = (self.row(job_id) for job_id in sorted(ids))
        return [row for row in found if row is not None and row.state == state]

    # -- changing ----------------------------------------------------------

    def add(self, job: NewJob, payload: bytes, state: int, score: float, now: float) -> Row:
        """Take in a new job: enqueued, or in the scheduled set with its time."""
        self._last_id += 1
        row = Row(
            self._last_id, state, score, job.queue, job.jid, job.jobtype, job.retry,
            job.reserve_for, None, None, None, payload, stored=False,
        )  # fmt: skip
        self._changed[row.id] = row
        if state == ENQUEUED:
            self._append(row, now)
        else:
            self.sizes[state] += 1
        return row

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
        self.working.setdefault(row.jid, []).append(row)
        self._changed[row.id] = row

    def drop(self, row: Row) -> None:
        """Forget a job for good."""
        self._leave(row)
        self._changed.pop(row.id, None)
        if row.stored:
            self._gone[row.id] = True

    def remove_queue(self, name: str) -> None:
        """Forget a queue, its jobs and its pause mark."""
        queue = self.queues.pop(name, None)
        if queue is None:
            return
        for job_id in queue.ids:
            row = self._changed.pop(job_id, None)
            if row is None or row.stored:
                self._gone[job_id] = True
            self._uncache(job_id)
        self._queues_changed.discard(name)
        self._queues_dropped.add(name)

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

    def flush(self) -> None:
        """Forget everything."""
        for store in (self.queues, self.working, self.tallies, self._changed, self._gone):
            store.clear()
        for changed in (self._queues_changed, self._queues_dropped, self._tallies_changed):
            changed.clear()
        self._cache.clear()
        self._cached_bytes = 0
        self._in_flight = dict.fromkeys(self._in_flight)
        self.sizes = dict.fromkeys(self.sizes, 0)
        self._flushed = True

    # -- handing over to the disk -------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self._changed
            or self._gone
            or self._queues_changed
            or self._queues_dropped
            or self._tallies_changed
            or self._flushed
        )

    def batch(self) -> Batch:
        """Return what has changed since the last batch; ``settled`` must follow its commit."""
        batch = Batch(flush=self._flushed)
        for row in self._changed.values():
            add_row(batch, row)
            row.stored, row.rewritten = True, False
        batch.deletes = [(job_id,) for job_id in self._gone]
        for name in self._queues_changed:
            queue = self.queues[name]
            batch.queues.append((name, len(queue.ids), queue.paused))
        batch.dropped_queues = [(n,) for n in self._queues_dropped if n not in self.queues]
        batch.tallies = [(name, self.tallies[name]) for name in self._tallies_changed]
        for state, size in self.sizes.items():
            if self._sizes_written.get(state) != size or batch.flush:
                batch.tallies.append((f"size:{state}", size))
        self._sizes_written = dict(self.sizes)
        self._in_flight = {**self._changed, **dict.fromkeys(self._gone)}
        self._changed, self._gone, self._flushed = {}, {}, False
        for changed in (self._queues_changed, self._queues_dropped, self._tallies_changed):
            changed.clear()
        return batch

    def settled(self) -> None:
        """Note that the last batch is durable: its rows may now be read from disk."""
        for job_id, row in self._in_flight.items():
            if row is not None and row.state == ENQUEUED and job_id not in self._gone:
                self._keep(row)
        self._in_flight = {}

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
            copies.remove(row)
            if not copies:
                del self.working[row.jid]

    def _rewrite(self, row: Row, payload: bytes) -> None:
        row.rewritten = row.rewritten or payload != row.payload
        row.payload = payload

    def _keep(self, row: Row) -> None:
        if len(self._cache) < _CACHED_ROWS and self._cached_bytes < _CACHED_BYTES:
            self._cache[row.id] = row
            self._cached_bytes += len(row.payload)

    def _uncache(self, job_id: int) -> Row | None:
        row = self._cache.pop(job_id, None)
        if row is not None:
            self._cached_bytes -= len(row.payload)
        return row
