"""How much stored text one page may hold: no job makes a page that a browser cannot take."""

from __future__ import annotations

from typing import NamedTuple

ROOM = 1_000_000
"""Bytes of HTML that a page's stored texts may take together."""
_ESCAPED = "<>&\"'/"
_MOST_ESCAPED = 6


class Excerpt(NamedTuple):
    """The beginning of a text, and whether something of it is missing."""

    text: str
    cut: bool


class Budget:
    """What is left of a page's room; texts are counted as HTML writes them."""

    def __init__(self, room: int = ROOM) -> None:
        """Begin with ``room`` bytes."""
        self._left = room

    def take(self, text: str, most: int, *, cut: bool = False) -> Excerpt:
        """Return what of ``text`` there is room for, at most ``most`` characters.

        ``cut`` tells that the text is a beginning already.
        """
        short = text[:most]
        while short and _cost(short) > self._left:
            short = short[: min(len(short) * self._left // _cost(short), len(short) - 1)]
        self._left -= _cost(short)
        return Excerpt(short, cut or len(short) < len(text))


def _cost(text: str) -> int:
    special = sum(text.count(char) for char in _ESCAPED)
    return len(text.encode("utf-8", "replace")) + (_MOST_ESCAPED - 1) * special
