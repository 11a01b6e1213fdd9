"""A stored job as JSON: the pushed bytes kept, our facts laid beside them.

Numbers and strings of the job are passed on as text, never decoded. What comes
out is valid JSON whatever was stored.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from msgspec import UNSET

from glasshouse.model.job import StoredJob
from glasshouse.web.shapes import moment

LONG = 64 << 10
_OURS = ("state", "key", "omitted", "size")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def flattened(job: StoredJob, *, whole: bool) -> dict[str, Any]:
    """Return the job object with ``state``, ``key`` and ``at`` beside it.

    Unless ``whole``, a payload of more than 64 KiB comes without ``args``.
    """
    fields = _payload(job.payload)
    omitted: list[str] = []
    if fields is None:
        fields = {"jid": job.jid, "jobtype": job.jobtype, "queue": job.queue}
        omitted = ["payload"]
    elif not whole and len(job.payload) > LONG:
        omitted = _heavy(fields)
    for name in (*_OURS, *omitted):
        fields.pop(name, None)
    fields["state"] = job.state.value
    if job.key is not None:
        fields["key"] = job.key
    if job.at is not None and (at := moment(job.at)) is not UNSET:
        fields["at"] = at
    if omitted:
        fields |= {"omitted": omitted, "size": len(job.payload)}
    return fields


def _payload(payload: bytes) -> dict[str, Any] | None:
    """Return the top-level fields with their values as raw text, or ``None`` if it is no job."""
    text = payload.decode("utf-8", "replace").encode()
    try:
        fields = _fields.decode(text)
    except RecursionError:
        return None
    except msgspec.DecodeError:
        return _scanned(text.decode())
    return dict(fields)


def _scanned(text: str) -> dict[str, Any] | None:
    """As ``_payload`` for what msgspec refuses and JSON allows: lone surrogates, 1e400."""
    fields: dict[str, Any] = {}
    at = _BLANK.match(text, 0).end()  # type: ignore[union-attr] - it matches the empty text
    try:
        whole, end = _WHOLE.raw_decode(text, at)
        if not isinstance(whole, dict) or text[end:].strip(" \t\r\n"):
            return None
        while text[at] != "}":
            at = _BLANK.match(text, at + 1).end()  # type: ignore[union-attr]
            if text[at] == "}":
                break
            name, at = _WHOLE.raw_decode(text, at)
            start = _BLANK.match(text, text.index(":", at) + 1).end()  # type: ignore[union-attr]
            _, at = _WHOLE.raw_decode(text, start)
            fields[name.encode("utf-8", "replace").decode()] = msgspec.Raw(text[start:at].encode())
            at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    except (ValueError, IndexError, RecursionError):
        return None
    return fields


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_BLANK = re.compile(r"[ \t\r\n]*")
_WHOLE = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def _heavy(fields: dict[str, Any]) -> list[str]:
    # Whatever else is long (a custom field, a backtrace) is left out as well.
    return [
        name
        for name, value in fields.items()
        if name == "args" or (name != "jid" and memoryview(value).nbytes > LONG)
    ]
