r"""Redis's glob patterns, with which MUTATE's ``regexp`` selects jobs (fwp.md §5).

``*`` any bytes, ``?`` one byte, ``[a-z]`` one of these, ``[^a-z]`` none of
these, ``\x`` the byte x itself.  A match takes time proportional to pattern and
text: each run between two stars is searched for once, at its first place.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

Match = Callable[[bytes], object]
"""Returns a true value if a whole text matches."""


@functools.lru_cache(maxsize=64)
def glob(pattern: str) -> Match:
    """Return a function that checks a text against ``pattern``; any pattern is valid."""
    first, *others = _runs(pattern.encode(errors="replace"))
    text = first
    for run in others[:-1]:
        text += b"(?>.*?" + run + b")"
    if others:
        text += b".*" + others[-1]
    return re.compile(text, re.DOTALL).fullmatch


def _runs(pattern: bytes) -> Iterator[bytes]:
    """Yield what is between the stars, as regular expressions."""
    run, pos = b"", 0
    while pos < len(pattern):
        byte = pattern[pos : pos + 1]
        pos += 1
        if byte == b"*":
            yield run
            run = b""
        elif byte == b"?":
            run += b"."
        elif byte == b"[":
            members, pos = _class(pattern, pos)
            run += members
        else:
            if byte == b"\\" and pos < len(pattern):
                byte = pattern[pos : pos + 1]
                pos += 1
            run += re.escape(byte)
    yield run


def _class(pattern: bytes, pos: int) -> tuple[bytes, int]:
    """Return the class that begins at ``pos``, and where it ends; an unclosed one ends there."""
    negated = pattern[pos : pos + 1] == b"^"
    pos += negated
    members: set[int] = set()
    while pos < len(pattern) and pattern[pos : pos + 1] != b"]":
        if pattern[pos : pos + 1] == b"\\" and pos + 1 < len(pattern):
            members.add(pattern[pos + 1])
            pos += 2
        elif pattern[pos + 1 : pos + 2] == b"-" and pos + 2 < len(pattern):
            low, high = sorted((pattern[pos], pattern[pos + 2]))
            members.update(range(low, high + 1))
            pos += 3
        else:
            members.add(pattern[pos])
            pos += 1
    chosen = set(range(256)) - members if negated else members
    if not chosen:
        return rb"(?!)", pos + 1
    return b"[" + b"".join(b"\\x%02x" % value for value in sorted(chosen)) + b"]", pos + 1
