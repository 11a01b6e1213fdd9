"""One client's connection: bytes to commands, answers in order, never before their commit."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from glasshouse.engine.batch import Row
from glasshouse.engine.commit import Committer
from glasshouse.engine.door import MOST_PENDING, ConnectionLimit
from glasshouse.engine.slices import in_slices
from glasshouse.engine.workers import WorkerRecord, Workers
from glasshouse.wire import replies
from glasshouse.wire.commands import Command, End
from glasshouse.wire.handshake import Hello
from glasshouse.wire.server import ConnectionClosed, Event, LongLine, Rejected, ServerConnection

HELLO_WITHIN = 2.0
LAST_WORDS_WITHIN = 30.0
"""Seconds for a client to read what was sent before its connection is closed."""

_MOST_UNANSWERED = 5_000
_MOST_OWED = 1 << 20  # bytes of answers
_MOST_WAITING = 1_000
# Bytes that are read ahead of a command that waits.
_MOST_AHEAD = 1 << 20
# Commands of one client before it is the others' turn; bytes of answers that are sent at once.
_TURN = 200
_AT_ONCE = 256 << 10

Answer = tuple[bytes, int]
"""A reply and what it waits for: batch N to be durable (N), to be written (-N), nothing (0)."""


class SessionEngine(Protocol):
    """What a session needs of its engine; see ``engine.Engine``."""

    loop: asyncio.AbstractEventLoop
    password: bytes | None
    clock: Callable[[], float]
    door: ConnectionLimit
    sessions: set[Session]
    unsent: set[Session]
    workers: Workers[Session]
    committer: Committer
    welcomed: int
    command_count: int

    @property
    def full(self) -> bool:
        """Whether there are more clients than the server takes."""

    def perform(self, session: Session, command: Command) -> Answer | None:
        """Do one command; ``None`` when its answer comes later or never."""

    def forget(self, session: Session, handed: list[tuple[Row, float]]) -> None:
        """Forget a connection that has ended; ``handed`` are jobs never sent to its client."""


class Session(asyncio.Protocol):
    """The asyncio shell of one connection.

    ``number`` identifies it within this engine. ``held`` is set while one of its commands
    is not answered yet and those behind it wait, ``welcomed`` once its HELLO was accepted;
    ``pending`` bytes are not processed yet.
    """

    def __init__(self, engine: SessionEngine) -> None:
        """Serve a connection of ``engine``."""
        self.engine = engine
        self.number = next(engine.door.numbers)
        self.worker: WorkerRecord[Session] | None = None
        self.wid = ""
        self.held = False
        self.welcomed = False
        self.pending = 0
        self.queues: tuple[str, ...] = ()
        self._transport: asyncio.Transport | None = None
        self._inbox: deque[Event] = deque()
        self._out: deque[Answer] = deque()
        self._owed = self._sent = 0
        # Jobs whose answers have not been sent, with the number of the answer.
        self._handed: deque[tuple[Row, float, int]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._stalled = False
        self._paused = False
        self._going_on = False
        # The syncs that the last durable answer waits for, and came with.
        self._joined = self._answered = -1
        self._wire = ServerConnection(
            password=engine.password,
            salt=f"{secrets.randbits(63):x}",
            iterations=4000 + secrets.randbelow(4096),
        )

    # -- asyncio.Protocol ----------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless too many have not sent HELLO; a client has two seconds for it."""
        # uvloop's transports behave like it, but do not inherit from it.
        self._transport = transport = cast("asyncio.Transport", transport)
        if not self.engine.door.lets_in(len(self.engine.sessions), self.engine.welcomed):
            self._closing = True
            transport.abort()
            return
        transport.write(self._wire.greeting())
        self._timer = self.engine.loop.call_later(HELLO_WITHIN, self.close)
        self.engine.sessions.add(self)

    def data_received(self, data: bytes) -> None:
        """Process every complete command."""
        if self._closing:
            return
        self._inbox.extend(self._wire.receive(data))
        if not self.held:
            self.work()
        if self.held or self._inbox:
            self._note_pending(self.pending + len(data))
            self._pace()
        elif (kept := self._wire.kept) != self.pending:
            self._note_pending(kept)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; its reservations stay until they expire.

        A job that was reserved but never sent to the client goes back to its queue.
        """
        self._closing = True
        self._inbox.clear()
        self._out.clear()
        self._stop_timer()
        self._note_pending(0)
        handed, self._handed = self._handed, deque()
        self.engine.forget(self, [(row, reserved_at) for row, reserved_at, _ in handed])

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its answers."""
        self._stalled = True
        self._pace()

    def resume_writing(self) -> None:
        """Resume reading."""
        self._stalled = False
        self.send_ready()
        self._pace()

    # -- commands ------------------------------------------------------------

    def work(self) -> None:
        """Handle what has arrived, in order, until a command must wait or others get a turn."""
        inbox = self._inbox
        for _ in range(0 if self._blocked() else _TURN):
            if not inbox or self.held or self._closing or self._owed >= _MOST_OWED:
                break
            self._handle(inbox.popleft())
        if inbox and isinstance(inbox[0], End) and not self.held and self._blocked():
            self.finish()  # it has no answer that would have to wait for earlier ones
        if self._out:
            self.send_ready()
        if inbox:
            self._go_on_soon()
        self.engine.committer.wake()

    def _handle(self, event: Event) -> None:
        if isinstance(event, Rejected):
            self.engine.command_count += 1
            self.answer(replies.error(event.text))
        elif isinstance(event, ConnectionClosed):
            if event.reply is not None:
                self.answer(event.reply)
            self.finish()
        elif isinstance(event, Hello):
            self._welcome(event)
        elif isinstance(event, LongLine):
            self._read(event)
        else:
            self._command(event)

    def _read(self, line: LongLine) -> None:
        """Read a long line without keeping others waiting; what follows it waits."""
        events: list[Event] = []

        def reading() -> Iterator[None]:
            while not self._closing:
                try:
                    next(line.steps)
                except StopIteration as end:
                    events.append(end.value)
                    return
                yield

        def read() -> None:
            self.held = False
            self._inbox.extendleft(events)
            self._go_on()

        self.held = True
        if in_slices(self.engine.loop, reading(), lambda: None, read, steps=1):
            self.held = False
            self._inbox.extendleft(events)

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
        """End the held command with its answer, and continue with what came after it."""
        self.held = False
        if self._closing:
            return
        self.answer(*answer)
        self.send_ready()
        if not self._inbox:
            self._note_pending(self._wire.kept)
        if self._inbox or self._paused:
            # Not directly: the caller may itself be within a call of ``give``.
            self._go_on_soon()

    def _go_on_soon(self) -> None:
        if not (self._going_on or self.held or self._closing or self._blocked()):
            self._going_on = True
            self.engine.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._going_on = False
        if not self.held:
            self.work()
        if not self.held and not self._inbox:
            self._note_pending(self._wire.kept)
        self._pace()

    def _blocked(self) -> bool:
        """Return whether the client must read answers, or the disk sync, before it continues."""
        return self._stalled or self._owed >= _MOST_OWED or len(self._out) >= _MOST_UNANSWERED

    def _note_pending(self, size: int) -> None:
        """Account for what is not processed yet; if that is too much, drop the longest line."""
        more = size - self.pending
        self.pending = size
        self.engine.door.pending += more
        if more > 0 and self.engine.door.pending > MOST_PENDING:
            max(self.engine.sessions, key=Session.weight).abandon()

    def weight(self) -> tuple[int, int]:
        """Return how much is freed by ending this one; unfinished lines count first."""
        return self._wire.kept, self.pending

    def abandon(self) -> None:
        """Disconnect a client that has too much unfinished input."""
        closing = self._wire.abandon()
        self._note_pending(0)
        self._handle(closing)
        self.send_ready()

    def hand_over(self, row: Row, need: int) -> Answer:
        """Return the answer to a FETCH; until it is sent, the job is not the client's."""
        assert row.reserved_at is not None
        self._handed.append((row, row.reserved_at, self._sent + len(self._out)))
        return replies.bulk(row.payload), need

    # -- answers -------------------------------------------------------------

    def answer(self, reply: bytes, need: int = 0) -> None:
        """Queue an answer that may be sent once what it waits for has happened."""
        self._out.append((reply, need))
        self._owed += len(reply)
        if need:
            self.engine.unsent.add(self)
            pace = self.engine.committer.pace
            if need > 0 and self._joined != pace.round:
                self._joined = pace.round
                pace.join(back=self._answered == pace.answered)
        if self._owed >= _MOST_OWED or len(self._out) >= _MOST_UNANSWERED:
            self._pace()

    def send_ready(self) -> None:
        """Send every answer, in order, up to the first that must still wait."""
        out, transport = self._out, self._transport
        durable, written = self.engine.committer.durable, -self.engine.committer.written
        while transport is not None and out and not self._stalled:
            ready: list[bytes] = []
            size = 0
            while out and size < _AT_ONCE and (written <= (need := out[0][1]) <= durable):
                ready.append(out.popleft()[0])
                size += len(ready[-1])
                if need > 0:
                    self._answered = self.engine.committer.pace.answered
            if not ready:
                break
            self._sent += len(ready)
            self._owed -= size
            transport.write(ready[0] if len(ready) == 1 else b"".join(ready))
        if self._paused:
            self._pace()
        while self._handed and self._handed[0][2] < self._sent:
            self._handed.popleft()
        if not out:
            self.engine.unsent.discard(self)
            if self._closing:
                self.close()

    def refuse_unsent(self, ticket: int, text: str) -> None:
        """Turn every answer that depends on batch ``ticket`` or a later one into an error."""
        failed = replies.error(text)
        self._out = deque(
            (failed, 0) if abs(need) >= ticket else (reply, need) for reply, need in self._out
        )
        self._owed = sum(len(reply) for reply, _ in self._out)
        self._handed.clear()

    def close(self) -> None:
        """Close; what is being sent to the client has some time left to arrive."""
        self._closing = True
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._end_in_time()
            self._transport.close()

    def finish(self) -> None:
        """Close once every answer has been sent."""
        self._closing = True
        self._inbox.clear()
        if self._out:
            self._end_in_time()
        else:
            self.close()

    def _end_in_time(self) -> None:
        """Limit the wait for a client that does not read."""
        assert self._transport is not None
        self._stop_timer()
        self._timer = self.engine.loop.call_later(LAST_WORDS_WITHIN, self._transport.abort)

    def _pace(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        paused = (
            self._blocked()
            or len(self._inbox) >= _MOST_WAITING
            or (self.pending >= _MOST_AHEAD and (self.held or bool(self._inbox)))
        )
        if paused != self._paused:
            self._paused = paused
            (self._transport.pause_reading if paused else self._transport.resume_reading)()
        if self._inbox:
            self._go_on_soon()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
