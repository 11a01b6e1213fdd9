"""A client's command line as a typed value (fwp.md §4).

``parse_command`` either returns one of these or raises the error text that the
client gets; what it returns is clean and bounded. A long line is read in steps,
so that only its sender waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.model.server import WorkerState
from glasshouse.wire import fields as typed
from glasshouse.wire.echo import clip, echo
from glasshouse.wire.jobs import (
    JobError,
    NewJob,
    check_queue,
    parse_job,
    parse_job_in_steps,
    parse_jobs,
    parse_jobs_in_steps,
)
from glasshouse.wire.jsontext import (
    JsonTextError,
    Steps,
    decode_start,
    decode_string,
    finish,
    members_in_steps,
)
from glasshouse.wire.mutation import Mutate, MutationError, parse_mutation_in_steps

MAX_ERRTYPE, MAX_MESSAGE, MAX_BACKTRACE = 100, 1000, 50
MAX_BACKTRACE_LINE = 4096
MAX_QUEUES = 1000
LONG = 16 << 10
"""A line with more bytes counts as long; one that names queues must not be long."""

_TURN = 64
_LONGEST_NULL = 20
_INTERNAL = "internal error"


class CommandError(InvalidError):
    """A line cannot be executed; ``detail`` is what follows ``-ERR ``."""

    code = "invalid_command"


class Push(msgspec.Struct, frozen=True):
    """PUSH: accept one job."""

    job: NewJob


class PushBulk(msgspec.Struct, frozen=True):
    """PUSHB: accept ``jobs``; ``rejected`` maps the other jids to the reason."""

    jobs: tuple[NewJob, ...]
    rejected: dict[str, str]


class Fetch(msgspec.Struct, frozen=True):
    """FETCH: hand out a job of the first queue that has one; no queues: wait for nothing."""

    queues: tuple[str, ...]


class Ack(msgspec.Struct, frozen=True):
    """ACK: the job is done."""

    jid: str


class Fail(msgspec.Struct, frozen=True):
    """FAIL: the attempt failed; the texts are clean and bounded (fwp.md §6)."""

    jid: str
    errtype: str
    message: str
    backtrace: tuple[str, ...]


class Beat(msgspec.Struct, frozen=True):
    """BEAT: the worker is alive; ``current_state`` is the state that it reports, if any."""

    wid: str
    current_state: WorkerState | None
    rss_kb: int


class Info(msgspec.Struct, frozen=True):
    """INFO: report on the server."""


class Flush(msgspec.Struct, frozen=True):
    """FLUSH: forget everything."""


class End(msgspec.Struct, frozen=True):
    """END: close without a reply."""


class QueuePause(msgspec.Struct, frozen=True):
    """QUEUE PAUSE; ``None`` means every queue."""

    names: tuple[str, ...] | None


class QueueResume(msgspec.Struct, frozen=True):
    """QUEUE RESUME; ``None`` means every queue."""

    names: tuple[str, ...] | None


class QueueRemove(msgspec.Struct, frozen=True):
    """QUEUE REMOVE; ``None`` means every queue."""

    names: tuple[str, ...] | None


class QueueLatency(msgspec.Struct, frozen=True):
    """QUEUE LATENCY: the age of each queue's next job."""

    names: tuple[str, ...]


Command = (
    Push | PushBulk | Fetch | Ack | Fail | Beat | Info | Flush | End
    | QueuePause | QueueResume | QueueRemove | QueueLatency | Mutate
)  # fmt: skip


class _AckBody(msgspec.Struct, forbid_unknown_fields=True):
    jid: str


class _FailBody(msgspec.Struct, forbid_unknown_fields=True):
    jid: str
    errtype: str = ""
    message: str = ""
    backtrace: list[str] = []


