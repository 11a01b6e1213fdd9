"""A job as a reader sees it: Faktory's own job object, and where it is now.

The bytes that were pushed are the truth.  ``StoredJob.payload`` holds them; the
other fields are facts that the store knows without reading the payload again.
"""

from __future__ import annotations

import enum

import msgspec

WRAPPER = "ActiveJob::QueueAdapters::FaktoryAdapter::JobWrapper"
"""The type of every job that Rails' ActiveJob pushes; each is shown as the class it wraps."""
ROUNDED = "≈ "
"""The prefix of arguments whose numbers may have lost their last digits."""


class JobState(enum.StrEnum):
    """Where a job is. The names are those used in Faktory's INFO and in our URLs."""

    ENQUEUED = "enqueued"
    SCHEDULED = "scheduled"
    WORKING = "working"
    RETRIES = "retries"
    DEAD = "dead"


class JobSet(enum.StrEnum):
    """The three sorted sets that can be listed by time."""

    RETRIES = "retries"
    SCHEDULED = "scheduled"
    DEAD = "dead"


class Outcome(enum.StrEnum):
    """How one execution of a job ended."""

    DONE = "done"
    RETRIED = "retried"
    BURIED = "buried"
    DROPPED = "dropped"


class StoredJob(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a queue, of a set, or of the working set.

    ``key`` identifies the entry exactly, because ids may repeat. In a set it is what Faktory's
    own pages use: ``<RFC 3339 time of the score>|<jid>`` (faktory-web-redis.md §1), with
    ``#<number>`` after the time if two entries share both. In a queue of the embedded
    server it is ``<place>|<jid>``; elsewhere it is ``None``.

    ``at`` is the entry's time in Unix seconds: when a scheduled job is due,
    when a retry is due, when a dead job expires; ``None`` elsewhere.

    ``jobtype`` is the name shown everywhere: the job's type or, for a job of ActiveJob, the
    class that it wraps (``wire.jobnames``). Its payload has the type that was pushed.

    ``payload`` is the stored JSON text, byte for byte. If a server does not provide it
    (real Faktory's lists), the entry is ``partial``: then ``payload`` holds what is known,
    whatever is not in it is unknown, and ``shown_args`` is the beginning of arguments that
    are not fully known. If all of them are known except for the last digits of large
    numbers, ``rounded_args`` is their JSON text.

    ``redacted`` means that something in it was hidden from the viewer: then ``payload`` is
    not byte for byte what is stored.
    """

    state: JobState
    jid: str
    jobtype: str
    queue: str
    payload: bytes
    key: str | None = None
    at: float | None = None
    wid: str | None = None
    reserved_at: float | None = None
    expires_at: float | None = None
    partial: bool = False
    shown_args: str | None = None
    rounded_args: bytes | None = None
    redacted: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The ``failure`` object of a job (fwp.md §6), as far as it exists."""

    retry_count: int = 0
    remaining: int | None = None
    failed_at: str | None = None
    next_at: str | None = None
    errtype: str = ""
    message: str = ""
    backtrace: tuple[str, ...] = ()
