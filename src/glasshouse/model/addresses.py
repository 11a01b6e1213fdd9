"""Addresses of the console's pages: of a queue, of a job.

A job's id is in an address unchanged, or encoded if an address cannot hold it.

An id may be any text of at least eight bytes: with line breaks, or so long that its escapes make
a target that is refused. Such an id is written as base64url between tildes, and so is one
that already looks like that, so that a segment means exactly one id. An id of several thousand
bytes fits no address at all: its job is shown in lists and has no page.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote

from glasshouse.model.texts import without_halves

# C0 and C1 controls, DEL, line separators, zero-width and bidirectional marks, surrogates.
INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_CODED = re.compile(r"~([A-Za-z0-9_-]+)~")
_UNFIT = re.compile("[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LONG = 2000
MOST = 7 << 10
"""The longest segment (bytes): the rest of a target's 8 KiB is for what surrounds it."""


def job_segment(jid: str) -> str:
    """Return the segment that means this id."""
    if _PLAIN.fullmatch(jid):
        return jid
    # An id with half a character is known in the form in which servers read it.
    jid = without_halves(jid)
    escaped = quote(jid, safe="")
    fits = not _UNFIT.search(jid) and jid not in (".", "..") and len(escaped) <= _LONG
    if fits and not _CODED.fullmatch(jid):
        return escaped
    coded = base64.urlsafe_b64encode(jid.encode())
    return f"~{coded.decode().rstrip('=')}~"


def addressable(jid: str) -> bool:
    """Return whether a job with this id can have a page."""
    # A character is at most four bytes, twelve when escaped.
    return len(jid) <= MOST // 12 or (len(jid) <= MOST and len(job_segment(jid)) <= MOST)


def job_id(decoded: str) -> str:
    """Return the id that a segment means; a segment that is not encoded is the id itself."""
    match = _CODED.fullmatch(decoded)
    if match is None:
        return decoded
    try:
        raw = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4), altchars=b"-_", validate=True)
        return without_halves(raw.decode("utf-8", "surrogatepass"))
    except (binascii.Error, UnicodeDecodeError):
        return decoded


def queue_href(server: str, queue: str) -> str:
    """Return the address of a queue; browsers would collapse the segments ``.`` and ``..``.

    A scheduled job may name a queue that cannot exist: that leads to the list of all queues.
    """
    if queue in (".", ".."):
        return f"/{server}/queues/?name={queue}"
    if INVISIBLE.search(queue):
        return f"/{server}/queues"
    return f"/{server}/queues/{quote(queue, safe='')}"


def job_href(server: str, jid: str) -> str:
    """Return the address of a job; empty if its id is too long for an address."""
    return f"/{server}/jobs/{job_segment(jid)}" if addressable(jid) else ""
