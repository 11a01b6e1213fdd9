"""Whether a stored job matches a line of search words: pure, total.

Arguments of more than 1 MiB, or nested too deeply to be decoded, are searched as
stored text: no path is followed into them, and a value at a path then matches
when it occurs anywhere in them.

However long a payload is, it is searched window by window. Between two windows
``pause`` is called, so that a caller that has run out of time can stop by raising.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from glasshouse.model import name_patterns
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import ArgsTerm, JobQuery
from glasshouse.model.name_patterns import alike
from glasshouse.model.times import stored_time
from glasshouse.wire import lenient
from glasshouse.wire.argpaths import PathTooWideError, values
from glasshouse.wire.masking import masked

DEAD_SECONDS = 180 * 86400.0
"""How long Faktory keeps a dead job; an entry's time is when it expires."""
_WITHIN_ERRORS = re.compile(r"[^\s:]+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_BYTES_OF_A_CHARACTER = 6
"""Maximum number of bytes that one character takes, as an escape."""

WINDOW = 64 << 10
"""Bytes of a text that are searched at once."""

Pause = Callable[[], None]


def go_on() -> None:
    """Do nothing: the caller has unlimited time."""


def matches(wanted: JobQuery, job: StoredJob, pause: Pause = go_on) -> bool:
    """Return whether every term of ``wanted`` holds for ``job``.

    ``pause`` is called every so often; what it raises is propagated.
    """
    if wanted.shown is not None and not name_patterns.within(wanted.shown, job.queue):
        return False
    if not (
        all(name_patterns.matches(pattern, job.jid) for pattern in wanted.jid)
        and _named(wanted.jobtype, job.jobtype)
        and _named(wanted.queue, job.queue)
    ):
        return False
    if not (wanted.has_texts or wanted.at_path) and wanted.before is None and wanted.after is None:
        return True
    # From here on nothing that is hidden is involved: what is done, and how long it takes,
    # depends only on what may be seen.
    job = masked(job, wanted.hidden)
    members = lenient.fields(job.payload)
    facts = _facts(members)
    return (
        _in_time(wanted, job, members, facts)
        and _in_error(wanted.error, facts)
        and _in_texts(wanted, job, members, facts, pause)
        and _at_paths(wanted.at_path, _args(job, members, b""), pause)
    )


def moment(job: StoredJob) -> float | None:
    """Return the time to which ``before:`` and ``after:`` refer for a job (Unix seconds).

    When it failed; for a dead job that does not state it, when it died, which is 180 days
    before it expires (fwp.md §7); else when it is due, or was enqueued.
    """
    members = lenient.fields(job.payload)
    return _moment(job, members, _facts(members))


def moment_and_error(job: StoredJob) -> tuple[float | None, str]:
    """Return the time as ``moment`` does, and the type of the error; empty if it did not fail."""
    members = lenient.fields(job.payload)
    facts = _facts(members)
    errtype = facts.get("errtype")
    return _moment(job, members, facts), errtype[:200] if isinstance(errtype, str) else ""


def error_parts(wanted: JobQuery) -> list[str]:
    """Return parts of the texts that an error must have, each within its type or its message.

    Those texts are matched against an error as it is shown, but its type and message are
    stored separately: what is between blanks and colons is in one of them.
    """
    return [part for text in wanted.error for part in _WITHIN_ERRORS.findall(text)]


def moment_and_searchable(job: StoredJob, most: int) -> tuple[float | None, str]:
    """Return the time as ``moment`` does, and the text by which an index finds a job, casefolded.

    Every text that ``matches`` searches for in ``job`` occurs in that text; for the texts of an
    error, their ``error_parts`` do. If there are more than ``most`` characters, only that many
    and at least one more are included.
    """
    members = lenient.fields(job.payload)
    facts = _facts(members)
    most_bytes = (most + 1) * _BYTES_OF_A_CHARACTER
    args = plain(_args(job, members, b"" if members else job.payload)[:most_bytes])
    custom = plain(members.get("custom", b"")[:most_bytes])
    about = [text[: most + 1] for text in (*_about(job, facts), custom, args)]
    return _moment(job, members, facts), "\n".join(about).casefold()


def plain(raw: bytes) -> str:
    """Return stored JSON as text in which each escape is replaced by its character."""
    stored = lenient.text(raw)
    return _ESCAPE.sub(_unescaped, stored) if "\\" in stored else stored


def _unescaped(match: re.Match[str]) -> str:
    code, char = match.groups()
    return chr(int(code, 16)) if code else _SHORT.get(char, char)


def _named(patterns: Sequence[str], name: str) -> bool:
    return all(alike(pattern, name) for pattern in patterns)


def _in_time(
    wanted: JobQuery, job: StoredJob, members: dict[str, bytes], facts: dict[str, object]
) -> bool:
    if wanted.before is None and wanted.after is None:
        return True
    at = _moment(job, members, facts)
    return (
        at is not None
        and (wanted.before is None or at < wanted.before)
        and (wanted.after is None or at >= wanted.after)
    )


def _facts(members: dict[str, bytes]) -> dict[str, object]:
    failure = lenient.value(members.get("failure"))
    return failure if isinstance(failure, dict) else {"message": failure}


def _moment(job: StoredJob, members: dict[str, bytes], facts: dict[str, object]) -> float | None:
    at = stored_time(facts.get("failed_at"))
    if at is not None:
        return at
    if job.at is not None:
        return job.at - DEAD_SECONDS if job.state is JobState.DEAD else job.at
    return stored_time(lenient.value(members.get("enqueued_at")))


def _in_error(texts: Sequence[str], facts: dict[str, object]) -> bool:
    if not texts:
        return True
    kind, message = _text(facts.get("errtype")), _text(facts.get("message"))
    parts = [part for part in (kind, message) if part]
    # As a page shows them, and as a log line would.
    shown = (" ".join(parts).casefold(), ": ".join(parts).casefold())
    return all(any(text.casefold() in line for line in shown) for text in texts)


def _in_texts(
    wanted: JobQuery,
    job: StoredJob,
    members: dict[str, bytes],
    facts: dict[str, object],
    pause: Pause,
) -> bool:
    if not (wanted.words or wanted.args):
        return True
    args = {text.casefold() for text in wanted.args}
    words = {word.casefold() for word in wanted.words}
    stored = _args(job, members, b"" if members else job.payload)
    left = _without(args | words, _stored_windows(stored, args | words), pause)
    if left & args:
        return False
    # Separate places: no word spans two of them.
    for text in _about(job, facts):
        left = _without(left, _text_windows(text, left), pause)
    return not _without(left, _stored_windows(members.get("custom", b""), left), pause)


def _without(texts: set[str], windows: Iterable[str], pause: Pause) -> set[str]:
    """Return those of ``texts``, casefolded, that are in none of the windows."""
    left = set(texts)
    for number, window in enumerate(windows):
        if not left:
            break
        if number:
            pause()
        left = {text for text in left if text not in window}
    return left


def _stored_windows(raw: bytes, texts: Iterable[str]) -> Iterator[str]:
    """Yield stored JSON as casefolded text; each of ``texts`` in it is whole in some window."""
    return _overlapping(map(plain, _parts(raw)), texts)


def _text_windows(text: str, texts: Iterable[str]) -> Iterator[str]:
    parts = (text[at : at + WINDOW] for at in range(0, len(text), WINDOW))
    return _overlapping(parts, texts)


def _overlapping(parts: Iterable[str], texts: Iterable[str]) -> Iterator[str]:
    overlap = max(map(len, texts), default=1) - 1
    before = ""
    for part in parts:
        window = before + part.casefold()
        yield window
        before = window[-overlap:] if overlap > 0 else ""


def _parts(raw: bytes) -> Iterator[bytes]:
    """Yield stored JSON in parts; no character is split between two of them."""
    start = 0
    while len(raw) - start > WINDOW:
        end = _boundary(raw, start + WINDOW)
        yield raw[start:end]
        start = end
    yield raw[start:]


def _boundary(raw: bytes, end: int) -> int:
    """Return the last place up to ``end`` that is not inside an escape or a character."""
    escape = raw.rfind(b"\\", end - _BYTES_OF_A_CHARACTER + 1, end)
    if escape >= 0:
        first = escape
        # A hundred are as good as all: no one wrote such a text.
        while first > escape - 100 and raw[first - 1 : first] == b"\\":
            first -= 1
        if (escape - first) % 2 == 0:
            return escape
    for back in range(min(4, end)):
        if raw[end - back] & 0xC0 != 0x80:  # noqa: PLR2004 - the bits of UTF-8
            return end - back
    return end


def _about(job: StoredJob, facts: dict[str, object]) -> list[str]:
    """Return the texts that describe a job, apart from its arguments and custom fields."""
    trace = facts.get("backtrace")
    lines = trace if isinstance(trace, list) else [trace]
    return [
        *(job.jid, job.jobtype, job.queue, _text(facts.get("errtype"))),
        *(_text(facts.get("message")), *(_text(line) for line in lines)),
    ]


def _args(job: StoredJob, members: dict[str, bytes], otherwise: bytes) -> bytes:
    """Return the arguments as they are stored; their beginning if no more is known."""
    if job.shown_args is not None:
        return job.shown_args.encode("utf-8", "replace")
    return members.get("args", otherwise)


def _at_paths(terms: Sequence[ArgsTerm], raw: bytes, pause: Pause) -> bool:
    if not terms:
        return True
    try:
        args = _decoded(raw)
        return all(_at_path(term, args, pause) for term in terms)
    except (ValueError, RecursionError, PathTooWideError):
        parts = {part.casefold() for term in terms for part in term.value.split("*")}
        return not _without(parts - {""}, _stored_windows(raw, parts), pause)


def _at_path(term: ArgsTerm, args: object, pause: Pause) -> bool:
    return any(alike(term.value, _scalar(value)) for value in values(args, term.path, pause))


def _decoded(raw: bytes) -> object:
    if len(raw) > lenient.MAX_SCAN:
        raise ValueError("too long to be decoded")
    # Numbers keep their text: 12345678901234567890 is found by its digits.
    return json.loads(lenient.text(raw), strict=False, parse_float=str, parse_int=str)


def _scalar(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(data: object) -> str:
    """Return a job's value as text; as JSON if it should be text and is not."""
    if isinstance(data, str):
        return data
    # A value nested without limit is shown only by its kind, and not found by its contents.
    return "" if data is None else lenient.as_json(data) or ""
