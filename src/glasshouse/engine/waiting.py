"""Clients waiting for a job: FETCHes without one, by queue and by deadline."""

from __future__ import annotations

import asyncio
from typing import Generic, Protocol, TypeVar

from glasshouse.wire import replies

FETCH_WAITS = 2.0
# One check serves all whose time ends at about that moment: a call per FETCH costs too much.
_GRAIN = 0.05


class Waiter(Protocol):
    """What can wait: a session."""

    held: bool
    queues: tuple[str, ...]

    def give(self, answer: tuple[bytes, int]) -> None:
        """Give it the answer that it waits for."""

    def __hash__(self) -> int:
        """Return what distinguishes it from others."""


W = TypeVar("W", bound=Waiter)


class WaitingRoom(Generic[W]):
    """Sessions in line; all wait equally long, so the first in is the first to give up."""

    def __init__(self) -> None:
        """Start empty; must be made inside a running loop."""
        self._loop = asyncio.get_running_loop()
        self._lines: dict[str, dict[W, None]] = {}
        self._deadlines: dict[W, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, session: W, queues: tuple[str, ...]) -> None:
        """Put ``session`` in the line of each of ``queues``; it gets nil after two seconds."""
        session.held, session.queues = True, queues
        self._deadlines[session] = self._loop.time() + FETCH_WAITS
        for name in queues:
            line = self._lines.get(name)
            if line is None:
                line = self._lines[name] = {}
            line[session] = None
        if self._timer is None:
            self._timer = self._loop.call_later(FETCH_WAITS, self._look)

    def leave(self, session: W) -> None:
        """Take ``session`` out of every line that it is in."""
        if self._deadlines.pop(session, None) is None:
            return
        for name in session.queues:
            line = self._lines.get(name)
            if line is not None:
                line.pop(session, None)
                if not line:
                    del self._lines[name]
        session.queues = ()

    def line(self, queue: str) -> list[W]:
        """Return the sessions that wait for ``queue``, longest wait first."""
        line = self._lines.get(queue)
        return list(line) if line else []

    def dismiss_all(self) -> None:
        """Give everyone nil and stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
        for session in list(self._deadlines):
            self._dismiss(session)

    def _dismiss(self, session: W) -> None:
        self.leave(session)
        session.give((replies.NIL, 0))

    def _look(self) -> None:
        self._timer = None
        soon = self._loop.time() + _GRAIN
        late = []
        for session, deadline in self._deadlines.items():
            if deadline > soon:
                self._timer = self._loop.call_at(deadline, self._look)
                break
            late.append(session)
        for session in late:
            self._dismiss(session)
