"""One circuit breaker for each server: what does not answer there is not waited for by everybody.

A server is asked over *circuits*: its command port, its Web UI, its Redis. What always holds:
nobody who looks at a page waits much longer than ``SILENCE`` for a question to which not a byte
has come; the question itself goes on, so that a slow answer is there for who asks next. A
circuit that a question waited for in vain is open: who asks over it is told so at once, while
one question at a time tries whether it answers again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

from glasshouse.model.errors import UpstreamUnavailableError

T = TypeVar("T")

SILENCE = 1.0
"""Seconds without a byte after which nobody waits for an answer any more."""
_AT_LEAST = 0.3
"""Seconds that are waited anyway: what is asked may come over another circuit."""
_REST = 1.0
"""Seconds between two tries of an open circuit."""
_LOOK = 0.1
_LATE = 0.5
"""Seconds by which a look is late when this process itself stood still."""


class SilentError(UpstreamUnavailableError):
    """The server was asked, and not a byte came."""

    code = "upstream_silent"


def again(error: UpstreamUnavailableError) -> UpstreamUnavailableError:
    """Return an error that was raised before, to be raised for somebody else."""
    return error.with_traceback(None)


class Attempt:
    """A question that is under way."""

    def __init__(self, circuit: Circuit) -> None:
        """It was sent just now."""
        self._circuit = circuit
        self.since = _now()

    def heard(self) -> None:
        """Note that something came."""
        self.since = _now()
        self._circuit.reset()


class Circuit:
    """One way to a server; closed while questions are answered, open after one was not."""

    def __init__(self) -> None:
        """Begin closed, with no question under way."""
        self.questions: set[Attempt] = set()
        self._fault: UpstreamUnavailableError | None = None
        self._tried_at = 0.0
        self._trial: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def asking(self) -> Iterator[Attempt]:
        """Count a question as under way while the block runs."""
        question = Attempt(self)
        self.questions.add(question)
        try:
            yield question
        finally:
            self.questions.discard(question)

    def trip(self, error: UpstreamUnavailableError) -> UpstreamUnavailableError:
        """Note that a question was not answered in time, and return why."""
        self._fault, self._tried_at = error, _now()
        return error

    def reset(self) -> None:
        """Note that it answers."""
        self._fault = None

    async def through(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what ``ask`` does, over a closed circuit.

        Raises:
            UpstreamUnavailableError: it is open, or what ``ask`` raises.
        """
        if self._fault is None:
            return await ask()
        if self._trial is None and _now() - self._tried_at >= _REST:
            self._trial = asyncio.create_task(self._try(ask))
        fault = self._fault
        # Whoever asks on and on leaves others their turn.
        await asyncio.sleep(0)
        raise again(fault)

    def check(self) -> None:
        """Return if it is closed, for who waited before asking.

        Raises:
            UpstreamUnavailableError: it is open.
        """
        if self._fault is not None and asyncio.current_task() is not self._trial:
            raise again(self._fault)

    async def end(self) -> None:
        """End what is under way by itself."""
        trial = self._trial
        if trial is not None and trial is not asyncio.current_task():
            trial.cancel()
            await asyncio.gather(trial, return_exceptions=True)

    async def _try(self, ask: Callable[[], Awaitable[object]]) -> None:
        try:
            # Whatever the answer is: that there is one closes the circuit.
            with contextlib.suppress(Exception):
                await ask()
        finally:
            self._trial, self._tried_at = None, _now()


class Breaker:
    """The circuits of one server, and who waits for what is asked over them."""

    def __init__(self) -> None:
        """Begin with no circuit."""
        self._circuits: list[Circuit] = []
        self._waits: dict[asyncio.Timeout, float] = {}
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def circuit(self) -> Circuit:
        """Return another circuit of this server."""
        made = Circuit()
        self._circuits.append(made)
        return made

    @contextlib.asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """End the block when a question to the server has been without a byte for too long.

        Raises:
            SilentError: it was.
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
        """Let go whoever has waited for too long; it is looked every so often by itself."""
        self._timer, now = None, _now()
        questions = [one for circuit in self._circuits for one in circuit.questions]
        if now - self._next > _LATE:
            # Nobody listened meanwhile: what came is still to be taken.
            for question in questions:
                question.since = now
        if any(now - question.since >= SILENCE for question in questions):
            for scope, since in self._waits.items():
                if now - since >= _AT_LEAST and not scope.expired():
                    scope.reschedule(asyncio.get_running_loop().time())
        self._look_later()


def _now() -> float:
    return asyncio.get_running_loop().time()
