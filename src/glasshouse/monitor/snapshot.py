"""What the sampler publishes: one server's state, its age, and its recent past."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.model.server import Queue, ServerState
from glasshouse.monitor.trends import QueueAges


class Sample(msgspec.Struct, frozen=True):
    """Totals at one moment, for rates: Unix seconds and counts; ``None`` means not known."""

    at: float
    processed: int
    failures: int
    enqueued: int
    dead: int | None = None
    commands: int | None = None


class Fault(msgspec.Struct, frozen=True):
    """Why the server cannot be read now, and since when (Unix seconds)."""

    since: float
    detail: str
    remedy: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The last known state of a server.

    ``state`` is ``None`` until the server has been read once. ``checked_at`` is when ``state``
    was last known to be current: for a server that can report whether anything changed, it
    advances although ``state`` stays the same. ``generation`` grows whenever anything visible
    may have changed; ``pulse`` grows with every publication. ``fault`` is set while the server
    cannot be read. ``samples`` are oldest first, about one per second. ``round_trip`` is how many
    seconds the server took to answer the read of ``state``. ``mark`` is how long the queues were
    up to a minute earlier, ``quiet_since`` is when the sampler first saw each worker that takes
    no new jobs in that state, ``most_running`` is the most jobs that it recently saw each worker
    run at once.
    """

    generation: int
    pulse: int
    state: ServerState | None
    checked_at: float | None
    fault: Fault | None
    samples: tuple[Sample, ...]
    round_trip: float | None = None
    mark: QueueAges | None = None
    quiet_since: Mapping[str, float] = {}
    most_running: Mapping[str, int] = {}

    def age(self, now: float) -> float | None:
        """Return for how many seconds the state has not been confirmed."""
        return None if self.checked_at is None else max(0.0, now - self.checked_at)

    def seen(self, now: float) -> float:
        """Return the moment that the state describes: ``now`` while the server answers."""
        return now if self.fault is None or self.checked_at is None else self.checked_at

    def growth(self, queue: Queue) -> float | None:
        """Return by how many jobs a minute a queue grew recently; ``None`` when not known."""
        if self.mark is None or self.checked_at is None:
            return None
        return self.mark.growth(queue, self.checked_at)
