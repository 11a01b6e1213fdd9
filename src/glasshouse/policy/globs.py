"""Globs of settings: ``*`` stands for any text, everything else for itself."""

from __future__ import annotations

from collections.abc import Iterable

ANY = "*"


def matches(pattern: str, text: str) -> bool:
    """Return whether ``text`` is ``pattern``; takes time in proportion to their lengths."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    position, last = len(first), rest.pop()
    for part in rest:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return len(text) - len(last) >= position and text.endswith(last)


def within(patterns: Iterable[str], text: str) -> bool:
    """Return whether ``text`` is any of ``patterns``."""
    return any(matches(pattern, text) for pattern in patterns)
