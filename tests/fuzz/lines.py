"""Lines of the protocol: however they are cut and whatever they hold, the same comes out."""

from __future__ import annotations

from unittest import mock

from glasshouse.wire import commands, replies, server
from glasshouse.wire.commands import CommandError, Fail, parse_command, parse_in_steps
from glasshouse.wire.jsontext import finish
from glasshouse.wire.server import ConnectionClosed, Event, LongLine, Rejected, ServerConnection
from glasshouse.wire.states import ConnectionState

JOB = b'{"jid":"abcdefgh","jobtype":"T","args":[1,"\\ud800",{"a":null}],"retry":3,"queue":"q"}'
FULL_JOB = (
    b'{"jid":"12345678","queue":"a","jobtype":"T","args":[],"created_at":"2026-01-01T00:00:00Z",'
    b'"at":"2026-01-01T00:00:00.5+02:00","reserve_for":60,"retry":-1,"backtrace":5,'
    b'"custom":{"x":[1e400]},"enqueued_at":"","failure":{"retry_count":1,"failed_at":"x"}}'
)
COMMANDS = (
    b"PUSH " + JOB,
    b"PUSH " + FULL_JOB,
    b"PUSHB [" + JOB + b"," + FULL_JOB + b',{"jid":"x"},{}]',
    b"FETCH a b default",
    b'ACK {"jid":"abcdefgh"}',
    b'FAIL {"jid":"abcdefgh","errtype":"E","message":"\\u0000no","backtrace":["a","b"]}',
    b'BEAT {"wid":"w","current_state":"quiet","rss_kb":1e2}',
    b"INFO",
    b"FLUSH",
    b"END",
    b"QUEUE PAUSE *",
    b"QUEUE RESUME a b",
    b"QUEUE REMOVE a",
    b"QUEUE LATENCY a a b",
    b'MUTATE {"cmd":"kill","target":"retries","filter":{"regexp":"*a[b-]?","jobtype":"T"}}',
    b'MUTATE {"cmd":"clear","target":"dead","filter":{"jids":["abcdefgh","x"]}}',
    b"BATCH NEW {}",
    b"TRACK GET x",
)
_ALL = b"\r\n".join(COMMANDS)
CONVERSATIONS = (
    b'\x00\x05\x30\x91HELLO {"v":2,"wid":"w","pid":1,"labels":["a"],"hostname":"h"}\n' + _ALL,
    b"\x01\x05\x30\x91" + _ALL,
    b'\x02\x05\x30\x91HELLO {"v":2,"pwdhash":"00"}\n',
    b"\x03\x05\x30\x91\n\r\n\r\r\n" + b"x" * 300 + b"\nEND\nINFO\n",
)
_MAX_HELLO, _MAX_LINE, _LONG = 200, 1000, 40
_MAX_ERROR = 2000


def _connection(flags: int) -> ServerConnection:
    password = b"secret" if flags & 2 else None
    made = ServerConnection(
        password=password, salt="s", iterations=1, max_line=_MAX_LINE, max_hello=_MAX_HELLO
    )
    if flags & 1 and password is None:
        [_] = made.receive(b"HELLO {}\n")
    return made


def _read(event: Event) -> Event:
    return finish(event.steps) if isinstance(event, LongLine) else event


def _fed(connection: ServerConnection, pieces: list[bytes]) -> list[Event]:
    """Return all events; what is true of a connection at any time is looked at after each."""
    events: list[Event] = []
    for piece in pieces:
        over = connection.state is ConnectionState.CLOSED
        limit = _MAX_HELLO if connection.state is ConnectionState.AWAITING_HELLO else _MAX_LINE
        found = connection.receive(piece)
        assert not (over and found)
        assert connection.kept <= max(limit, _MAX_LINE) + 1
        events += found
    return [_read(event) for event in events]


def cut(data: bytes, cuts: bytes) -> list[bytes]:
    """Return ``data`` in pieces whose lengths are told by ``cuts``, again and again."""
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)] + 1 if cuts else len(data)
        pieces.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


def is_one_line(reply: bytes) -> bool:
    """Tell whether a simple reply is just one: nobody can smuggle in a second."""
    return reply.endswith(b"\r\n") and not {10, 13} & set(reply[:-2])


def check_connection(data: bytes) -> None:
    """The same bytes give the same events, cut anywhere, read at once or in steps."""
    flags, cuts, data = (data[:1] or b"\0")[0], data[1:4], data[4:]
    whole = _fed(_connection(flags), [data])
    assert _fed(_connection(flags), cut(data, cuts)) == whole
    for event in whole[:-1]:
        assert not isinstance(event, ConnectionClosed | commands.End)
    for event in whole:
        if isinstance(event, Rejected):
            assert is_one_line(replies.error(event.text))
    with mock.patch.object(server, "LONG", _LONG):
        in_steps = _fed(_connection(flags), cut(data, cuts))
    # Of these two, and only of these, a long line is refused for its length.
    if b"FETCH " not in data and b"QUEUE " not in data:
        assert in_steps == whole


def _outcome(line: bytes, *, in_steps: bool) -> object:
    try:
        return finish(parse_in_steps(line)) if in_steps else parse_command(line)
    except CommandError as error:
        return error


def check_command(line: bytes) -> None:
    """A line is read the same way at once and in steps, and what comes of it is bounded."""
    command = _outcome(line, in_steps=False)
    if isinstance(command, CommandError):
        assert is_one_line(replies.error(command.detail))
        assert len(command.detail) < _MAX_ERROR
    verb, space, _ = line.partition(b" ")
    # A line that is read in steps is long, so something follows its first word.
    if space and verb not in {b"FETCH", b"QUEUE"}:
        other = _outcome(line, in_steps=True)
        if isinstance(command, CommandError) and isinstance(other, CommandError):
            assert other.detail == command.detail
        else:
            assert other == command
    if isinstance(command, Fail):
        assert len(command.message.encode()) <= commands.MAX_MESSAGE
        assert len(command.errtype.encode()) <= commands.MAX_ERRTYPE
        assert len(command.backtrace) <= commands.MAX_BACKTRACE
