"""Globs against the slow and obvious way to match them: Redis' own, one byte at a time."""

from __future__ import annotations

import functools

from glasshouse.wire.globs import glob

SEEDS = (
    b"*a?[b-d]*\x00xxaycz",
    b"[^a-]\\*[]\x00b*",
    b"[\\]]*[z-a]\x00]]m",
    b"**a*b**c\x00aabbcc",
    b"[^\x00a",
    b"a\\\x00a\\",
    "é*?\x00éa".encode(),
)
_MOST = 60


def obviously(pattern: bytes, text: bytes) -> bool:
    """Match as the definition says, trying everything."""

    @functools.cache
    def matches(p: int, t: int) -> bool:
        if p == len(pattern):
            return t == len(text)
        if pattern[p] == ord("*"):
            return matches(p + 1, t) or (t < len(text) and matches(p, t + 1))
        if t == len(text):
            return False
        if pattern[p] == ord("?"):
            return matches(p + 1, t + 1)
        if pattern[p] == ord("["):
            among, after = _among(pattern, p + 1, text[t])
            return among and matches(after, t + 1)
        if pattern[p] == ord("\\") and p + 1 < len(pattern):
            p += 1
        return pattern[p] == text[t] and matches(p + 1, t + 1)

    return matches(0, 0)


def _among(pattern: bytes, p: int, byte: int) -> tuple[bool, int]:
    """Tell whether ``byte`` is in the class that begins at ``p``, and where the class ends."""
    negated = pattern[p : p + 1] == b"^"
    if negated:
        p += 1
    found = False
    while p < len(pattern):
        left = len(pattern) - p
        if pattern[p] == ord("\\") and left >= 2:
            p += 1
            found |= pattern[p] == byte
        elif pattern[p] == ord("]"):
            break
        elif left >= 3 and pattern[p + 1] == ord("-"):
            ends = (pattern[p], pattern[p + 2])
            found |= min(ends) <= byte <= max(ends)
            p += 2
        else:
            found |= pattern[p] == byte
        p += 1
    return found is not negated, min(p + 1, len(pattern))


def check_glob(data: bytes) -> None:
    """Both say the same of any pattern and any text."""
    raw, _, text = data.partition(b"\0")
    pattern = raw.decode(errors="replace")[:_MOST]
    text = text[:_MOST]
    assert bool(glob(pattern)(text)) is obviously(pattern.encode(), text), (pattern, text)
