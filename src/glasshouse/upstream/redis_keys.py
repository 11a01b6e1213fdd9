"""Where Faktory keeps things in Redis (faktory-web-redis.md §5), for both layouts.

Since 1.10 a queue's list has a prefix; earlier versions used the queue's bare name. A
queue's name contains no colon, so neither layout's lists can be mistaken for the other's.
"""

from __future__ import annotations

from glasshouse.model.job import JobSet
from glasshouse.model.versions import before

WORKING = "working"
PAUSED = "paused"
QUEUES = "queues"
_PREFIX = "q:"
_PREFIXED_SINCE = (1, 10)


def prefixed(version: str) -> bool:
    """Return whether a Faktory of this version prefixes queue keys; unknown versions do."""
    return not before(version, *_PREFIXED_SINCE)


def queue_key(name: str, *, prefix: bool) -> str:
    """Return the key of a queue's jobs."""
    return _PREFIX + name if prefix else name


def set_key(name: JobSet) -> str:
    """Return the key of a set's jobs."""
    return name.value
