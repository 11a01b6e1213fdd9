"""Finding hidden values in a text, in whatever form a program wrote them there.

Both sides are brought to one form: the text is read in every possible way
(``decodings``), and in each reading, as in each value, only the letters count, regardless
of case, blanks, quotes, backslashes and control characters. A value of fewer than six
letters would then be found in half of all texts: it must occur exactly as it is.

Takes time proportional to the text and to the values, whatever they are; a text that
would take more is hidden as a whole.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import compress, islice

from glasshouse.model.redaction import MASK
from glasshouse.model.texts import without_halves
from glasshouse.wire.decodings import Decoding, TooManyDecodingsError, decodings, may_be_quoted
from glasshouse.wire.pieces import HEAD, LONGEST, Pieces, finder, in_pieces, matches

_WORD = 3
"""A value with fewer characters is recognized only as a whole word."""
_MOST_READ_AS = 4
_WINDOW = 16 << 10

_Spans = list[tuple[int, int]]


class _Folding(dict[int, str]):
    """The part of each character that counts."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", chr(code).upper().casefold()).casefold()
        kept = "".join(char for char in folded if _counts(char))
        if len(self) < _WINDOW:
            self[code] = kept
        return kept


def _counts(char: str) -> bool:
    return char not in _IGNORED and unicodedata.category(char)[0] not in "ZC"


_IGNORED = "\"'\\+"
_FOLDING = _Folding()
_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
_OMITTED = bytes(code for code in range(128) if not _counts(chr(code)))
_COUNTED = bytes(code not in _OMITTED for code in range(256))


def canonical(text: str) -> str:
    """Return the part of ``text`` that counts."""
    text = _plain(text)
    if text.isascii():
        return text.encode().translate(_LOWER, _OMITTED).decode()
    slices = range(0, len(text), _WINDOW)
    return "".join(text[start : start + _WINDOW].translate(_FOLDING) for start in slices)


def _positions(text: str) -> list[int]:
    """Return the position in ``text`` of each letter of its canonical form."""
    text = _plain(text)
    if text.isascii():
        return list(compress(range(len(text)), text.encode().translate(_COUNTED)))
    return [index for index, char in enumerate(text) for _ in _FOLDING[ord(char)]]


def _plain(text: str) -> str:
    """Return ``text`` without the one non-ASCII character that masking itself inserts."""
    return text if text.isascii() else text.replace(MASK[0], "*")


class HiddenValues:
    """Texts that must not occur anywhere, in each way in which they are usually written."""

    def __init__(self, values: Iterable[str]) -> None:
        """Search for ``values``; for a text with line ends, also for its lines."""
        exact: set[str] = set()
        pieces: set[str] = set()
        for value in dict.fromkeys(map(without_halves, values)):
            for line in {value, *value.splitlines()}:
                form = canonical(line)
                if len(form) < HEAD:
                    exact.update(_written(line))
                else:
                    pieces.update(in_pieces(form))
                    if len(canonical(line[:HEAD])) < HEAD:
                        # Its first six characters have fewer letters: it may be cut off in them.
                        exact.add(line[:LONGEST])
            if may_be_quoted(value):
                pieces.update(_read_as(value))
        self._pieces = Pieces(pieces)
        self._exact = Pieces(form for form in exact if len(form) >= HEAD)
        self._short = sorted(form for form in exact if len(form) < HEAD)
        self._short_finder = finder(self._short)

    def near(self, text: str) -> _Spans:
        """Return, in order, the parts of ``text`` that may contain one or its beginning."""
        try:
            spans = [span for reading in decodings(text) for span in self._near(reading)]
        except TooManyDecodingsError:
            return [(0, len(text))]
        return _joined(spans)

    def hidden_in(self, text: str) -> str:
        """Return ``text`` without them; one in which it was cut off is hidden too."""
        try:
            spans = [span for reading in decodings(text) for span in self._spans(reading)]
        except TooManyDecodingsError:
            return MASK
        if not spans:
            return text
        out: list[str] = []
        position = 0
        for start, end in _joined(spans):
            out += (text[position:start], MASK)
            position = end
        return "".join(out) + text[position:]

    def _near(self, reading: Decoding) -> _Spans:
        text = without_halves(reading.text)
        spans = [(start, start + HEAD) for start in self._exact.begun(text)]
        spans += self._short_in(text)
        form = canonical(text)
        begun = list(self._pieces.begun(form))
        places = _positions(text) if begun else []
        spans += [(places[start], places[start + HEAD - 1] + 1) for start in begun]
        return [reading.source(*span) for span in _joined(spans)]

    def _spans(self, reading: Decoding) -> _Spans:
        """Return the parts of the original text that contain one of them in this reading."""
        text = without_halves(reading.text)
        spans = [(start, self._exact.end(text, start)) for start in self._exact.begun(text)]
        spans += self._short_in(text)
        form = canonical(text)
        loose = [(start, self._pieces.end(form, start)) for start in self._pieces.begun(form)]
        places = _positions(text) if any(end for _, end in loose) else []
        spans += [(places[start], places[end - 1] + 1) for start, end in loose if end]
        return [reading.source(*span) for span in _joined([span for span in spans if span[1]])]

    def _short_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where those occur that are so short that they must occur exactly."""
        for number, start, end in matches(self._short_finder, text, HEAD):
            if len(self._short[number]) >= _WORD or _is_word(text, start, end):
                yield start, end


def _read_as(value: str) -> Iterator[str]:
    """Yield the parts of what a value stands for that is itself stored in a quoted form."""
    try:
        for reading in islice(decodings(value), 1, _MOST_READ_AS):
            form = canonical(reading.text)
            if len(form) >= HEAD:
                yield from in_pieces(form)
    except TooManyDecodingsError:
        return


def _written(value: str) -> Iterator[str]:
    """Yield how a short value may be written, in addition to what ``decodings`` undo."""
    for form in {value, value.strip(), " ".join(value.split()), value.replace(" ", "+")}:
        if not form or form.isspace():
            continue
        for quoted in (form, form.replace('"', '""'), form.replace("'", "''")):
            yield quoted[:LONGEST]
            if len(quoted) >= _WORD:
                yield from (quoted.lower()[:LONGEST], quoted.upper()[:LONGEST])
                yield quoted.capitalize()[:LONGEST]


def _is_word(text: str, start: int, end: int) -> bool:
    return not (_in_word(text[start - 1 : start]) or _in_word(text[end : end + 1]))


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _joined(spans: _Spans) -> _Spans:
    """Return spans in order, merging those that overlap or touch."""
    out: _Spans = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
