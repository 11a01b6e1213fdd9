"""What the sampler publishes: one server's state, its age, and its recent past."""

from __future__ import annotations

import msgspec

from glasshouse.model.server import ServerState


class Sample(msgspec.Struct, frozen=True):
    """Totals at one moment, for rates: Unix seconds and counts."""

    at: float
    processed: int
    failures: int
    enqueued: int


class Fault(msgspec.Struct, frozen=True):
    """Why the server cannot be read, and since when (Unix seconds)."""

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
    read. ``samples`` are oldest first, about one a second.
    """

    generation: int
    pulse: int
    state: ServerState | None
    checked_at: float | None
    fault: Fault | None
    samples: tuple[Sample, ...]

    def age(self, now: float) -> float | None:
        """Return for how many seconds the state has not been confirmed."""
        return None if self.checked_at is None else max(0.0, now - self.checked_at)
