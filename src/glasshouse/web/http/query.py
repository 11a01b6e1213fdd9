"""Strict query parameters: each route names those it accepts; the rest are ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote_to_bytes

from glasshouse.ledger.record import Event
from glasshouse.model.errors import InvalidError
from glasshouse.model.finished import FAILED, FinishedFilter
from glasshouse.model.job import Outcome
from glasshouse.model.jobquery import read_time
from glasshouse.model.messages import message

MAX_PAGE = 10**7
MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 25
MAX_TEXT = 500
MAX_ADDRESS = 6000
MAX_ENTRY = 10**18 - 1
FAILED_OUTCOMES = "failed"
"""Stands for every outcome of a failed execution."""
OUTCOMES = (*(outcome.value for outcome in Outcome), FAILED_OUTCOMES)
_PLACE = re.compile(r"-?(inf|[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?)(,[0-9]{1,18})?")
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{5,15}(Z|[+-][0-9]{2}:?[0-9]{2})?)?")
_YEAR_9999 = 253370764800.0
_EVENTS = frozenset(event.value for event in Event)
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """Return all parameters in order, decoded.

    Raises:
        InvalidError: part of it is not UTF-8.
    """
    result = []
    for part in filter(None, raw.split(b"&")):
        name, _, value = part.partition(b"=")
        result.append((_decoded(name), _decoded(value)))
    return result


def taken(raw: bytes, names: Collection[str]) -> dict[str, str]:
    """Return the parameters in ``names``, checked.

    Raises:
        InvalidError: one was given twice or has no acceptable value.
    """
    result: dict[str, str] = {}
    for name, value in pairs(raw):
        if name not in names:
            continue
        if name in result:
            raise InvalidError(f"The parameter {name!r} was given twice.", remedy="Give it once.")
        _CHECKS[name](name, value)
        result[name] = value
    return result


def _long(name: str, value: str) -> None:
    if len(value) > MAX_ADDRESS:
        raise InvalidError(f"The parameter {name!r} is too long.", remedy="Remove it.")


def _number(limit: int) -> Callable[[str, str], None]:
    def check(name: str, value: str) -> None:
        if not _NUMBER.fullmatch(value) or int(value) > limit:
            raise InvalidError(
                f"The parameter {name!r} is not a whole number from 1 to {limit}.",
                remedy=f"Give {name} a number from 1 to {limit}.",
            )

    return check


def _text(name: str, value: str) -> None:
    if len(value) > MAX_TEXT:
        raise InvalidError(f"The parameter {name!r} is too long.", remedy="Shorten the search.")


def _event(name: str, value: str) -> None:
    if value.endswith("*"):
        known = any(event.startswith(value[:-1]) for event in _EVENTS)
    else:
        known = not value or value in _EVENTS
    if not known:
        raise InvalidError(
            f"The parameter {name!r} is not an audit log event.",
            remedy=f"Use one of {', '.join(sorted(_EVENTS))}, or a prefix followed by *.",
        )


def _outcome(name: str, value: str) -> None:
    if value and value not in OUTCOMES:
        raise InvalidError(
            f"The parameter {name!r} is not a job outcome.",
            remedy=f"Use one of {', '.join(OUTCOMES)}.",
        )


def _shape(pattern: re.Pattern[str], remedy: str) -> Callable[[str, str], None]:
    def check(name: str, value: str) -> None:
        if not pattern.fullmatch(value):
            raise InvalidError(f"The parameter {name!r} cannot be parsed.", remedy=remedy)

    return check


def _time(name: str, value: str) -> None:
    _shape(_STAMP, message(f"Give {name} a time like 2026-11-26T10:30:00Z."))(name, value)
    read_time(value, 0.0)


def _time_or_none(name: str, value: str) -> None:
    if value:
        _time(name, value)
        if not 0 <= read_time(value, 0.0) < _YEAR_9999:
            raise InvalidError(
                f"The parameter {name!r} is a time out of range.",
                remedy="Give one between 1970 and 9999.",
            )


_CHECKS: dict[str, Callable[[str, str], None]] = {
    "page": _number(MAX_PAGE),
    "per_page": _number(MAX_PER_PAGE),
    "q": _text,
    "next": _long,
    "back": _long,
    "state": _long,
    "code": _long,
    "iss": _long,
    "go": _text,
    "at": _time,
    "from": _shape(_PLACE, message("Use the links in the list; they contain positions.")),
    "order": _shape(re.compile("reverse"), message("Remove it, or use order=reverse.")),
    "sort": _shape(
        re.compile("name|size|latency|growth|expires"), message("Use the links in the table.")
    ),
    "name": _text,
    "type": _text,
    "event": _event,
    "format": _shape(re.compile("csv|jsonl"), message("Use format=csv or format=jsonl.")),
    "actor": _text,
    "queue": _text,
    "id": _text,
    "error": _text,
    "entry": _shape(re.compile("[0-9a-f]{24}"), message("Use the links on the job's page.")),
    "outcome": _outcome,
    "until": _number(MAX_ENTRY),
    "since": _time_or_none,
    "before": _time_or_none,
    "days": _shape(re.compile("30|90|180"), message("Use 30, 90 or 180.")),
}


def finished_filter(given: Mapping[str, str]) -> FinishedFilter:
    """Return the finished-log filter of checked parameters; an empty one filters nothing."""
    outcome, until, at = given.get("outcome", ""), given.get("until"), given.get("at")
    outcomes = FAILED if outcome == FAILED_OUTCOMES else (Outcome(outcome),) if outcome else ()
    return FinishedFilter(
        jid=given.get("id") or None,
        jobtype=given.get("type") or None,
        queue=given.get("queue") or None,
        outcomes=outcomes,
        error=given.get("error") or None,
        at=None if at is None else read_time(at, 0.0),
        until=None if until is None else int(until),
    )


def _decoded(part: bytes) -> str:
    try:
        return unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise InvalidError(
            "The query is not valid UTF-8.", remedy="Check the address for a copying mistake."
        ) from None
