"""What a failed attempt leaves on a job, and what becomes of it (fwp.md §6)."""

from __future__ import annotations

import enum

import msgspec

from glasshouse.wire import fields as typed
from glasshouse.wire.commands import Fail
from glasshouse.wire.jsontext import JsonTextError

MAX_BACKOFF = 100 * 365 * 86_400
JITTER = range(30)

_KEYS = frozenset({
    "retry_count", "remaining", "failed_at", "next_at", "errtype", "message", "backtrace",
})  # fmt: skip


class FailureOutcome(enum.StrEnum):
    """What becomes of a job that failed."""

    DROP = "drop"
    RETRY = "retry"
    DEAD = "dead"


class _Record(msgspec.Struct, omit_defaults=True):
    retry_count: int
    remaining: int
    failed_at: str
    errtype: str
    message: str
    next_at: str | None = None
    backtrace: tuple[str, ...] = ()


def after_failure(retry: int, previous_count: int | None) -> FailureOutcome:
    """Return the fate of a job that allows ``retry`` retries.

    ``previous_count`` is the ``retry_count`` of its record before this failure,
    ``None`` when it never failed.
    """
    if retry == 0:
        return FailureOutcome.DROP
    return FailureOutcome.RETRY if _next_count(previous_count) < retry else FailureOutcome.DEAD


def backoff(count: int, jitter: int) -> int:
    """Return the seconds to wait before retry ``count``; the caller draws ``jitter`` in 0..29.

    Clients may send their own record with any count, so the wait is limited to 100 years.
    """
    return min(count**4 + 15 + jitter * (count + 1), MAX_BACKOFF)


def retry_count(previous: bytes | None) -> int | None:
    """Return the ``retry_count`` of a failure record as JSON, ``None`` without a record."""
    fields = _read(previous)
    return None if fields is None else max(0, _integer(fields, "retry_count") or 0)


def fail_record(
    previous: bytes | None, retry: int, fail: Fail, now: str, next_at: str | None
) -> bytes:
    """Return the new ``failure`` object as JSON.

    ``previous`` is the previous record, ``now`` and ``next_at`` are RFC 3339 times;
    ``next_at`` is ``None`` when the job is not retried.
    """
    fields = _read(previous)
    remaining, failed_at = retry, now
    if fields is not None:
        left = _integer(fields, "remaining")
        remaining = max(0, (retry if left is None else left) - 1)
        failed_at = _failed_at(fields) or now
    record = _Record(
        _next_count(retry_count(previous)), remaining, failed_at, fail.errtype, fail.message,
        next_at, fail.backtrace,
    )  # fmt: skip
    return msgspec.json.encode(record)


def _next_count(previous: int | None) -> int:
    return 0 if previous is None else previous + 1


def _read(previous: bytes | None) -> dict[str, bytes] | None:
    """Return the record's fields; a client may have sent anything, so nothing is an error."""
    try:
        return None if previous is None else typed.read_object(previous, _KEYS)
    except JsonTextError:
        return None


def _integer(fields: dict[str, bytes], name: str) -> int | None:
    try:
        return typed.integer(fields, name)
    except JsonTextError:
        return None


def _failed_at(fields: dict[str, bytes]) -> str:
    try:
        return typed.string(fields, "failed_at")
    except JsonTextError:
        return ""
