"""A job server as a reader sees it at one moment."""

from __future__ import annotations

import enum

import msgspec


class WorkerState(enum.StrEnum):
    """Faktory's worker states; they only go forward (fwp.md §6)."""

    RUNNING = "running"
    QUIET = "quiet"
    TERMINATE = "terminate"


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue. ``oldest_at`` is when its next job was enqueued (Unix seconds).

    ``oldest_at`` and ``paused`` are ``None`` if this server does not report them,
    ``oldest_at`` also if the queue is empty.
    """

    name: str
    size: int
    oldest_at: float | None = None
    paused: bool | None = None

    def latency(self, now: float) -> float | None:
        """Return the age of the oldest job in seconds: 0 if empty, ``None`` if unknown."""
        if self.oldest_at is None:
            return 0.0 if self.size == 0 else None
        return max(0.0, now - self.oldest_at)


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process that the server sees. Times are Unix seconds.

    ``hostname`` is empty, ``pid`` and ``rss_kb`` are ``None`` if it did not report them.
    """

    wid: str
    hostname: str = ""
    pid: int | None = None
    labels: tuple[str, ...] = ()
    rss_kb: int | None = None
    state: WorkerState = WorkerState.RUNNING
    started_at: float | None = None
    last_beat: float | None = None
    busy: int = 0


class SetSizes(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs each set holds."""

    scheduled: int = 0
    retries: int = 0
    dead: int = 0
    working: int = 0


class UnreadablePart(msgspec.Struct, frozen=True):
    """A part of a server that cannot be read while the rest can: why, and what to do."""

    detail: str
    remedy: str


class StrandedJobs(msgspec.Struct, frozen=True):
    """Jobs of a queue that are where this version of Faktory does not look: nobody runs them.

    ``key`` is where they are in Redis, for example from before or after a version change.
    """

    queue: str
    key: str
    size: int


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """The overall state of a server, read at ``read_at``.

    ``processed`` includes failures, as Faktory counts. Fields that this server does
    not report are ``None``. ``refusing`` is why it accepts no changes now, in its own
    words, and ``None`` if it accepts them or does not report that. ``clock_ahead`` is
    by how many seconds its clock is ahead of this machine's.
    """

    read_at: float
    description: str
    version: str
    queues: tuple[Queue, ...]
    sets: SetSizes
    processed: int
    failures: int
    workers: tuple[Worker, ...] | None = None
    started_at: float | None = None
    connections: int | None = None
    command_count: int | None = None
    memory_mb: int | None = None
    refusing: str | None = None
    clock_ahead: float | None = None
    unread: UnreadablePart | None = None
    stranded: tuple[StrandedJobs, ...] = ()

    @property
    def enqueued(self) -> int:
        """Jobs waiting in all queues."""
        return sum(queue.size for queue in self.queues)
