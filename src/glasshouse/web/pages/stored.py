"""A job's payload as stored, byte for byte: for saving or for programs, never rendered.

An entry is named by a digest of its bytes: an address refers to exactly these bytes or nothing.
"""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers
from starlette.responses import Response

from glasshouse.model import addresses
from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import StoredJob
from glasshouse.web.http import replies
from glasshouse.web.request.context import PageContext, server_of

MEDIA = "application/octet-stream"
_MOST_PACKED = 256 << 10
_ATTACHED = 'attachment; filename="job.json"'


def entry_name(job: StoredJob) -> str:
    """Return the name for an entry's bytes: 24 hexadecimal digits."""
    return hashlib.blake2b(job.payload, digest_size=12).hexdigest()


def href(server: str, job: StoredJob) -> str:
    """Return the address of an entry's bytes."""
    jid = addresses.job_segment(job.jid)
    return f"/api/v1/servers/{server}/jobs/{jid}/stored?entry={entry_name(job)}"


async def respond(context: PageContext, headers: Headers) -> Response:
    """Return the stored bytes of the requested entry, or of the first one if none is requested.

    Raises:
        NotFoundError: the server has no such entry now.
    """
    jid, wanted = context.params["jid"], context.query.get("entry")
    entries = await server_of(context).jobs(jid)
    for job in entries.items:
        if not job.partial and (wanted is None or entry_name(job) == wanted):
            # Compressing megabytes would keep everyone waiting.
            pack = len(job.payload) <= _MOST_PACKED
            answer = replies.validated(headers, job.payload, MEDIA, pack=pack)
            answer.headers["content-disposition"] = _ATTACHED
            return answer
    raise NotFoundError(
        f"The job {jid!r} with this content is not on this server now.",
        remedy="It ran, moved on or was deleted; reload its page.",
    )
