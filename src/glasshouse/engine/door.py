"""Limits for all clients together: connections, and bytes that are not processed yet.

Whatever they do, descriptors are left for the engine's own files, and memory for its jobs.
"""

from __future__ import annotations

import contextlib
import itertools
import resource

MOST_UNWELCOMED = 4_000
"""Maximum number of connections that have not sent HELLO."""

MOST_PENDING = 512 << 20
"""Bytes of unfinished lines and of waiting commands, on all connections together."""

_OWN_FILES = 64
_ENOUGH_FILES = 1 << 16


def descriptors() -> int:
    """Raise this process's descriptor limit as far as allowed; return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems allow less than they report.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return _ENOUGH_FILES if soft == resource.RLIM_INFINITY else soft


class ConnectionLimit:
    """Decides which connections are accepted; ``pending`` is what ``MOST_PENDING`` limits.

    ``numbers`` are those of the connections, in the order in which they arrive.
    """

    def __init__(self) -> None:
        """Raise this process's descriptor limit as far as allowed, and stay below it."""
        self.pending = 0
        self.numbers = itertools.count(1)
        self.most = descriptors()
        self.most -= min(_OWN_FILES, self.most // 4)

    def lets_in(self, connections: int, welcomed: int) -> bool:
        """Return whether one more may join ``connections``; ``welcomed`` of them sent HELLO."""
        return connections < self.most and connections - welcomed < MOST_UNWELCOMED
