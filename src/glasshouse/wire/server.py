"""The server's side of one connection: bytes in, events out.

The shell writes ``greeting()``, feeds what it reads to ``receive`` and answers
each event in order.  ``receive`` never raises; once the state is ``CLOSED`` it
returns nothing more.
"""

from __future__ import annotations

import msgspec

from glasshouse.wire import replies
from glasshouse.wire.commands import LONG, Command, CommandError, End, parse_command, parse_in_steps
from glasshouse.wire.framing import LineBuffer, LineTooLong
from glasshouse.wire.handshake import HandshakeError, Hello, check_password, greeting, parse_hello
from glasshouse.wire.jsontext import Steps
from glasshouse.wire.states import TRANSITIONS, ConnectionState, EventKind


class Rejected(msgspec.Struct, frozen=True):
    """A line that is answered with ``-ERR text``; the connection stays open."""

    text: str


class LongLine(msgspec.Struct, frozen=True):
    """A long line: run ``steps`` to get the event that it results in."""

    steps: Steps[Command | Rejected]


class ConnectionClosed(msgspec.Struct, frozen=True):
    """The connection is over: send ``reply``, if any, and close."""

    reply: bytes | None


Event = Hello | Command | Rejected | LongLine | ConnectionClosed


class ServerConnection:
    """One client's conversation, from greeting to end."""

    def __init__(
        self,
        *,
        password: bytes | None,
        salt: str,
        iterations: int,
        max_line: int = 32 << 20,
        max_hello: int = 64 << 10,
    ) -> None:
        """Begin; ``salt`` and ``iterations`` must be fresh for each connection (fwp.md §2.1)."""
        self._password = password
        self._salt = salt
        self._iterations = iterations
        self._max_line = max_line
        self._lines = LineBuffer(max_hello)
        self._state = ConnectionState.AWAITING_HELLO

    @property
    def state(self) -> ConnectionState:
        """The state of the connection."""
        return self._state

    def greeting(self) -> bytes:
        """Return the line that the server sends first."""
        if self._password is None:
            return greeting(None, None)
        return greeting(self._salt, self._iterations)

    @property
    def kept(self) -> int:
        """How many bytes of an unfinished line are kept."""
        return self._lines.kept

    def receive(self, data: bytes) -> list[Event]:
        """Return the events in the bytes, in order; the rest is kept for the next call."""
        events: list[Event] = []
        if self._state is ConnectionState.AWAITING_HELLO:
            # Only the first line is subject to the small limit for a HELLO.
            first, end, data = data.partition(b"\n")
            self._take(first + end, events)
        if self._state is ConnectionState.OPEN and data:
            self._take(data, events)
        return events

    def abandon(self) -> ConnectionClosed:
        """End it because the server has no room left for the incoming line."""
        if self._state is not ConnectionState.CLOSED:
            self._move(EventKind.TOO_LONG)
        return ConnectionClosed(replies.error("line too long for now"))

    def _take(self, data: bytes, events: list[Event]) -> None:
        try:
            lines = self._lines.feed(data)
            too_long = False
        except LineTooLong as error:
            lines, too_long = error.lines, True
        for line in lines:
            if self._state is ConnectionState.CLOSED:
                return
            events.append(self._on_line(line))
        if too_long and self._state is not ConnectionState.CLOSED:
            self._move(EventKind.TOO_LONG)
            events.append(ConnectionClosed(replies.error("line too long")))

    def _on_line(self, line: bytes) -> Event:
        if self._state is ConnectionState.AWAITING_HELLO:
            return self._on_hello(line)
        if len(line) > LONG and not line.startswith(b"END "):
            self._move(EventKind.COMMAND)
            return LongLine(_read(line))
        try:
            command = parse_command(line)
        except CommandError as error:
            self._move(EventKind.REJECTED)
            return Rejected(error.detail)
        self._move(EventKind.END if isinstance(command, End) else EventKind.COMMAND)
        return command

    def _on_hello(self, line: bytes) -> Event:
        try:
            hello = parse_hello(line)
        except HandshakeError:
            self._move(EventKind.REFUSED)
            return ConnectionClosed(None)
        if self._password is not None and not check_password(
            hello, self._password, self._salt, self._iterations
        ):
            self._move(EventKind.REFUSED)
            return ConnectionClosed(replies.error("Invalid password"))
        self._move(EventKind.HELLO)
        self._lines.limit = self._max_line
        return hello

    def _move(self, kind: EventKind) -> None:
        self._state = TRANSITIONS[self._state, kind]
        if self._state is ConnectionState.CLOSED:
            self._lines.clear()


def _read(line: bytes) -> Steps[Command | Rejected]:
    try:
        return (yield from parse_in_steps(line))
    except CommandError as error:
        return Rejected(error.detail)