_decode_ack = msgspec.json.Decoder(_AckBody).decode
_decode_fail = msgspec.json.Decoder(_FailBody).decode
_ODD = (ValueError, RecursionError)  # msgspec's and Unicode's errors are ValueErrors
_FAIL_KEYS = frozenset({"jid", "errtype", "message", "backtrace"})
_ACK_KEYS = frozenset({"jid"})
_BEAT_KEYS = frozenset({"wid", "current_state", "rss_kb"})


def parse_command(line: bytes) -> Command:
    """Return the command in ``line`` (without its line end).

    Raises:
        CommandError: with the text that the reference answers.
    """
    verb, space, body = line.partition(b" ")
    parse = _PARSERS.get(verb)
    if parse is None:
        raise CommandError(f"unknown command {echo(verb)}")
    try:
        return parse(body if space else None)
    except (JobError, MutationError) as error:
        raise CommandError(error.detail) from None
    except JsonTextError as error:
        raise CommandError(f"invalid JSON: {error.detail}") from None


def parse_in_steps(line: bytes) -> Steps[Command]:
    """Do what ``parse_command`` does, in steps; for long lines."""
    verb, _, body = line.partition(b" ")
    parse = _LONG_PARSERS.get(verb)
    if parse is None:
        if verb in _NAME_QUEUES:
            raise CommandError(f"{verb.decode()} takes at most {LONG} bytes")
        return parse_command(line)
    try:
        return (yield from parse(body))
    except (JobError, MutationError) as error:
        raise CommandError(error.detail) from None
    except JsonTextError as error:
        raise CommandError(f"invalid JSON: {error.detail}") from None


def _needed(body: bytes | None) -> bytes:
    """Return the argument; the reference fails on a missing one (T7)."""
    if body is None:
        raise CommandError(_INTERNAL)
    return body


def _push(body: bytes | None) -> Push:
    return Push(parse_job(_needed(body)))


def _push_in_steps(body: bytes) -> Steps[Command]:
    return Push((yield from parse_job_in_steps(body)))


def _push_bulk(body: bytes | None) -> PushBulk:
    jobs, rejected = parse_jobs(_needed(body))
    return PushBulk(tuple(jobs), rejected)


def _push_bulk_in_steps(body: bytes) -> Steps[Command]:
    jobs, rejected = yield from parse_jobs_in_steps(body)
    return PushBulk(tuple(jobs), rejected)


def _fetch(body: bytes | None) -> Fetch:
    if body is None:
        raise CommandError("must call fetch with at least one queue")
    names = _names(body)
    if len(names) > MAX_QUEUES:
        raise CommandError(f"fetch takes at most {MAX_QUEUES} queues")
    return Fetch(names)


def _ack(body: bytes | None) -> Command:
    text = _needed(body)
    try:
        return Ack(_decode_ack(text).jid)
    except _ODD:
        return finish(_ack_in_steps(text))


def _ack_in_steps(text: bytes) -> Steps[Command]:
    # A map of strings, whose keys match exactly: "JID" is just another string.
    jid: str | None = None
    try:
        for count, (key, value) in enumerate((yield from members_in_steps(text))):
            if not count % _TURN:
                yield
            typed.has_string({"": value}, "")
            if typed.read_key(key, _ACK_KEYS, exactly=True):
                jid = "" if value == typed.NULL else decode_string(value)
    except JsonTextError:
        jid = None
    if jid is None:
        raise CommandError(f"invalid ACK {echo(text)}")
    return Ack(jid)


def _fail(body: bytes | None) -> Command:
    text = _needed(body)
    try:
        given = _decode_fail(text)
    except _ODD:
        return finish(_fail_in_steps(text))
    return _failure(given.jid, given.errtype, given.message, given.backtrace)


def _fail_in_steps(text: bytes) -> Steps[Command]:
    fields = yield from typed.read_object_in_steps(_object(text), _FAIL_KEYS)
    jid = typed.string(fields, "jid")
    errtype, message = (typed.start_of_string(fields, name) for name in ("errtype", "message"))
    lines = yield from typed.strings_in_steps(fields, "backtrace", decode_start, most=MAX_BACKTRACE)
    return _failure(jid, errtype, message, lines)


