"""When to sync: at once, or when the clients answered last have sent their next command.

Busy clients follow each answer with their next command. A sync that begins with
the first of them makes all others wait for the one after it; a short delay lets
them share it. How many come back at once is learned; if they do not, there is
no delay.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_PATIENCE = 0.002
_SWIFT = 0.0003
_KEEP = 0.8


class Pace:
    """Counts connections whose answers wait for a sync, and those of them that come back.

    ``round`` numbers the syncs that have begun, ``answered`` those that have
    ended. ``waiting`` connections have answers that no sync has begun for.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start with no one waiting and nothing known about the disk."""
        self.round = 0
        self.answered = 0
        self.waiting = 0
        self._clock = clock
        self._begun_for = 0
        self._asked = 0
        self._back = 0
        self._wanted = 0
        self._return = 0.0
        self._ended_at = 0.0
        self._usual = 1.0
        self._forced = False

    @property
    def swift(self) -> bool:
        """Whether a sync usually ends before a thread could have been notified of it."""
        return self._usual < _SWIFT

    def join(self, *, back: bool) -> None:
        """Add a waiting connection; ``back``: its last answer came with the last sync."""
        self.waiting += 1
        self._back += back

    def due(self) -> bool:
        """Return whether a sync should begin now."""
        return self._forced or (
            self.waiting > 0
            and (self._back >= self._wanted or self._clock() - self._ended_at > _PATIENCE)
        )

    def force(self) -> None:
        """Make the next sync due although no one waits."""
        self._forced = True

    def begin(self) -> None:
        """Note that a sync begins, for all waiting connections."""
        self.round += 1
        self._begun_for, self.waiting = self.waiting, 0
        self._forced = False

    def end(self, took: float) -> None:
        """Note that it has ended and took ``took`` seconds."""
        if self._asked:
            came = min(1.0, self._back / self._asked)
            self._return = _KEEP * self._return + (1 - _KEEP) * came
        self.answered = self.round
        self._asked, self._back = self._begun_for, 0
        self._wanted = round(self._return * self._asked)
        self._ended_at = self._clock()
        # Once slow, it counts as slow for a while.
        self._usual = max(took, _KEEP * self._usual + (1 - _KEEP) * took)
