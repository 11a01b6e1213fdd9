"""What the sampler remembers about queues and workers, in addition to totals.

It remembers how long queues were, since when workers were quiet, and how many jobs each ran at
once.

Memory is bounded: a few marks of the last minute, limited to the longest queues only where a
server has very many; and only those workers that exist.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping

import msgspec

from glasshouse.model.server import Queue, ServerState, Worker, WorkerState

WINDOW = 60.0
LATELY = 600.0
"""Seconds for which it is remembered that a worker ran more jobs at once than now."""
_EVERY = 10.0
_LEAST = 5.0
MOST_QUEUES = 10_000


class QueueAges(msgspec.Struct, frozen=True, kw_only=True):
    """How long queues were at the moment ``at`` (Unix seconds).

    ``whole`` means that no queue is left out: one that is not included did not exist.
    """

    at: float
    sizes: Mapping[str, int]
    whole: bool

    def growth(self, queue: Queue, at: float) -> float | None:
        """Return by how many jobs a minute ``queue`` grew until ``at``.

        ``None`` when it is not known, as in the first seconds.
        """
        if at - self.at < _LEAST:
            return None
        before = self.sizes.get(queue.name, 0 if self.whole else None)
        return None if before is None else (queue.size - before) * 60 / (at - self.at)


class Trends:
    """What a sampler remembers about one server."""

    def __init__(self) -> None:
        """Begin empty."""
        self._marks: deque[QueueAges] = deque()
        self._quiet: dict[str, float] = {}
        self._most: dict[str, tuple[int, float]] = {}

    def look(self, state: ServerState, now: float) -> None:
        """Remember what is needed of ``state``, read at ``now``."""
        marks = self._marks
        if marks and now < marks[-1].at:
            marks.clear()  # the clock was set back
        if not marks or now - marks[-1].at >= _EVERY:
            marks.append(_mark(state.queues, now))
        while len(marks) > 1 and now - marks[0].at > WINDOW + 1:
            marks.popleft()
        quiet = (w for w in state.workers or () if w.state is not WorkerState.RUNNING)
        self._quiet = {w.wid: min(now, self._quiet.get(w.wid, now)) for w in quiet}
        self._most = {w.wid: self._ran_at_once(w, now) for w in state.workers or ()}

    def _ran_at_once(self, worker: Worker, now: float) -> tuple[int, float]:
        most, at = self._most.get(worker.wid, (0, now))
        if worker.busy >= most or not 0 <= now - at <= LATELY:
            return worker.busy, now
        return most, at

    def forget(self) -> None:
        """Forget how long queues were: what follows may be a restarted or replaced server."""
        self._marks.clear()

    @property
    def mark(self) -> QueueAges | None:
        """The oldest mark that is not older than the window."""
        return self._marks[0] if self._marks else None

    @property
    def quiet_since(self) -> Mapping[str, float]:
        """When each quiet worker, by its id, was first seen quiet."""
        return self._quiet

    @property
    def most_running(self) -> Mapping[str, int]:
        """The most jobs that each worker, by its id, was recently seen to run at once."""
        return {wid: most for wid, (most, _) in self._most.items()}


def _mark(queues: tuple[Queue, ...], at: float) -> QueueAges:
    whole = len(queues) <= MOST_QUEUES
    kept = queues if whole else heapq.nlargest(MOST_QUEUES, queues, key=lambda queue: queue.size)
    return QueueAges(at=at, sizes={queue.name: queue.size for queue in kept}, whole=whole)
