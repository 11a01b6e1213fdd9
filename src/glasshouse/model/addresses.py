"""Addresses of the console's pages: of a queue, of a job.

A job's id stands in an address as it is, or coded where an address cannot hold it.

An id may be any text of eight bytes: with line breaks, or so long that its escapes make a target
that is refused. Such a one is written as base64url between tildes;
so is one that looks like that itself, so that a segment means one id. An id of several thousand
bytes fits no address at all: its job is shown on lists, and has no page.
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
"""The longest segment (bytes): the rest of the 8 KiB of a target is for what stands around it."""


def job_segment(jid: str) -> str:
    """Return the segment that means this id."""
    if _PLAIN.fullmatch(jid):
        return jid
    # With half a character it is known as servers read it.
    jid = without_halves(jid)
    escaped = quote(jid, safe="")
    fits = not _UNFIT.search(jid) and jid not in (".", "..") and len(escaped) <= _LONG
    if fits and not _CODED.fullmatch(jid):
        return escaped
    coded = base64.urlsafe_b64encode(jid.encode())
    return f"~{coded.decode().rstrip('=')}~"


def addressable(jid: str) -> bool:
    """Return whether a job with this id can have a page."""
    # A character is four bytes at most, which escapes make twelve.
    return len(jid) <= MOST // 12 or (len(jid) <= MOST and len(job_segment(jid)) <= MOST)


def job_id(decoded: str) -> str:
    """Return the id that a segment means; what is no code is the id itself."""
    found = _CODED.fullmatch(decoded)
    if found is None:
        return decoded
    try:
        raw = base64.b64decode(found[1] + "=" * (-len(found[1]) % 4), altchars=b"-_", validate=True)
        return without_halves(raw.decode("utf-8", "surrogatepass"))
    except (binascii.Error, UnicodeDecodeError):
        return decoded


def queue_href(server: str, queue: str) -> str:
    """Return where a queue is shown; browsers would collapse ``.`` and ``..`` as a segment.

    A job that is to run later may name a queue that there cannot be: that leads to all of them.
    """
    if queue in (".", ".."):
        return f"/{server}/queues/?name={queue}"
    if INVISIBLE.search(queue):
        return f"/{server}/queues"
    return f"/{server}/queues/{quote(queue, safe='')}"


def job_href(server: str, jid: str) -> str:
    """Return where a job is shown; empty where its id is too long for an address."""
    return f"/{server}/jobs/{job_segment(jid)}" if addressable(jid) else ""
