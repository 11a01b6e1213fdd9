"""Where a Faktory keeps what in Redis (faktory-web-redis.md §5), for both layouts.

Since 1.10 a queue's list has a prefix; before, it stood under the queue's bare name. A
queue's name has no colon, so neither layout's lists can be taken for the other's.
"""

from __future__ import annotations

import re

from glasshouse.model.job import JobSet

WORKING = "working"
PAUSED = "paused"
QUEUES = "queues"
_PREFIX = "q:"
_VERSION = re.compile(r"(\d+)\.(\d+)")
_PREFIXED_SINCE = (1, 10)


def prefixed(version: str) -> bool:
    """Return whether a Faktory of this version keeps queues under a prefix; unknown ones do."""
    found = _VERSION.match(version)
    return found is None or (int(found[1]), int(found[2])) >= _PREFIXED_SINCE


def queue_key(name: str, *, prefix: bool) -> str:
    """Return where the jobs of a queue are."""
    return _PREFIX + name if prefix else name


def set_key(name: JobSet) -> str:
    """Return where the jobs of a set are."""
    return name.value
