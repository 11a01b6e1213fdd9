"""What the sampler publishes: one server's state, its age, and its recent past."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.model.server import Queue, ServerState
from glasshouse.monitor.trends import QueueAges


class Sample(msgspec.Struct, frozen=True):
    """Totals at one moment, for rates: Unix seconds and counts; ``None`` is not known."""

    at: float
    processed: int
    failures: int
    enqueued: int
    dead: int | None = None
    commands: int | None = None


class Fault(msgspec.Struct, frozen=True):
    """Why the server cannot be read now, and since when it cannot be (Unix seconds)."""

    since: float
    detail: str
    remedy: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The last known state of a server.

    ``state`` is ``None`` until the server has been read once. ``checked_at``
    is when ``state`` was last known to be current: for a server that can tell
    whether anything changed it moves on although ``state`` stays.
    ``generation`` grows whenever anything visible may have changed; ``pulse``
    grows with every publication. ``fault`` is set while the server cannot be
    read. ``samples`` are oldest first, about one a second. ``round_trip`` is how
    many seconds the server took to answer the read of ``state``. ``mark`` is how
    long the queues were up to a minute earlier, ``quiet_since`` when the sampler
    first saw each worker that takes no new jobs as such, ``most_running`` how many jobs it
    saw each worker run at once lately, at most.
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
        """Return the moment that the state tells of: ``now`` while the server answers."""
        return now if self.fault is None or self.checked_at is None else self.checked_at

    def growth(self, queue: Queue) -> float | None:
        """Return by how many jobs a minute a queue grew lately; ``None`` when not known."""
        if self.mark is None or self.checked_at is None:
            return None
        return self.mark.growth(queue, self.checked_at)
