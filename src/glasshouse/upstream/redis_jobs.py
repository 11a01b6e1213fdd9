"""Members of Redis lists and sets as entries; each holds the whole job, byte for byte."""

from __future__ import annotations

from glasshouse.model.job import WRAPPER, JobSet, JobState, StoredJob
from glasshouse.model.times import format_time, stored_time
from glasshouse.wire.jobnames import wrapped_name
from glasshouse.wire.lenient import fields, value


def queued(payload: bytes, queue: str) -> StoredJob:
    """Return a member of a queue's list."""
    names = fields(payload)
    return StoredJob(
        state=JobState.ENQUEUED,
        jid=_text(names, "jid"),
        jobtype=_type(names),
        queue=queue,
        payload=payload,
    )


def due(payload: bytes, score: float, name: JobSet) -> StoredJob:
    """Return a member of a set."""
    names = fields(payload)
    jid = _text(names, "jid")
    return StoredJob(
        state=JobState(name.value),
        jid=jid,
        jobtype=_type(names),
        queue=_text(names, "queue") or "default",
        payload=payload,
        key=_key(score, jid),
        at=score,
    )


def held(member: bytes, score: float) -> StoredJob:
    """Return a reservation as the job that it holds; ``score`` is when it expires."""
    names = fields(member)
    payload = names.get("job", member)
    inner = fields(payload)
    return StoredJob(
        state=JobState.WORKING,
        jid=_text(inner, "jid"),
        jobtype=_type(inner),
        queue=_text(inner, "queue") or "default",
        payload=payload,
        wid=_text(names, "wid") or None,
        reserved_at=_time(names.get("reserved_at")),
        expires_at=score,
    )


def _key(score: float, jid: str) -> str | None:
    try:
        return f"{format_time(score, as_faktory=True)}|{jid}"
    except OverflowError:
        # Not a time: Faktory did not write it, and has no name for it either.
        return None


def _type(names: dict[str, bytes]) -> str:
    """Return the name that the job goes by."""
    jobtype = _text(names, "jobtype")
    return jobtype if jobtype != WRAPPER else wrapped_name(names.get("custom"), names.get("args"))


def _text(names: dict[str, bytes], name: str) -> str:
    text = value(names.get(name))
    return text if isinstance(text, str) else ""


def _time(raw: bytes | None) -> float | None:
    return stored_time(value(raw))
