"""The engine's state in memory, and what the journal and the database lack of it.

Every change goes through a method here, which marks what it touched twice:
for the journal's next record and for the database, which follows later. A job
that came and went in between is never written to the database at all. Only the
ids of waiting jobs are kept, so that a million of them cost little; their rows
are read when they are fetched.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterator

from glasshouse.engine.actlog import ActLog
from glasshouse.engine.batch import ABSENT, STALE, THERE, Batch, Row, add_row
from glasshouse.engine.cache import RowCache
from glasshouse.engine.finished import Error, FinishedLog
from glasshouse.engine.marks import SyncMarks
from glasshouse.engine.schema import FILE, STATE_NUMBERS, values_of
from glasshouse.engine.store import Store
from glasshouse.model.job import JobState, Outcome
from glasshouse.model.parameters import Parameters, stored_parameters
from glasshouse.wire.jobs import NewJob

ENQUEUED = STATE_NUMBERS[JobState.ENQUEUED]
SCHEDULED = STATE_NUMBERS[JobState.SCHEDULED]
RETRIES = STATE_NUMBERS[JobState.RETRIES]
DEAD = STATE_NUMBERS[JobState.DEAD]
WORKING = STATE_NUMBERS[JobState.WORKING]

# Of longer queues only the head is kept in memory: what is pushed now will not be fetched soon.
_SHORT = 5_000
_SLICE = 2_000
# For deleted jobs that may come back: no other job gets their numbers.
_LAST_ID, _LAST_ORDER = "last:id", "last:order"


class QueueMemory:
    """A queue: the ids of its jobs, next to run first."""

    __slots__ = ("ids", "name", "paused")

    def __init__(self, name: str, *, paused: bool = False) -> None:
        """Start empty."""
        self.name = name
        self.paused = paused
        self.ids: deque[int] = deque()


class Memory:
    """Queues, sets, reservations, counters and parameters, ahead of the database.

    ``fresh`` marks what the journal lacks, ``late`` what the database lacks.
    """

    def __init__(self, store: Store) -> None:
        """Read everything that is needed to continue from where the store is.

        Raises:
            StoreError: the store holds something that no engine wrote there.
        """
        self._store = store
        self.fresh, self.late = SyncMarks(), SyncMarks()
        self.cache = RowCache()
        with values_of(store.folder / FILE):
            self.finished, self.acts = FinishedLog(store), ActLog(store)
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
        self.tallies = store.tallies()
        # A replay leaves these unchanged.
        self._sizes_written = {s: self.tallies.get(f"size:{s}", 0) for s in self.sizes}
        self.parameters = stored_parameters(store.parameters())
        last_id, last_order = store.last_ids()
        self._last_id = max(last_id, self.tallies.get(_LAST_ID, 0))
        self._last_order = max(last_order, self.tallies.get(_LAST_ORDER, 0))
        # After a replay, the sizes that readers see may be older than the jobs.
        self.late.queues.update(self.queues)

    # -- reading -----------------------------------------------------------

    def queue(self, name: str) -> QueueMemory:
        """Return the queue, creating it if it is new."""
        queue = self.queues.get(name)
        if queue is None:
            queue = self.queues[name] = QueueMemory(name)
            self.fresh.queues.add(name)
            self.late.queues.add(name)
        return queue

    def row(self, job_id: int) -> Row | None:
        """Return a job as it is now: changed, cached or in the store."""
        late = self.late
        row = late.rows.get(job_id)
        if row is not None:
            return row
        if job_id in late.gone or late.flushed:
            return None
        row = self.cache.get(job_id)
        return row if row is not None else self._store.row(job_id)

    def latency(self, name: str, now: float) -> float:
        """Return the age of the next job of a queue in seconds; 0 when there is none."""
        queue = self.queues.get(name)
        row = self.row(queue.ids[0]) if queue is not None and queue.ids else None
        return 0.0 if row is None or row.enqueued_at is None else max(0.0, now - row.enqueued_at)

    def due(self, state: int, until: float, limit: int) -> list[Row]:
        """Return due jobs of a set; those just added may only be returned next time."""
        if self.late.flushed:
            return []
        rows = (self.row(job_id) for job_id in self._store.due(state, until, limit))
        return [row for row in rows if row and row.state == state and row.score <= until]

    def in_state(self, state: int) -> Iterator[Row | None]:
        """Yield every job that a set holds at the start, unless it has left the set by then.

        They come in the order of the set. ``None`` is yielded now and then while
        the set is read. The caller may move each job as it comes, and batches
        may be written in between.
        """
        late = {i: row.score for i, row in self.late.rows.items() if row.state == state}
        waiting = deque(sorted((score, job_id) for job_id, score in late.items()))
        ids = array("q")
        after: tuple[float, int] = (-math.inf, 0)
        while not self.late.flushed and (slice_ := self._store.ids(state, after, _SLICE)):
            for place in slice_:
                while waiting and waiting[0] < place:
                    ids.append(waiting.popleft()[1])
                if place[1] not in late:
                    ids.append(place[1])
            after = slice_[-1]
            yield None
        ids.extend(job_id for _, job_id in waiting)
        for job_id in ids:
            row = self.row(job_id)
            if row is not None and row.state == state:
                yield row

    # -- changing ----------------------------------------------------------

    def add(self, job: NewJob, payload: bytes, state: int, score: float, now: float) -> None:
        """Add a new job: enqueued, or in the scheduled set with its time."""
        self._last_id = job_id = self._last_id + 1
        retry = self.parameters.default_retry if job.retry is None else job.retry
        row = Row(
            job_id, state, score, job.queue, job.jid, job.jobtype, retry,
            job.reserve_for, None, None, None, payload, ABSENT, ABSENT,
        )  # fmt: skip
        if state == ENQUEUED:
            self._append(row, now)
        else:
            self.sizes[state] += 1
            self.touch(row)

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
        self.touch(row)

    def take(self, queue: QueueMemory) -> Row | None:
        """Take the next job off ``queue``; the caller reserves it in the same turn."""
        while queue.ids:
            job_id = queue.ids.popleft()
            row = self.late.rows.get(job_id) or self.cache.get(job_id)
            if row is None:
                self._look_ahead(queue.name, job_id)
                row = self.row(job_id)
            self.cache.forget(job_id)
            self.late.queues.add(queue.name)
            if row is not None:
                return row
        return None

    def reserve(self, row: Row, wid: str, now: float, expires_at: float) -> None:
        """Hand a job that was taken off its queue to a worker."""
        row.state, row.score, row.wid, row.reserved_at = WORKING, expires_at, wid, now
        self.sizes[WORKING] += 1
        copies = self.working.get(row.jid)
        if copies is None:
            self.working[row.jid] = [row]
        else:
            copies.append(row)
        self.touch(row)

    def give_back(self, row: Row, reserved_at: float) -> str | None:
        """Undo a reservation that was never sent; return the queue, if it was undone."""
        reserved = any(copy is row for copy in self.working.get(row.jid, ()))
        if not reserved or row.reserved_at != reserved_at:
            return None
        self._leave(row)
        queue = self.queue(row.queue)
        first = self.row(queue.ids[0]) if queue.ids else None
        row.state, row.wid, row.reserved_at = ENQUEUED, None, None
        row.score = self._last_order if first is None else first.score - 1
        queue.ids.appendleft(row.id)
        self.late.queues.add(row.queue)
        self.touch(row)
        return row.queue

    def finish(self, row: Row, now: float, outcome: Outcome, error: Error | None = None) -> None:
        """Note in the finished log how the execution of a reserved job ended."""
        self.finished.add(row, now, outcome, error, self.parameters.finished_most)

    def drop(self, row: Row) -> None:
        """Forget a job for good; a waiting one must have been taken off its queue."""
        self._leave(row)
        self._forget(row.id, row)

    def remove_queue(self, name: str) -> Iterator[None]:
        """Forget a queue, its jobs and its pause mark, job by job.

        From the first step on, the queue is gone for everyone; batches may be
        written in between, and a new queue of that name may appear.
        """
        queue = self.queues.pop(name, None)
        if queue is None:
            return
        for marks in (self.fresh, self.late):
            marks.queues.discard(name)
            marks.dropped_queues.add(name)
        for job_id in queue.ids:
            self._forget(job_id, self.late.rows.get(job_id))
            self.cache.forget(job_id)
            yield

    def pause(self, name: str, *, paused: bool) -> None:
        """Set or clear a queue's pause mark; pausing creates a queue that does not exist yet."""
        queue = self.queue(name) if paused else self.queues.get(name)
        if queue is not None and queue.paused != paused:
            queue.paused = paused
            self.fresh.queues.add(name)
            self.late.queues.add(name)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a persistent counter."""
        self.tallies[name] = self.tallies.get(name, 0) + by
        self.fresh.tallies.add(name)
        self.late.tallies.add(name)

    def configure(self, parameters: Parameters) -> None:
        """Set the run-time parameters."""
        for name in parameters.__struct_fields__:
            if getattr(parameters, name) != getattr(self.parameters, name):
                self.fresh.parameters.add(name)
                self.late.parameters.add(name)
        self.parameters = parameters

    def flush(self) -> None:
        """Forget everything but the parameters and the acts."""
        for known in (self.queues, self.working, self.tallies):
            known.clear()
        self.cache.clear()
        for marks in (self.fresh, self.late):
            marks.flush()
        self.finished.clear()
        self.sizes = dict.fromkeys(self.sizes, 0)
        self.keep_last()

    # -- handing over ----------------------------------------------------------

    @property
    def unlogged(self) -> bool:
        """Whether there is anything that the journal lacks."""
        return bool(self.fresh or self.finished.unlogged or self.acts.unlogged)

    @property
    def unstored(self) -> bool:
        """Whether there is anything that the database lacks."""
        changed = self.late or self.finished.unstored or self.acts.unstored
        return bool(changed or self.sizes != self._sizes_written)

    def record(self) -> Batch:
        """Return what the journal lacks; ``logged`` must follow once it is written."""
        batch = self._batch(self.fresh)
        for row in self.fresh.rows.values():
            add_row(batch, row, row.logged)
        batch.finished, batch.forget_finished = self.finished.fresh()
        batch.acts, batch.forget_acts = self.acts.fresh()
        return batch

    def logged(self) -> None:
        """Note that the journal has everything."""
        for row in self.fresh.rows.values():
            row.logged = THERE
        self.fresh.clear()
        self.finished.logged()
        self.acts.logged()

    def batch(self) -> Batch:
        """Return what the database lacks; ``stored`` must follow its commit."""
        batch = self._batch(self.late)
        for row in self.late.rows.values():
            add_row(batch, row, row.stored)
        for state, size in self.sizes.items():
            if self._sizes_written.get(state) != size or batch.flush:
                batch.tallies.append((f"size:{state}", size))
        batch.finished, batch.forget_finished = self.finished.rows, self.finished.forget
        batch.acts, batch.forget_acts = list(self.acts.rows.values()), self.acts.forget
        return batch

    def stored(self) -> None:
        """Note that the database has everything: rows may now be read from it."""
        for row in self.late.rows.values():
            row.stored = THERE
            short = row.state == ENQUEUED and len(self.queues[row.queue].ids) <= _SHORT
            if short and self.cache.room:
                self.cache.keep(row)
        self._sizes_written = dict(self.sizes)
        self.late.clear()
        self.finished.stored()
        self.acts.stored()

    def _batch(self, marks: SyncMarks) -> Batch:
        batch = Batch(flush=marks.flushed)
        batch.deletes = [(job_id,) for job_id in marks.gone]
        for name in marks.queues:
            queue = self.queues[name]
            batch.queues.append((name, len(queue.ids), queue.paused))
        batch.dropped_queues = [(n,) for n in marks.dropped_queues if n not in self.queues]
        batch.tallies = [(name, self.tallies[name]) for name in marks.tallies]
        batch.parameters = [(n, getattr(self.parameters, n)) for n in marks.parameters]
        return batch

    # -- inside --------------------------------------------------------------

    def _append(self, row: Row, now: float) -> None:
        self._last_order += 1
        row.score, row.enqueued_at = self._last_order, now
        self.queue(row.queue).ids.append(row.id)
        self.late.queues.add(row.queue)
        self.touch(row)

    def keep_last(self) -> None:
        """Make sure that numbers of deleted jobs are never reused, not even after a restart."""
        for name, value in ((_LAST_ID, self._last_id), (_LAST_ORDER, self._last_order)):
            if self.tallies.get(name) != value:
                self.count(name, value - self.tallies.get(name, 0))

    def touch(self, row: Row) -> None:
        """Mark a job as changed."""
        self.fresh.rows[row.id] = self.late.rows[row.id] = row

    def _forget(self, job_id: int, row: Row | None) -> None:
        """Mark a job as gone; without ``row``, the database has it unchanged."""
        self.fresh.rows.pop(job_id, None)
        self.late.rows.pop(job_id, None)
        if row is None or row.logged:
            self.fresh.gone[job_id] = None
        if row is None or row.stored:
            self.late.gone[job_id] = None

    def _leave(self, row: Row) -> None:
        """Remove a job from the set or the working list that it is in."""
        if row.state == ENQUEUED:
            return
        self.sizes[row.state] -= 1
        if row.state == WORKING:
            copies = self.working[row.jid]
            if len(copies) == 1:
                del self.working[row.jid]
            else:
                copies[:] = [copy for copy in copies if copy.id != row.id]

    def _rewrite(self, row: Row, payload: bytes) -> None:
        if payload != row.payload:
            row.payload = payload
            row.stored, row.logged = min(row.stored, STALE), min(row.logged, STALE)

    def _look_ahead(self, queue: str, job_id: int) -> None:
        """Read the next rows of a queue together: they will be fetched next."""
        if job_id in self.late.gone or self.late.flushed:
            return
        for row in self._store.ahead(queue, job_id):
            if row.id not in self.late.rows and row.id not in self.late.gone:
                self.cache.keep(row)
