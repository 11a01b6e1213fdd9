r"""The search words of lists: how to read and write a line of them.

A line has bare words, each of which must occur in the job, and qualified ones:

========================  =====================================================
``type:`` ``queue:``      the whole name; ``*`` stands for anything
``jid:``                  the whole id, exactly; ``*`` stands for anything
``error:``                text that occurs in the error's type and message
``args:``                 text that occurs in the arguments
``args.0.order_id:``      the value at a path; ``*`` as a step is any one key or
                          index, ``**`` any number of them
``before:`` ``after:``    when the job failed; when it is due or was enqueued if
                          it has not failed
========================  =====================================================

A value with spaces is put in double quotes, in which ``\"`` and ``\\`` are a quote and a
backslash. Letters match in either case, except in ids. A word with a colon that is none
of these is a bare word: addresses need no quotes. All terms must match.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.model.redaction import Redaction
from glasshouse.model.times import calendar_time

MAX_TERMS = 20
MAX_STEPS = 20
_TOKEN = re.compile(r'(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^\s"])+', re.DOTALL)
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|([^"]+)', re.DOTALL)
_STEP = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = re.compile(r'[^\s":*]+')
_RELATIVE = re.compile(r"([+-]?)([0-9]{1,6})(s|min|m|h|d)")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_MINUTE = 60


class ArgsTerm(msgspec.Struct, frozen=True):
    """A value that the arguments must have at a path; a pattern with ``*``."""

    path: tuple[str, ...]
    value: str


class JobQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for; every term must match. Times are Unix seconds.

    ``words``, ``error`` and ``args`` are texts that must occur; ``jobtype``,
    ``queue``, ``jid`` and the values of ``at_path`` are patterns with ``*``.

    Values that are ``hidden`` from the requester match nothing. Only jobs of queues that are
    ``shown`` match: globs, ``None`` for every queue.
    """

    words: tuple[str, ...] = ()
    jobtype: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    jid: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    at_path: tuple[ArgsTerm, ...] = ()
    before: float | None = None
    after: float | None = None
    hidden: tuple[Redaction, ...] = ()
    shown: tuple[str, ...] | None = None

    @property
    def has_texts(self) -> bool:
        """Whether any text is searched for within a job."""
        return bool(self.words or self.error or self.args)


def parse_query(text: str, now: float) -> JobQuery | None:
    """Return the query in a line of search words, or ``None`` if it is empty.

    Relative times count from ``now``, to the minute.

    Raises:
        InvalidError: a time cannot be understood, or there are too many terms.
    """
    terms: dict[str, list[str]] = {name: [] for name in _FIELDS}
    paths: list[ArgsTerm] = []
    bounds: dict[str, list[float]] = {"before": [], "after": []}
    for name, value in read_terms(text):
        if name in bounds:
            bounds[name].append(read_time(value, now))
        elif name.startswith("args."):
            paths.append(ArgsTerm(steps(name), value))
        else:
            terms[name].append(value)
    if not (paths or any(terms.values()) or any(bounds.values())):
        return None
    return JobQuery(
        words=tuple(terms[""]),
        jobtype=tuple(terms["type"]),
        queue=tuple(terms["queue"]),
        jid=tuple(terms["jid"]),
        error=tuple(terms["error"]),
        args=tuple(terms["args"]),
        at_path=tuple(paths),
        before=min(bounds["before"], default=None),
        after=max(bounds["after"], default=None),
    )


def write_term(name: str, value: str) -> str:
    """Return a qualified word (a bare one if ``name`` is empty) that is read as ``value``.

    ``*`` in a value is always a wildcard: it cannot be written literally.
    """
    written = value if _PLAIN.fullmatch(value) else _quoted(value)
    return f"{name}:{written}" if name else written


def read_time(text: str, now: float) -> float:
    """Return the Unix time that a person wrote.

    ``2026-11-26``, ``2026-11-26 10:30``, RFC 3339; ``10:30`` is today; ``2h``
    and ``-2h`` are two hours ago, ``+2h`` is in two hours (``s``, ``min``, ``h``,
    ``d``), to the minute. A time without a zone is UTC.

    Raises:
        InvalidError: it is none of these, or not within the years 1 to 9999.
    """
    text = text.strip()
    if text == "now":
        return now - now % _MINUTE
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        span = int(relative[2]) * _UNITS[relative[3]]
        base = now - now % _MINUTE if span >= _MINUTE else now
        return _shown(base + span if relative[1] == "+" else base - span)
    try:
        clock = _CLOCK.fullmatch(text)
        if clock is not None:
            today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
            at = today.replace(microsecond=0) + timedelta(
                hours=int(clock[1]), minutes=int(clock[2])
            )
        else:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=at.tzinfo or UTC)
        return _shown(at.timestamp())
    except (ValueError, OverflowError, OSError):
        raise InvalidError(
            f"{text[:60]!r} is not a time.",
            remedy="Enter a time as 2026-11-26, 2026-11-26 10:30, 10:30, 2h (ago) or +2h.",
        ) from None


def _shown(at: float) -> float:
    if calendar_time(at) is None:
        raise InvalidError(
            "This time is not within the years 1 to 9999.", remedy="Enter a time closer to now."
        )
    return at


_FIELDS = ("", "type", "queue", "jid", "error", "args")
_NAMES = frozenset({*_FIELDS, "before", "after"})


def read_terms(text: str) -> list[tuple[str, str]]:
    """Return (name, value) of each term; the name of a bare word is empty.

    Raises:
        InvalidError: there are too many.
    """
    terms: list[tuple[str, str]] = []
    pending = ""
    for match in _TOKEN.finditer(text):
        token = match.group()
        if pending:
            name, value, pending = pending, _unquoted(token), ""
        else:
            name, value = _split(token)
        if name and not value:
            # "type: Name": the value is the next token.
            pending = name
        elif value:
            terms.append((name, value))
    if len(terms) > MAX_TERMS:
        raise InvalidError(f"More than {MAX_TERMS} search words.", remedy="Search for fewer words.")
    return terms


def _split(token: str) -> tuple[str, str]:
    quoted = False
    for index, char in enumerate(token):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            name = token[:index]
            known = name.lower()
            if known in _NAMES and known:
                return known, _unquoted(token[index + 1 :])
            if known.startswith("args.") and len(name) > len("args."):
                return "args." + name[len("args.") :], _unquoted(token[index + 1 :])
            break
    return "", _unquoted(token)


def steps(name: str) -> tuple[str, ...]:
    """Return the steps of ``args.…``; a quoted step may contain dots."""
    steps = [_unquoted(part) for part in _STEP.findall(name[len("args.") :])]
    if len(steps) > MAX_STEPS:
        raise InvalidError(
            f"A path has more than {MAX_STEPS} levels.", remedy="Use ** for any number of levels."
        )
    return tuple(steps)


def _unquoted(token: str) -> str:
    return "".join(plain or _ESCAPED.sub(r"\1", quoted) for quoted, plain in _PIECE.findall(token))


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
