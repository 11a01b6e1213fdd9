"""Matching of names against patterns: ``*`` stands for any text, everything else for itself.

This is the one place where the name of a queue, a server or an operation is compared with
a rule. Names are compared literally: case, blanks and lookalike characters all make a
difference. Every check of whether someone may see or change something goes through here,
so that no two answers differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

ANY = "*"
_SHORT = 100
"""The longest name (characters) whose result is cached: long names cannot fill the memory."""


def matches(pattern: str, text: str) -> bool:
    """Return whether ``text`` matches ``pattern``; the time is proportional to their lengths."""
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
    """Return whether ``text`` matches any of ``patterns``."""
    if len(text) <= _SHORT and isinstance(patterns, tuple):
        return _remembered(patterns, text)
    return _any(patterns, text)


def alike(pattern: str, text: str) -> bool:
    """Return whether ``text`` matches ``pattern``, letters in either case.

    For searches, and for what is hidden: never for what a role may see or do.
    """
    return matches(pattern.casefold(), text.casefold())


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(matches(pattern, text) for pattern in patterns)


_remembered = lru_cache(maxsize=4096)(_any)
