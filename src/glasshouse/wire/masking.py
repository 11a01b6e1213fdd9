"""Hiding values in a stored job: pure, total; what cannot be read is hidden as a whole.

The result never contains a value to which a rule leads, neither in its place nor,
where it is recognized, in the job's error, backtrace or elsewhere in its payload.
Whatever is not hidden keeps its text byte for byte, except that the fields of the
job are written without blanks between them.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping

import msgspec

from glasshouse.model.job import ROUNDED, WRAPPER, JobState, StoredJob
from glasshouse.model.name_patterns import alike
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.wire.jobnames import own_type
from glasshouse.wire.jobs import NewJob
from glasshouse.wire.jsontext import JsonTextError
from glasshouse.wire.maskpaths import State, after, may_occur
from glasshouse.wire.masktext import UnreadableError, hide_at, hide_values
from glasshouse.wire.maskvalues import HiddenValues
from glasshouse.wire.payload import read_fields

MOST_READ = 256 << 10
"""Bytes of a field that are searched; a longer one that may hold something is hidden whole."""
_SHORT = 100
"""Characters of types whose rules are cached, so that no long name fills the memory."""
_MASK = json.dumps(MASK, ensure_ascii=False).encode()
_NUMBER = re.compile(r"\s*[-+]?[0-9][0-9.eE+-]*\s*")
_SMALL = re.compile(r"-?[0-9]{1,15}")
# What identifies a job and its times: never hidden.
_KEPT = frozenset({
    "jid", "jobtype", "queue", "at", "created_at", "enqueued_at", "retry", "reserve_for",
})  # fmt: skip
# What the server itself records about an error.
_COUNTED = frozenset({"retry_count", "remaining", "failed_at", "next_at"})


def masked(job: StoredJob, rules: tuple[Redaction, ...], most: int = MOST_READ) -> StoredJob:
    """Return ``job`` with everything hidden that ``rules`` hide, marked if anything is.

    In each field in which anything may be hidden, at most ``most`` bytes are searched:
    longer fields are hidden as a whole.
    """
    start = _start(job, rules)
    if not start:
        return job
    try:
        fields = {name: bytes(value) for name, value in read_fields(job.payload).items()}
    except (JsonTextError, UnicodeError):
        return msgspec.structs.replace(
            job, payload=_bare(job), shown_args=None, rounded_args=None, redacted=True
        )
    if job.rounded_args is not None:
        # They are searched like any field, and do not count as known exactly.
        fields["args"] = job.rounded_args
    values: list[str] = []
    hidden = {name: _field(name, raw, start, values, most) for name, raw in fields.items()}
    if _is_unknown(job, start, values) or None in hidden.values():
        # Not everything that is hidden is known: where else it occurs cannot be determined.
        return _with(job, _kept_alone(hidden), None if job.shown_args is None else MASK)
    texts = [name for name, raw in hidden.items() if name not in _KEPT and raw]
    if values and texts:
        hidden |= _told_without(HiddenValues(values), {name: hidden[name] or b"" for name in texts})
    return job if hidden == fields else _with(job, hidden, job.shown_args)


def may_hide(job: StoredJob, rules: tuple[Redaction, ...]) -> bool:
    """Return whether rules may hide something in a job; much cheaper than ``masked``."""
    return bool(_start(job, rules))


def _is_unknown(job: StoredJob, start: State, values: list[str]) -> bool:
    """Return whether hidden arguments are not all known, or not exactly."""
    if job.rounded_args is not None:
        # A number that was rounded may occur elsewhere in its original form.
        return any(map(_may_be_rounded, values))
    return job.shown_args is not None and any(rule[0] == "args" for rule in start)


def _may_be_rounded(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None and not _SMALL.fullmatch(value)


def _with(job: StoredJob, fields: dict[str, bytes | None], shown: str | None) -> StoredJob:
    """Return ``job`` with these fields, and ``shown`` for arguments not known exactly."""
    rounded = None
    if job.rounded_args is not None and (rounded := fields.pop("args", None)) is not None:
        shown = ROUNDED + rounded.decode("utf-8", "replace").removeprefix("[").removesuffix("]")
    return msgspec.structs.replace(
        job, payload=_payload(fields), shown_args=shown, rounded_args=rounded, redacted=True
    )


def masked_push(
    job: NewJob, payload: bytes, rules: tuple[Redaction, ...], most: int = MOST_READ
) -> bytes:
    """Return ``payload``, from which ``job`` was read, masked likewise."""
    stored = StoredJob(
        state=JobState.ENQUEUED,
        jid=job.jid,
        jobtype=job.jobtype,
        queue=job.queue,
        payload=payload,
    )
    return masked(stored, rules, most).payload


def _start(job: StoredJob, rules: tuple[Redaction, ...]) -> State:
    """Return the paths that may lead to something in this job."""
    named, outer = (_remembered if len(job.jobtype) <= _SHORT else _named)(rules, job.jobtype)
    if outer and _may_be_wrapped(job):
        named |= outer
    if job.rounded_args is not None:
        return may_occur(named, job.payload + b"\n" + job.rounded_args)
    paths = may_occur(named, job.payload)
    if job.shown_args is None:
        return paths
    return paths | {path for path in named if path[0] == "args"}


def _named(rules: tuple[Redaction, ...], jobtype: str) -> tuple[State, State]:
    """Return the paths of rules for jobs of this type, and further ones for all of ActiveJob."""
    named = frozenset(rule.path for rule in rules if alike(rule.jobtype, jobtype))
    # A rule for all jobs of ActiveJob applies to each, whatever its name.
    return named, frozenset(rule.path for rule in rules if alike(rule.jobtype, WRAPPER)) - named


_remembered = functools.lru_cache(maxsize=1024)(_named)


def _may_be_wrapped(job: StoredJob) -> bool:
    """Return whether a job is one of ActiveJob; true if that is not known."""
    jobtype = None if job.partial else own_type(job.payload)
    return jobtype == WRAPPER or not isinstance(jobtype, str)


def _field(name: str, raw: bytes, start: State, values: list[str], most: int) -> bytes | None:
    """Return a field without its hidden values; ``None`` if it cannot be searched."""
    state = after(start, name)
    if name in _KEPT or not state:
        return raw
    if len(raw) > most:
        return None
    try:
        return hide_at(raw, state, values)
    except UnreadableError:
        return None


def _told_without(values: HiddenValues, fields: dict[str, bytes]) -> Mapping[str, bytes]:
    """Return fields without hidden values; most have none, which one search of all determines."""
    if sum(map(len, fields.values())) <= MOST_READ:
        everything = b"\n".join(fields.values()).decode("utf-8", "replace")
        if not values.near(everything):
            return fields
    return {name: _without(raw, values) for name, raw in fields.items()}


def _without(raw: bytes, values: HiddenValues) -> bytes:
    if len(raw) > MOST_READ:
        return _MASK
    try:
        return hide_values(raw, values)
    except UnreadableError:
        return _MASK


def _kept_alone(fields: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Return fields, hiding every one into which a program may have written a value."""
    left = {name: raw if name in _KEPT else None for name, raw in fields.items()}
    if "failure" in fields:
        left["failure"] = _without_words(fields["failure"])
    return left


def _without_words(failure: bytes | None) -> bytes | None:
    """Return an error without its texts: only when and how often it happened remains."""
    if failure is None or failure == b"null":
        return failure
    try:
        fields = read_fields(failure)
    except (JsonTextError, UnicodeError):
        return None
    return _payload({name: raw if name in _COUNTED else None for name, raw in fields.items()})


def _payload(fields: Mapping[str, bytes | None]) -> bytes:
    parts = (_key(name) + b":" + (raw or _MASK) for name, raw in fields.items())
    return b"{" + b",".join(parts) + b"}"


def _key(name: str) -> bytes:
    return json.dumps(name).encode("ascii")


def _bare(job: StoredJob) -> bytes:
    return msgspec.json.encode({"jid": job.jid, "jobtype": job.jobtype, "queue": job.queue})
