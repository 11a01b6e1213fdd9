"""A stored job as JSON: the pushed bytes are kept, with our facts next to them.

Numbers and strings of the job are passed on as text, never decoded. The result is valid JSON
whatever was stored.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from glasshouse.model.job import WRAPPER, JobState, StoredJob
from glasshouse.web.shapes import unreadable
from glasshouse.web.shapes.responses import moment
from glasshouse.wire import lenient
from glasshouse.wire.jsontext import JsonTextError
from glasshouse.wire.payload import read_fields

LONG = 64 << 10
_OURS = ("state", "key", "omitted", "size", "partial", "redacted")


def flattened(job: StoredJob, *, whole: bool) -> dict[str, Any]:
    """Return the job object with ``state``, ``key`` and ``at``, and who runs it, if it is running.

    An ActiveJob job is listed under the class it wraps here too; its own type is its ``wrapper``.
    Unless ``whole``, a payload of more than 64 KiB is returned without ``args``. A ``partial``
    entry has only what is known; a ``redacted`` one has something hidden.
    """
    return unreadable.shown(lambda one: _flattened(one, whole=whole), job, "en")


def _flattened(job: StoredJob, *, whole: bool) -> dict[str, Any]:
    fields = _payload(job.payload)
    omitted: list[str] = []
    if fields is None:
        fields, omitted = {}, ["payload"]
    elif not whole and len(job.payload) > LONG:
        omitted = _heavy(fields)
    for name in (*_OURS, *omitted):
        fields.pop(name, None)
    fields |= _known(job, fields)
    fields["state"] = job.state.value
    if job.key is not None:
        fields["key"] = job.key
    if job.at is not None and (at := moment(job.at)) is not UNSET:
        fields["at"] = at
    if job.state is JobState.WORKING:
        fields |= _reservation(job)
    if job.partial:
        fields["partial"] = True
    if job.redacted:
        fields["redacted"] = True
    if omitted:
        fields |= {"omitted": omitted, "size": len(job.payload)}
    return fields


def _known(job: StoredJob, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what the server knows where a stored text omits it or differs."""
    facts = {"jid": job.jid, "jobtype": job.jobtype, "queue": job.queue}
    known = {name: text for name, text in facts.items() if name not in fields}
    if job.jobtype != WRAPPER and lenient.value(bytes(fields.get("jobtype", b""))) == WRAPPER:
        known |= {"jobtype": job.jobtype, "wrapper": WRAPPER}
    return known


def _reservation(job: StoredJob) -> dict[str, Any]:
    known = {
        "wid": UNSET if job.wid is None else job.wid,
        "reserved_at": moment(job.reserved_at),
        "expires_at": moment(job.expires_at),
    }
    return {name: value for name, value in known.items() if value is not UNSET}


def _payload(payload: bytes) -> dict[str, Any] | None:
    """Return the top-level fields with their values as raw text, or ``None`` if it is not a job."""
    text = payload.decode("utf-8", "replace").encode()
    try:
        return {name: msgspec.Raw(value) for name, value in read_fields(text).items()}
    except JsonTextError:
        return None


def _heavy(fields: dict[str, Any]) -> list[str]:
    # Anything else that is long (a custom field, a backtrace) is left out as well.
    return [
        name
        for name, value in fields.items()
        if name == "args" or (name != "jid" and memoryview(value).nbytes > LONG)
    ]
