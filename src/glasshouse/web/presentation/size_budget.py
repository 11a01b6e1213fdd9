"""How much stored text a page may hold: no job makes a page too large for a browser."""

from __future__ import annotations

from typing import NamedTuple

ROOM = 1_000_000
"""Bytes of HTML that a page's stored texts may occupy together."""
_ESCAPED = "<>&\"'/"
_MOST_ESCAPED = 6


class Excerpt(NamedTuple):
    """The beginning of a text, and whether part of it is missing."""

    text: str
    cut: bool


class Budget:
    """The room left on a page; texts are counted in their HTML form."""

    def __init__(self, room: int = ROOM) -> None:
        """Start with ``room`` bytes."""
        self._left = room

    def take(self, text: str, most: int, *, cut: bool = False) -> Excerpt:
        """Return as much of ``text`` as there is room for, at most ``most`` characters.

        ``cut`` means that the text is already truncated.
        """
        short = text[:most]
        while short and _cost(short) > self._left:
            short = short[: min(len(short) * self._left // _cost(short), len(short) - 1)]
        self._left -= _cost(short)
        return Excerpt(short, cut or len(short) < len(text))


def _cost(text: str) -> int:
    special = sum(text.count(char) for char in _ESCAPED)
    return len(text.encode("utf-8", "replace")) + (_MOST_ESCAPED - 1) * special
