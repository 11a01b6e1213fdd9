"""Finding many texts in one, in time that grows with the text alone.

Each text is looked for by its first six characters, by a library, all at once; only where
those stand is it compared. That also finds the beginning of one at which a text was cut off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from ahocorasick_rs import AhoCorasick

HEAD = 6
"""Characters of which a piece has at least as many."""
LONGEST = 64
"""Characters of a piece at most: a longer text is looked for in several."""
_WINDOW = 16 << 10
_MORE = "..."


class Pieces:
    """Texts of 6 to 64 characters that are looked for."""

    def __init__(self, pieces: Iterable[str]) -> None:
        """Look for ``pieces``."""
        found: dict[str, list[str]] = {}
        for piece in pieces:
            found.setdefault(piece[:HEAD], []).append(piece)
        self._heads = {head: _Head(begun) for head, begun in found.items()}
        self._finder = finder(self._heads)

    def begun(self, text: str) -> Iterator[int]:
        """Yield where in ``text`` one may begin."""
        return (start for _, start, _ in matches(self._finder, text, HEAD))

    def end(self, text: str, start: int) -> int:
        """Return where the longest ends that begins at ``start``; 0 if none does.

        One may have been cut off, by the end of the text or with three dots.
        """
        head = self._heads[text[start : start + HEAD]]
        end = 0
        for length in head.lengths:
            piece = text[start : start + length]
            if piece in head.pieces:
                end = start + len(piece)
                break
        rest = text[start : start + LONGEST + len(_MORE)]
        if len(rest) < LONGEST or _MORE in rest:
            cut = start + head.common(rest)
            if cut == len(text) or text.startswith(_MORE, cut):
                end = max(end, cut)
        return end


class _Head:
    """All pieces that begin with the same characters."""

    __slots__ = ("lengths", "ordered", "pieces")

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = frozenset(pieces)
        self.ordered = sorted(pieces)
        self.lengths = sorted({len(piece) for piece in pieces}, reverse=True)

    def common(self, rest: str) -> int:
        """Return how many characters of ``rest`` are the beginning of a piece."""
        place = bisect_left(self.ordered, rest)
        near = self.ordered[max(0, place - 1) : place + 1]
        return max(_common(piece, rest) for piece in near)


def _common(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def in_pieces(text: str) -> Iterator[str]:
    """Yield ``text`` in pieces that together are all of it."""
    last = len(text) - LONGEST
    yield from (text[start : start + LONGEST] for start in range(0, last, LONGEST))
    yield text[max(0, last) :]


def finder(patterns: Iterable[str]) -> AhoCorasick | None:
    """Return what finds ``patterns``; ``None`` when there are none."""
    listed = list(patterns)
    return AhoCorasick(listed) if listed else None


def matches(finder: AhoCorasick | None, text: str, longest: int) -> Iterator[tuple[int, int, int]]:
    """Yield every match, also those that overlap: its pattern's number, its start and end.

    No pattern is longer than ``longest``.
    """
    if finder is None:
        return
    if len(text) <= _WINDOW:
        yield from finder.find_matches_as_indexes(text, overlapping=True)
        return
    # In parts: a list of all matches may be many times as long as the text.
    for begin in range(0, len(text), _WINDOW):
        part = text[begin : begin + _WINDOW + longest - 1]
        for number, start, end in finder.find_matches_as_indexes(part, overlapping=True):
            if start < _WINDOW:
                yield number, begin + start, begin + end
