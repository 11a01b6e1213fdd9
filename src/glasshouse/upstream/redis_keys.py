"""Where a Faktory keeps what in Redis (faktory-web-redis.md §5), for both layouts.

Since 1.10 a queue's list has a prefix; before, it stood under the queue's bare name. A
queue's name has no colon, so neither layout's lists can be taken for the other's.
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
    """Return whether a Faktory of this version keeps queues under a prefix; unknown ones do."""
    return not before(version, *_PREFIXED_SINCE)


def queue_key(name: str, *, prefix: bool) -> str:
    """Return where the jobs of a queue are."""
    return _PREFIX + name if prefix else name


def set_key(name: JobSet) -> str:
    """Return where the jobs of a set are."""
    return name.value
