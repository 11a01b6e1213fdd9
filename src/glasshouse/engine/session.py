"""One client's connection: bytes to commands, answers in order, never before their commit."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from glasshouse.engine.batch import Row
from glasshouse.engine.slices import in_slices
from glasshouse.engine.workers import WorkerRecord
from glasshouse.wire import replies
from glasshouse.wire.commands import Command
from glasshouse.wire.handshake import Hello
from glasshouse.wire.server import Closing, Event, Rejected, ServerConnection, Unread

if TYPE_CHECKING:
    from glasshouse.engine.engine import Engine

HELLO_WITHIN = 2.0
_MOST_UNANSWERED = 5_000
_MOST_WAITING = 1_000

Answer = tuple[bytes, int]
"""A reply and what it waits for: batch N to be durable (N), to be written (-N), nothing (0)."""


class Session(asyncio.Protocol):
    """The asyncio shell of one connection.

    ``held`` is set while a command of it is not answered yet and those behind it wait,
    ``welcomed`` once its HELLO was right.
    """

    def __init__(self, engine: Engine) -> None:
        """Serve a connection of ``engine``."""
        self.engine = engine
        self.worker: WorkerRecord[Session] | None = None
        self.wid = ""
        self.held = False
        self.welcomed = False
        self.queues: tuple[str, ...] = ()
        self._transport: asyncio.Transport | None = None
        self._inbox: deque[Event] = deque()
        self._out: deque[Answer] = deque()
        self._handed: list[tuple[Row, float]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._stalled = False
        self._paused = False
        # The syncs that the last durable answer waits for, and came with.
        self._joined = self._answered = -1
        self._wire = ServerConnection(
            password=engine.password,
            salt=f"{secrets.randbits(63):x}",
            iterations=4000 + secrets.randbelow(4096),
        )

    # -- asyncio.Protocol ----------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless too many stand at the door; a client has two seconds for its HELLO."""
        # uvloop's transports are such, but do not inherit from it.
        self._transport = transport = cast("asyncio.Transport", transport)
        if self.engine.crowded:
            transport.abort()
            return
        transport.write(self._wire.greeting())
        self._timer = self.engine.loop.call_later(HELLO_WITHIN, self.close)
        self.engine.sessions.add(self)

    def data_received(self, data: bytes) -> None:
        """Work on every command that is complete."""
        if self._closing:
            return
        self._inbox.extend(self._wire.receive(data))
        if not self.held:
            self.work()
        if self._inbox:
            self._pace()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; its reservations stay until they expire.

        A job whose hand-over never left for the client goes back to its queue.
        """
        self._closing = True
        self._inbox.clear()
        self._out.clear()
        self._stop_timer()
        handed, self._handed = self._handed, []
        self.engine.forget(self, handed)

    def pause_writing(self) -> None:
        """Read no more from a client that does not read its answers."""
        self._stalled = True
        self._pace()

    def resume_writing(self) -> None:
        """Go on reading."""
        self._stalled = False
        self._pace()

    # -- commands ------------------------------------------------------------

    def work(self) -> None:
        """Handle what has arrived, one by one, until a command has to wait."""
        inbox = self._inbox
        while inbox and not self.held and not self._closing:
            self._handle(inbox.popleft())
        if self._out:
            self.send_ready()
        self.engine.committer.wake()

    def _handle(self, event: Event) -> None:
        if isinstance(event, Rejected):
            self.engine.command_count += 1
            self.answer(replies.error(event.text))
        elif isinstance(event, Closing):
            if event.reply is not None:
                self.answer(event.reply)
            self.finish()
        elif isinstance(event, Hello):
            self._welcome(event)
        elif isinstance(event, Unread):
            self._read(event)
        else:
            self._command(event)

    def _read(self, line: Unread) -> None:
        """Read a long line without keeping others waiting; what comes after it waits."""
        found: list[Event] = []

        def reading() -> Iterator[None]:
            while not self._closing:
                try:
                    next(line.steps)
                except StopIteration as end:
                    found.append(end.value)
                    return
                yield

        def read() -> None:
            self.held = False
            self._inbox.extendleft(found)
            self._go_on()

        self.held = True
        if in_slices(self.engine.loop, reading(), lambda: None, read, steps=1):
            self.held = False
            self._inbox.extendleft(found)

    def _welcome(self, hello: Hello) -> None:
        self._stop_timer()
        if hello.wid:
            self.wid = hello.wid
            self.worker = self.engine.workers.join(hello, self, self.engine.clock())
        self.welcomed = True
        self.engine.welcomed += 1
        self.answer(replies.OK)
        if self.engine.full:
            self.answer(replies.error(f"too many connections: {self.engine.welcomed}"))
            self.finish()

    def _command(self, command: Command) -> None:
        self.engine.command_count += 1
        answer = self.engine.perform(self, command)
        if answer is not None:
            self.answer(*answer)

    def give(self, answer: Answer) -> None:
        """End the command that is held with its answer and go on with what came after it."""
        self.held = False
        if self._closing:
            return
        self.answer(*answer)
        self.send_ready()
        if self._inbox:
            # Not from here: one who gives may itself have been given to.
            self.engine.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self.held:
            self.work()
        self._pace()

    def hand_over(self, row: Row, need: int) -> Answer:
        """Return the answer to a FETCH; until it has left, the job is not the client's."""
        assert row.reserved_at is not None
        self._handed.append((row, row.reserved_at))
        return replies.bulk(row.payload), need

    # -- answers -------------------------------------------------------------

    def answer(self, reply: bytes, need: int = 0) -> None:
        """Queue an answer that may leave once what it needs has come."""
        self._out.append((reply, need))
        if need:
            self.engine.unsent.add(self)
            pace = self.engine.committer.pace
            if need > 0 and self._joined != pace.round:
                self._joined = pace.round
                pace.join(back=self._answered == pace.answered)
        if len(self._out) >= _MOST_UNANSWERED:
            self._pace()

    def send_ready(self) -> None:
        """Send every answer, in order, up to the first that must still wait."""
        out = self._out
        durable, written = self.engine.committer.durable, -self.engine.committer.written
        ready: list[bytes] = []
        while out and (written <= (need := out[0][1]) <= durable):
            ready.append(out.popleft()[0])
            if need > 0:
                self._answered = self.engine.committer.pace.answered
        if ready and self._transport is not None:
            self._transport.write(ready[0] if len(ready) == 1 else b"".join(ready))
            if self._paused:
                self._pace()
        if not out:
            self._handed.clear()
            self.engine.unsent.discard(self)
            if self._closing:
                self.close()

    def refuse_unsent(self, ticket: int, text: str) -> None:
        """Turn every answer that stands on batch ``ticket`` into an error."""
        failed = replies.error(text)
        self._out = deque(
            (failed, 0) if abs(need) >= ticket else (reply, need) for reply, need in self._out
        )
        self._handed.clear()

    def close(self) -> None:
        """Close now."""
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def finish(self) -> None:
        """Close once every answer has left."""
        self._closing = True
        self._inbox.clear()
        if not self._out:
            self.close()

    def _pace(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        paused = (
            self._stalled or len(self._out) >= _MOST_UNANSWERED or len(self._inbox) >= _MOST_WAITING
        )
        if paused != self._paused:
            self._paused = paused
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
