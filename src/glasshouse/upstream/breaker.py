"""One circuit breaker per server: no one has to wait for a part that does not answer.

A server is queried over *circuits*: its command port, its Web UI, its Redis. Invariant: no one
who views a page waits much longer than ``SILENCE`` for a query to which not a byte has come.
The query itself continues, so that a slow answer is there for the next caller. A circuit on
which a query waited in vain is open: callers get the error at once, while one query at a time
tests whether it answers again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

from glasshouse.model.errors import UpstreamUnavailableError

T = TypeVar("T")

SILENCE = 1.0
"""Seconds without a byte after which no one waits for an answer any longer."""
_AT_LEAST = 0.3
"""Minimum seconds to wait in any case: the answer may come over another circuit."""
_REST = 1.0
"""Seconds between two attempts on an open circuit."""
_LOOK = 0.1
_LATE = 0.5
"""Seconds by which a check is late when this process itself was stalled."""


class SilentError(UpstreamUnavailableError):
    """The server was queried, and not a byte came."""

    code = "upstream_silent"


def again(error: UpstreamUnavailableError) -> UpstreamUnavailableError:
    """Return an error that was raised before, to be raised for another caller."""
    return error.with_traceback(None)


class Attempt:
    """A query that is under way."""

    def __init__(self, circuit: Circuit) -> None:
        """Begin as sent just now."""
        self._circuit = circuit
        self.since = _now()

    def heard(self) -> None:
        """Record that data arrived."""
        self.since = _now()
        self._circuit.reset()


class Circuit:
    """One way to a server; closed while queries are answered, open after one was not."""

    def __init__(self) -> None:
        """Begin closed, with no query under way."""
        self.questions: set[Attempt] = set()
        self._fault: UpstreamUnavailableError | None = None
        self._tried_at = 0.0
        self._trial: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def asking(self) -> Iterator[Attempt]:
        """Count a query as under way while the block runs."""
        question = Attempt(self)
        self.questions.add(question)
        try:
            yield question
        finally:
            self.questions.discard(question)

    def trip(self, error: UpstreamUnavailableError) -> UpstreamUnavailableError:
        """Record that a query was not answered in time, and return why."""
        self._fault, self._tried_at = error, _now()
        return error

    def reset(self) -> None:
        """Record that it answers."""
        self._fault = None

    async def through(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what ``ask`` returns, over a closed circuit.

        Raises:
            UpstreamUnavailableError: it is open, or what ``ask`` raises.
        """
        if self._fault is None:
            return await ask()
        if self._trial is None and _now() - self._tried_at >= _REST:
            self._trial = asyncio.create_task(self._try(ask))
        fault = self._fault
        # Yield, so that a caller that queries in a loop gives others their turn.
        await asyncio.sleep(0)
        raise again(fault)

    def check(self) -> None:
        """Return if it is closed, for a caller that waited before its query.

        Raises:
            UpstreamUnavailableError: it is open.
        """
        if self._fault is not None and asyncio.current_task() is not self._trial:
            raise again(self._fault)

    async def end(self) -> None:
        """End what is under way on its own."""
        trial = self._trial
        if trial is not None and trial is not asyncio.current_task():
            trial.cancel()
            await asyncio.gather(trial, return_exceptions=True)

    async def _try(self, ask: Callable[[], Awaitable[object]]) -> None:
        try:
            # Whatever the answer is: the fact that there is one closes the circuit.
            with contextlib.suppress(Exception):
                await ask()
        finally:
            self._trial, self._tried_at = None, _now()


class Breaker:
    """The circuits of one server, and who waits for queries over them."""

    def __init__(self) -> None:
        """Begin with no circuit."""
        self._circuits: list[Circuit] = []
        self._waits: dict[asyncio.Timeout, float] = {}
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def circuit(self) -> Circuit:
        """Return another circuit of this server."""
        circuit = Circuit()
        self._circuits.append(circuit)
        return circuit

    @contextlib.asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """End the block when a query to the server has gone without a byte for too long.

        Raises:
            SilentError: one has.
        """
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._waits[scope] = _now()
                self._look_later()
                try:
                    yield
                finally:
                    del self._waits[scope]
        except TimeoutError:
            if not scope.expired():
                raise
            raise SilentError("The job server has not answered yet.") from None

    def _look_later(self) -> None:
        if self._timer is None and self._waits:
            self._next = _now() + _LOOK
            self._timer = asyncio.get_running_loop().call_later(_LOOK, self.look)

    def look(self) -> None:
        """Release whoever has waited for too long; this also runs periodically on its own."""
        self._timer, now = None, _now()
        questions = [one for circuit in self._circuits for one in circuit.questions]
        if now - self._next > _LATE:
            # No one was listening meanwhile: what came has yet to be read.
            for question in questions:
                question.since = now
        if any(now - question.since >= SILENCE for question in questions):
            for scope, since in self._waits.items():
                if now - since >= _AT_LEAST and not scope.expired():
                    scope.reschedule(asyncio.get_running_loop().time())
        self._look_later()


def _now() -> float:
    return asyncio.get_running_loop().time()