def _failure(jid: str, errtype: str, message: str, lines: Sequence[str]) -> Fail:
    if not jid:
        raise CommandError("missing JID")
    return Fail(
        jid,
        clip(errtype.strip(), MAX_ERRTYPE) or "unknown",
        clip(message.strip(), MAX_MESSAGE) or "unknown",
        tuple(clip(line, MAX_BACKTRACE_LINE) for line in lines[:MAX_BACKTRACE]),
    )


def _beat_in_steps(text: bytes) -> Steps[Command]:
    try:
        fields = yield from typed.read_object_in_steps(_object(text), _BEAT_KEYS)
        state = typed.string(fields, "current_state")
        return Beat(
            typed.string(fields, "wid"),
            WorkerState(state) if state in _STATES else None,
            typed.integer(fields, "rss_kb") or 0,
        )
    except JsonTextError:
        raise CommandError(f"invalid BEAT {echo(text)}") from None


def _object(text: bytes) -> bytes:
    """Return an object's text; the reference takes ``null`` for an empty one."""
    return b"{}" if len(text) <= _LONGEST_NULL and text.strip() == typed.NULL else text


def _queue(body: bytes | None) -> Command:
    name, space, rest = _needed(body).partition(b" ")
    action = echo(name).upper()
    names = _names(rest)
    if action == "LATENCY":
        if names[:1] == ("*",):
            raise CommandError("QUEUE LATENCY does not support wildcards")
        return QueueLatency(tuple(dict.fromkeys(names)))
    kind = _QUEUE_ACTIONS.get(action)
    if kind is None:
        raise CommandError(f"no such QUEUE subcommand: {action}")
    if not space:
        raise CommandError(_INTERNAL)
    if kind is QueuePause and names[:1] != ("*",):
        # A pause is kept for a queue that does not exist yet, so the name must be a valid one.
        for queue in names:
            check_queue(queue)
    return kind(None if names[:1] == ("*",) else names)


def _mutate(body: bytes | None) -> Command:
    return finish(parse_mutation_in_steps(b" " if body is None else body))


def _batch(_: bytes | None) -> Command:
    raise CommandError("batch subsystem is only available in Faktory Enterprise")


def _track(_: bytes | None) -> Command:
    raise CommandError("tracking subsystem is only available in Faktory Enterprise")


def _names(text: bytes) -> tuple[str, ...]:
    return tuple(name.decode(errors="replace") for name in text.split(b" ") if name)


_STATES = frozenset(state.value for state in WorkerState)
_QUEUE_ACTIONS: dict[str, Callable[[tuple[str, ...] | None], Command]] = {
    "PAUSE": QueuePause,
    "RESUME": QueueResume,
    "REMOVE": QueueRemove,
}
_PARSERS: dict[bytes, Callable[[bytes | None], Command]] = {
    b"PUSH": _push,
    b"PUSHB": _push_bulk,
    b"FETCH": _fetch,
    b"ACK": _ack,
    b"FAIL": _fail,
    b"BEAT": lambda body: finish(_beat_in_steps(_needed(body))),
    b"INFO": lambda _: Info(),
    b"FLUSH": lambda _: Flush(),
    b"END": lambda _: End(),
    b"QUEUE": _queue,
    b"MUTATE": _mutate,
    b"BATCH": _batch,
    b"TRACK": _track,
}
_LONG_PARSERS: dict[bytes, Callable[[bytes], Steps[Command]]] = {
    b"PUSH": _push_in_steps,
    b"PUSHB": _push_bulk_in_steps,
    b"ACK": _ack_in_steps,
    b"FAIL": _fail_in_steps,
    b"BEAT": _beat_in_steps,
    b"MUTATE": parse_mutation_in_steps,
}
_NAME_QUEUES = frozenset({b"FETCH", b"QUEUE"})
