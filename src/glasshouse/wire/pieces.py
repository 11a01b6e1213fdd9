"""Finding many texts in one, in time that grows only with the text.

A library searches for the first six characters of all texts at once; a text is compared
only where these occur. That also finds the beginning of one within which a text was cut off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from ahocorasick_rs import AhoCorasick

HEAD = 6
"""Minimum number of characters in a piece."""
LONGEST = 64
"""Maximum number of characters in a piece: a longer text is searched for in several."""
_WINDOW = 16 << 10
_MORE = ("...", "\u2026")
_LONGEST_MORE = 3
_FEW = 8


class Pieces:
    """Texts of 6 to 64 characters to search for."""

    def __init__(self, pieces: Iterable[str]) -> None:
        """Search for ``pieces``."""
        index: dict[str, tuple[str, ...]] = {}
        many: dict[str, list[str]] = {}
        for piece in pieces:
            head = piece[:HEAD]
            few = index.get(head, ())
            if len(few) < _FEW:
                index[head] = (*few, piece)
            else:
                many.setdefault(head, []).append(piece)
        self._heads: dict[str, tuple[str, ...] | _Many] = {**index}
        self._heads |= {head: _Many((*index[head], *more)) for head, more in many.items()}
        self._finder = finder(self._heads)

    def begun(self, text: str) -> Iterator[int]:
        """Yield where in ``text`` one may begin."""
        return (start for _, start, _ in matches(self._finder, text, HEAD))

    def end(self, text: str, start: int) -> int:
        """Return where the longest piece that begins at ``start`` ends; 0 if none does.

        It may have been cut off, by the end of the text or by three dots.
        """
        known = self._heads[text[start : start + HEAD]]
        rest = text[start : start + LONGEST + _LONGEST_MORE]
        if isinstance(known, _Many):
            length = known.length(rest)
            near: Sequence[str] = known.near(rest)
        else:
            length = max((len(piece) for piece in known if rest.startswith(piece)), default=0)
            near = known
        if len(rest) < LONGEST or any(more in rest for more in _MORE):
            cut = max(_common(piece, rest) for piece in near)
            if cut == len(rest) or rest.startswith(_MORE, cut):
                length = max(length, cut)
        return start + length if length else 0


class _Many:
    """More than a few pieces that begin with the same characters."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = frozenset(pieces)
        self._ordered = sorted(self._pieces)
        self._lengths = sorted({len(piece) for piece in self._pieces}, reverse=True)

    def length(self, rest: str) -> int:
        """Return the length of the longest piece that ``rest`` begins with; 0 if there is none."""
        shown = (rest[:length] for length in self._lengths)
        return next((len(piece) for piece in shown if piece in self._pieces), 0)

    def near(self, rest: str) -> list[str]:
        """Return pieces that include the one that has the most in common with ``rest``."""
        place = bisect_left(self._ordered, rest)
        return self._ordered[max(0, place - 1) : place + 1]


def _common(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def in_pieces(text: str) -> Iterator[str]:
    """Yield ``text`` in pieces that together cover all of it."""
    last = len(text) - LONGEST
    yield from (text[start : start + LONGEST] for start in range(0, last, LONGEST))
    yield text[max(0, last) :]


def finder(patterns: Iterable[str]) -> AhoCorasick | None:
    """Return a finder for ``patterns``; ``None`` if there are none."""
    listed = list(patterns)
    return AhoCorasick(listed) if listed else None


def matches(finder: AhoCorasick | None, text: str, longest: int) -> Iterator[tuple[int, int, int]]:
    """Yield every match, including overlapping ones: its pattern's number, its start and end.

    No pattern is longer than ``longest``.
    """
    if finder is None:
        return
    if len(text) <= _WINDOW:
        yield from finder.find_matches_as_indexes(text, overlapping=True)
        return
    # In parts: a list of all matches may be many times longer than the text.
    for begin in range(0, len(text), _WINDOW):
        part = text[begin : begin + _WINDOW + longest - 1]
        for number, start, end in finder.find_matches_as_indexes(part, overlapping=True):
            if start < _WINDOW:
                yield number, begin + start, begin + end
