"""The closed set of operations: everything that anyone can do to a job server.

What is not in this table cannot be requested, allowed or done.
"""

from __future__ import annotations

import enum

import msgspec


class Operation(enum.StrEnum):
    """One kind of change; its value is its name in settings, API and audit records."""

    QUEUE_PAUSE = "queue.pause"
    QUEUE_RESUME = "queue.resume"
    QUEUE_DELETE_JOBS = "queue.delete_jobs"
    QUEUE_CLEAR = "queue.clear"
    JOB_RETRY = "job.retry"
    JOB_KILL = "job.kill"
    JOB_DELETE = "job.delete"
    SET_CLEAR = "set.clear"
    JOB_PUSH = "job.push"
    WORKER_QUIET = "worker.quiet"
    WORKER_TERMINATE = "worker.terminate"
    TRASH_RESTORE = "trash.restore"
    SERVER_CONFIGURE = "server.configure"
    SERVER_FLUSH = "server.flush"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation would touch: a server, and one of its queues.

    Without a ``queue`` it may touch every queue of the server: a whole set, the
    workers, the server itself.
    """

    server: str
    queue: str | None = None


SERVER_WIDE = frozenset({
    Operation.SET_CLEAR, Operation.WORKER_QUIET, Operation.WORKER_TERMINATE,
    Operation.SERVER_CONFIGURE, Operation.SERVER_FLUSH,
})  # fmt: skip
"""Operations on all queues of a server: not allowed for a role that covers only some of them."""
