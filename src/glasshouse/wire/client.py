"""The client's side of one connection: replies in, command lines out."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from glasshouse.model.errors import InvalidError, UpstreamUnavailableError
from glasshouse.wire import fields as typed
from glasshouse.wire.handshake import PROTOCOL_VERSION, password_hash
from glasshouse.wire.jsontext import JsonTextError

MAX_LINE = 64 << 10
MAX_ROUNDS = 1_000_000
_MOST_DIGITS = 19

_HI_KEYS = frozenset({"v", "i", "s"})


class Greeting(msgspec.Struct, frozen=True):
    """The server's ``+HI``. ``salt`` and ``iterations`` are set if it requires a password."""

    version: int | None = None
    salt: str | None = None
    iterations: int | None = None


class Simple(msgspec.Struct, frozen=True):
    """A ``+text`` reply."""

    text: str


class Error(msgspec.Struct, frozen=True):
    """A ``-CODE text`` reply."""

    code: str
    text: str


class Bulk(msgspec.Struct, frozen=True):
    """A ``$N`` reply with its data."""

    data: bytes


class Nil(msgspec.Struct, frozen=True):
    """The ``$-1`` reply: nothing there."""


Reply = Greeting | Simple | Error | Bulk | Nil


class ProtocolError(UpstreamUnavailableError):
    """The server broke the protocol; the stream is out of sync, close it.

    ``replies`` are the valid ones that came earlier in the same bytes.
    """

    code = "protocol"

    def __init__(self, detail: str, replies: Iterable[Reply] = ()) -> None:
        """Keep the replies that were still valid."""
        super().__init__(detail)
        self.replies = list(replies)


class ClientConnection:
    """One conversation with a server, from the client's side."""

    def __init__(self, *, max_bulk: int = 256 << 20) -> None:
        """Refuse bulk replies above ``max_bulk`` bytes."""
        self._max_bulk = max_bulk
        self._buffer = bytearray()
        self._scanned = 0
        self._bulk: int | None = None
        self._greeted = False

    def receive(self, data: bytes) -> list[Reply]:
        """Return the replies that the bytes complete, in order; the first is the greeting.

        Raises:
            ProtocolError: the bytes are not a Faktory reply.
        """
        self._buffer += data
        replies: list[Reply] = []
        pos = 0
        try:
            while True:
                reply, pos, more = self._next(pos)
                if reply is not None:
                    replies.append(reply)
                if not more:
                    break
        except (ProtocolError, JsonTextError) as error:
            raise ProtocolError(error.detail, replies) from None
        del self._buffer[:pos]
        self._scanned = max(0, self._scanned - pos)
        return replies

    def _next(self, pos: int) -> tuple[Reply | None, int, bool]:
        """Return (a reply or None, where the rest begins, whether to continue)."""
        if self._bulk is not None:
            end = pos + self._bulk
            if len(self._buffer) < end + 2:
                return None, pos, False
            if self._buffer[end : end + 2] != b"\r\n":
                raise ProtocolError("a bulk reply is longer than it says")
            self._bulk = None
            return Bulk(bytes(memoryview(self._buffer)[pos:end])), end + 2, True
        end = self._buffer.find(b"\n", max(pos, self._scanned))
        if (len(self._buffer) if end < 0 else end) - pos > MAX_LINE:
            raise ProtocolError("a reply line is too long")
        if end < 0:
            self._scanned = len(self._buffer)
            return None, pos, False
        return self._line(bytes(self._buffer[pos:end]).removesuffix(b"\r")), end + 1, True

    def _line(self, line: bytes) -> Reply | None:
        kind, text = line[:1], line[1:].decode(errors="replace")
        if not self._greeted and kind != b"-":
            self._greeted = True
            return _read_greeting(line)
        if kind == b"+":
            return Simple(text)
        if kind == b"-":
            code, _, rest = text.partition(" ")
            return Error(code, rest)
        if kind != b"$":
            raise ProtocolError("a reply begins with none of + - $")
        return self._size(line[1:])

    def _size(self, digits: bytes) -> Reply | None:
        if digits == b"-1":
            return Nil()
        if not digits.isdigit() or len(digits) > _MOST_DIGITS:
            raise ProtocolError("a bulk reply has no length")
        size = int(digits)
        if size > self._max_bulk:
            raise ProtocolError(f"a bulk reply of {size} bytes is too long")
        self._bulk = size
        return None


def hello(
    greeting: Greeting,
    *,
    password: bytes | None,
    wid: str | None = None,
    hostname: str | None = None,
    pid: int | None = None,
    labels: Iterable[str] = (),
) -> bytes:
    """Return the HELLO line that answers ``greeting``; without ``wid``, a producer's."""
    fields: dict[str, object] = {
        "v": PROTOCOL_VERSION,
        "wid": wid,
        "hostname": hostname,
        "pid": pid,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    if wid is not None:
        fields["labels"] = list(labels)
    if password is not None and greeting.salt is not None:
        fields["pwdhash"] = password_hash(password, greeting.salt, greeting.iterations or 1)
    return encode_command("HELLO", msgspec.json.encode(fields))


def encode_command(verb: str, *args: str | bytes) -> bytes:
    """Return a command line.

    Raises:
        InvalidError: a part contains a CR or LF and would become a separate command.
    """
    parts = [part.encode() if isinstance(part, str) else part for part in (verb, *args)]
    line = b" ".join(parts)
    if b"\r" in line or b"\n" in line:
        raise InvalidError("a command must not contain a line break")
    return line + b"\r\n"


def _read_greeting(line: bytes) -> Greeting:
    if not line.startswith(b"+HI {"):
        raise ProtocolError("the server does not greet as Faktory does")
    fields = typed.read_object(line[4:], _HI_KEYS)
    rounds = typed.integer(fields, "i")
    # A hostile server must not make us hash for hours.
    if rounds is not None and not 1 <= rounds <= MAX_ROUNDS:
        raise ProtocolError(f"the server asks for {rounds} hash rounds")
    return Greeting(typed.integer(fields, "v"), typed.string(fields, "s") or None, rounds)
