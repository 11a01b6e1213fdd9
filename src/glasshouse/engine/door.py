"""What clients may take together: connections, and bytes that nobody has worked on yet.

Whatever they do, descriptors are left for the engine's own files, and memory for its jobs.
"""

from __future__ import annotations

import contextlib
import itertools
import resource

MOST_UNWELCOMED = 4_000
"""So many may be connected without having said HELLO."""

MOST_PENDING = 512 << 20
"""Bytes of unfinished lines, and of commands that wait, on all connections together."""

_OWN_FILES = 64
_ENOUGH_FILES = 1 << 16


def descriptors() -> int:
    """Raise the limit of this process's descriptors as far as it may; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems allow less than they say.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return _ENOUGH_FILES if soft == resource.RLIM_INFINITY else soft


class ConnectionLimit:
    """Tells who comes in; ``pending`` is what ``MOST_PENDING`` limits.

    ``numbers`` are those of the connections, in the order in which they come.
    """

    def __init__(self) -> None:
        """Raise the limit of this process's descriptors as far as it may, and stay below it."""
        self.pending = 0
        self.numbers = itertools.count(1)
        self.most = descriptors()
        self.most -= min(_OWN_FILES, self.most // 4)

    def lets_in(self, connections: int, welcomed: int) -> bool:
        """Tell whether one more may come to so many, of whom so many are welcomed."""
        return connections < self.most and connections - welcomed < MOST_UNWELCOMED
