"""One client's connection: bytes to commands, answers in order, never before their commit."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import TYPE_CHECKING

from glasshouse.engine.workers import WorkerRecord
from glasshouse.wire import replies
from glasshouse.wire.commands import Command, Fetch
from glasshouse.wire.handshake import Hello
from glasshouse.wire.server import Closing, Event, Rejected, ServerConnection

if TYPE_CHECKING:
    from glasshouse.engine.engine import Engine

HELLO_WITHIN = 2.0
FETCH_WAITS = 2.0
_MOST_UNANSWERED = 5_000
_MOST_WAITING = 1_000


class Session(asyncio.Protocol):
    """The asyncio shell of one connection."""

    def __init__(self, engine: Engine) -> None:
        """Serve a connection of ``engine``."""
        self.engine = engine
        self.worker: WorkerRecord[Session] | None = None
        self.wid = ""
        self.waiting: Fetch | None = None
        self._transport: asyncio.Transport | None = None
        self._inbox: deque[Event] = deque()
        self._out: deque[tuple[int, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._stalled = False
        self._wire = ServerConnection(
            password=engine.password,
            salt=f"{secrets.randbits(63):x}",
            iterations=4000 + secrets.randbelow(4096),
        )

    # -- asyncio.Protocol ----------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet; a client has two seconds for its HELLO (fwp.md §2)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._wire.greeting())
        self._timer = self.engine.loop.call_later(HELLO_WITHIN, self.close)
        self.engine.sessions.add(self)

    def data_received(self, data: bytes) -> None:
        """Work on every command that is complete."""
        if self._closing:
            return
        self._inbox.extend(self._wire.receive(data))
        self.work()
        if self._inbox:
            self._pace()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; its reservations stay until they expire."""
        self._closing = True
        self._inbox.clear()
        self._out.clear()
        self._stop_timer()
        self.engine.forget(self)

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
        """Handle what has arrived, one by one, until a FETCH has to wait."""
        while self._inbox and self.waiting is None and not self._closing:
            self._handle(self._inbox.popleft())
        self.send_durable(self.engine.committer.durable)
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
        else:
            self._command(event)

    def _welcome(self, hello: Hello) -> None:
        self._stop_timer()
        if hello.wid:
            self.wid = hello.wid
            self.worker = self.engine.workers.join(hello, self, self.engine.clock())
        self.answer(replies.OK)
        if self.engine.full:
            self.answer(replies.error(f"too many connections: {len(self.engine.sessions)}"))
            self.finish()

    def _command(self, command: Command) -> None:
        self.engine.command_count += 1
        answer = self.engine.perform(self, command)
        if answer is not None:
            self.answer(*answer)

    def wait(self, fetch: Fetch) -> None:
        """Hold the FETCH for up to two seconds."""
        self.waiting = fetch
        self._timer = self.engine.loop.call_later(FETCH_WAITS, self._give_up)

    def give(self, answer: tuple[bytes, int]) -> None:
        """End the waiting FETCH with an answer and go on with what came after it."""
        self._stop_timer()
        self.waiting = None
        self.answer(*answer)
        self.work()
        self._pace()

    def _give_up(self) -> None:
        self.engine.stop_waiting(self)
        self.give((replies.NIL, 0))

    # -- answers -------------------------------------------------------------

    def answer(self, reply: bytes, ticket: int = 0) -> None:
        """Queue an answer that may leave once batch ``ticket`` is durable."""
        self._out.append((ticket, reply))
        if ticket:
            self.engine.unsent.add(self)
        if len(self._out) >= _MOST_UNANSWERED:
            self._pace()

    def send_durable(self, durable: int) -> None:
        """Send every answer, in order, up to the first that must still wait."""
        out = self._out
        ready: list[bytes] = []
        while out and out[0][0] <= durable:
            ready.append(out.popleft()[1])
        if ready and self._transport is not None:
            self._transport.write(b"".join(ready))
            self._pace()
        if not out:
            self.engine.unsent.discard(self)
            if self._closing:
                self.close()

    def fail_unsent(self, text: str) -> None:
        """Turn every answer that promised durability into an error."""
        failed = replies.error(text)
        self._out = deque((0, failed if ticket else reply) for ticket, reply in self._out)

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
        if self._stalled or len(self._out) >= _MOST_UNANSWERED or len(self._inbox) >= _MOST_WAITING:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
