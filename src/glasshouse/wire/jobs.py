"""A pushed job: checked by fwp.md §3's rules, its text kept as the client wrote it.

An ordinary job is read by msgspec alone, and its payload is the pushed text with
the server's fields appended; any other, or a very long one, goes through our own
scanner, which works in steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.model.job import WRAPPER
from glasshouse.model.messages import message
from glasshouse.model.times import parse_time
from glasshouse.wire import fields as typed
from glasshouse.wire.echo import echo
from glasshouse.wire.jobnames import name_of, wrapped_name
from glasshouse.wire.jsontext import JsonTextError, Steps, elements_in_steps, finish
from glasshouse.wire.payload import AT_ONCE, take_apart

DEFAULT_QUEUE = "default"
DEFAULT_RETRY = 25
MAX_RESERVE = 86_400
_DEFAULT_QUEUE_MEMBER = b',"queue":"default"'
_LEAST_JID = 8
# This many jobs are one step; a longer one is read in its own steps.
_TURN = 8
_SHORT = 4 << 10
_queue_name = re.compile(r"[a-zA-Z0-9._-]+").fullmatch
_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_BRACKET = ord("[")
_NO_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_ODD = (ValueError, RecursionError)  # msgspec's and Unicode's errors are ValueErrors


class JobError(InvalidError):
    """A job is refused; ``detail`` is the protocol's text (without ``ERR``).

    ``malformed`` states that the JSON itself is invalid, so that a whole PUSHB is refused.
    """

    code = "invalid_job"

    def __init__(self, detail: str, *, jid: str = "", malformed: bool = False) -> None:
        """Keep the text and the id of the job, if it has one."""
        super().__init__(detail)
        self.jid = jid
        self.malformed = malformed


class NewJob(msgspec.Struct, frozen=True, gc=False):
    """A job that was accepted. ``at`` is in Unix seconds, ``reserve_for`` in seconds.

    ``jobtype`` is the job's name (``wire.jobnames``). ``retry`` is ``None`` when the job
    does not specify it.

    ``body`` is the pushed JSON object; ``lacks`` is the text of the members that it
    still needs, each preceded by a comma.
    """

    jid: str
    jobtype: str
    queue: str
    retry: int | None
    reserve_for: int
    at: float | None
    body: bytes
    lacks: bytes = b""
    dated: bool = True

    def payload(self, *, now: str, enqueued: bool, default_retry: int = DEFAULT_RETRY) -> bytes:
        """Return the JSON to store at ``now`` (RFC 3339); ``enqueued``: into its queue."""
        stamp = now.encode()
        tail = self.lacks
        if self.retry is None:
            tail += b',"retry":%d' % default_retry
        if not self.dated:
            tail += b',"created_at":"%b"' % stamp
        if enqueued:
            tail += b',"enqueued_at":"%b"' % stamp
        return self.body[:-1] + tail + b"}" if tail else self.body


class _Ordinary(msgspec.Struct, forbid_unknown_fields=True):
    """A job that needs only additions; anything else fails to decode."""

    jid: str
    jobtype: str
    args: msgspec.Raw
    queue: str | msgspec.UnsetType = msgspec.UNSET
    retry: _Int64 | msgspec.UnsetType = msgspec.UNSET
    reserve_for: _Int64 = 0
    at: str = ""
    backtrace: _Int64 = 0
    created_at: str | msgspec.UnsetType = msgspec.UNSET
    custom: dict[str, msgspec.Raw] | None = None


_decode_ordinary = msgspec.json.Decoder(_Ordinary).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def parse_job(raw: bytes) -> NewJob:
    """Return the job in ``raw``, a JSON object.

    Raises:
        JobError: it breaks a rule of fwp.md §3, with that section's text.
    """
    raw = raw.strip(b" \t\r\n")
    job = _parse_ordinary(raw)
    return finish(_parse_odd(raw)) if job is None else job


def parse_job_in_steps(raw: bytes) -> Steps[NewJob]:
    """Do what ``parse_job`` does, in steps."""
    raw = raw.strip(b" \t\r\n")
    job = _parse_ordinary(raw) if len(raw) <= AT_ONCE else None
    if job is None:
        job = yield from _parse_odd(raw)
    return job


def parse_jobs(raw: bytes) -> tuple[list[NewJob], dict[str, str]]:
    """Return the jobs of a PUSHB and, by jid, why others are refused.

    Raises:
        JobError: ``raw`` is not an array of JSON objects with fields of the right type.
    """
    return finish(parse_jobs_in_steps(raw))


def parse_jobs_in_steps(raw: bytes) -> Steps[tuple[list[NewJob], dict[str, str]]]:
    """Do what ``parse_jobs`` does, in steps."""
    jobs: list[NewJob] = []
    rejected: dict[str, str] = {}
    for count, item in enumerate((yield from _items(raw))):
        if not count % _TURN:
            yield
        try:
            if len(item) <= _SHORT:
                jobs.append(parse_job(item))
            else:
                jobs.append((yield from parse_job_in_steps(item)))
        except JobError as error:
            if error.malformed:
                raise
            rejected[error.jid] = error.detail
    return jobs, rejected


def _items(raw: bytes) -> Steps[Iterator[bytes]]:
    if len(raw) <= AT_ONCE:
        try:
            return map(bytes, _decode_array(raw))
        except _ODD:
            pass
    try:
        spans = yield from elements_in_steps(raw)
    except JsonTextError as error:
        raise _malformed(error) from None
    return (raw[spans[at] : spans[at + 1]] for at in range(0, len(spans), 2))


def _parse_ordinary(raw: bytes) -> NewJob | None:
    try:
        job = _decode_ordinary(raw)
    except _ODD:
        return None
    queue, retry, dated = job.queue, job.retry, job.created_at
    if queue == "" or dated == "" or memoryview(job.args)[0] != _BRACKET:
        return None
    lacks = b""
    if queue is msgspec.UNSET:
        queue, lacks = DEFAULT_QUEUE, _DEFAULT_QUEUE_MEMBER
    _check(job.jid, job.jobtype, job.reserve_for, has_args=True)
    at = _read_at(job.at, job.jid) if job.at else None
    if _queue_name(queue) is None:
        raise _bad_queue(queue, job.jid)
    jobtype = job.jobtype if job.jobtype != WRAPPER else name_of(job.jobtype, raw)
    return NewJob(
        job.jid, jobtype, queue, None if retry is msgspec.UNSET else retry,
        job.reserve_for, at, _one_line(raw), lacks, dated is not msgspec.UNSET,
    )  # fmt: skip


def _parse_odd(raw: bytes) -> Steps[NewJob]:
    """Read a job field by field and write what the server must change."""
    if raw == typed.NULL:
        # The reference takes it for an empty job, and refuses it as such.
        raise _no_jid("")
    try:
        apart = yield from take_apart(raw)
        fields = apart.fields
        jid, jobtype, queue, at_text = (
            typed.string(fields, name) for name in ("jid", "jobtype", "queue", "at")
        )
        dated = typed.has_string(fields, "created_at")
        typed.has_string(fields, "enqueued_at")
        retry, reserve_for = typed.integer(fields, "retry"), typed.integer(fields, "reserve_for")
        typed.integer(fields, "backtrace")
        typed.check_object(fields, "custom")
        typed.check_object(fields, "failure")
        has_args = typed.has_array(fields, "args")
    except JsonTextError as error:
        raise _malformed(error) from None
    _check(jid, jobtype, reserve_for or 0, has_args=has_args)
    at = _read_at(at_text, jid) if at_text else None
    check_queue(queue or DEFAULT_QUEUE, jid)
    if jobtype == WRAPPER:
        jobtype = wrapped_name(fields.get("custom"), fields.get("args"))
    changes = _changes(fields, retry, dated=dated)
    body = apart.rewritten(changes) if changes or not apart.clean else raw
    lacks = b"" if queue else _DEFAULT_QUEUE_MEMBER
    return NewJob(
        jid, jobtype, queue or DEFAULT_QUEUE, retry, reserve_for or 0, at, _one_line(body), lacks,
        dated,
    )  # fmt: skip


def _changes(
    fields: dict[str, bytes], retry: int | None, *, dated: bool
) -> dict[str, bytes | None]:
    """Return what the server removes before the job is stored: the fields that it sets itself."""
    changes: dict[str, bytes | None] = {}
    if fields.get("queue") in {typed.NULL, b'""'}:
        changes["queue"] = None
    if retry is None and "retry" in fields:
        changes["retry"] = None
    if not dated and "created_at" in fields:
        changes["created_at"] = None
    if "enqueued_at" in fields:
        changes["enqueued_at"] = None
    return changes


def _check(jid: str, jobtype: str, reserve_for: int, *, has_args: bool) -> None:
    """Apply the rules in the reference's order (fwp.md §3)."""
    if len(jid) < _LEAST_JID and len(jid.encode()) < _LEAST_JID:
        raise _no_jid(jid)
    if not jobtype:
        raise JobError(message("jobs must have a jobtype parameter"), jid=jid)
    if not has_args:
        raise JobError(message("jobs must have an args parameter"), jid=jid)
    if reserve_for > MAX_RESERVE:
        raise JobError(message("jobs cannot be reserved for more than one day"), jid=jid)


def _no_jid(jid: str) -> JobError:
    return JobError(message("jobs must have a reasonable jid parameter"), jid=jid)


def _read_at(text: str, jid: str) -> float:
    try:
        return parse_time(text)
    except ValueError as error:
        shown = echo(text)
        raise JobError(f"invalid timestamp for 'at': {shown!r}: {error}", jid=jid) from None


def check_queue(name: str, jid: str = "") -> None:
    """Refuse an invalid queue name.

    Raises:
        JobError: the name is invalid.
    """
    if _queue_name(name) is None:
        raise _bad_queue(name, jid)


def _bad_queue(name: str, jid: str) -> JobError:
    text = f'cannot get "{echo(name)}" queue: queue names must match [a-zA-Z0-9._-]+'
    return JobError(text, jid=jid)


def _malformed(error: JsonTextError) -> JobError:
    return JobError(f"invalid JSON: {error.detail}", malformed=True)


def _one_line(text: bytes) -> bytes:
    # Valid JSON has raw CR and LF only between tokens; pyfaktory counts CRLFs (fwp.md §10).
    if b"\r" in text or b"\n" in text:
        return text.translate(_NO_BREAKS)
    return text
