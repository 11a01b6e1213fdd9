"""A text in every way in which it can be read: each form of quoting undone, level by level.

What programs do to a value before they write it out is undone here: backslashes (JSON,
Go, Python, Ruby, PHP, C, SQL), percent signs (URLs and forms), HTML entities, base64 and
hexadecimal digits. There is no guess as to which was meant: each is undone separately, the
result is read again, and each reading can be traced back to the text that it comes from.
"""

from __future__ import annotations

import html
import re
from binascii import Error as NotBase64Error
from binascii import a2b_base64, unhexlify
from bisect import bisect_right
from collections.abc import Callable, Iterator

MOST_DECODINGS = 48
"""Maximum number of readings of one text."""
_MOST_TIMES, _MOST_MORE = 12, 64 << 10
# A piece: what it stands for, and how many characters of the source it takes.
_Pieces = list[tuple[str, int]]


class TooManyDecodingsError(Exception):
    """A text can be read in more ways than are examined."""


class Decoding:
    """One reading of a text."""

    __slots__ = ("_from", "_literal", "_parent", "_starts", "text")

    def __init__(self, text: str, parent: Decoding | None = None) -> None:
        """Read ``text`` as it is; as a reading of ``parent``, pieces are added with ``add``."""
        self.text = text
        self._parent = parent
        self._starts: list[int] = []
        self._from: list[int] = []
        self._literal: list[bool] = []

    def add(self, start: int, source: int, *, literal: bool) -> None:
        """Record where in the parent the piece that begins at ``start`` comes from."""
        self._starts.append(start)
        self._from.append(source)
        self._literal.append(literal)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the original text that ``[start:end]`` was read from."""
        here: Decoding = self
        while here._parent is not None:
            start, end = here._in_parent(start, end)
            here = here._parent
        return start, end

    def _in_parent(self, start: int, end: int) -> tuple[int, int]:
        assert self._parent is not None
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        begin = self._from[first]
        if self._literal[first]:
            begin += start - self._starts[first]
        if self._literal[last]:
            return begin, self._from[last] + end - self._starts[last]
        beyond = last + 1
        return begin, self._from[beyond] if beyond < len(self._from) else len(self._parent.text)


def decodings(text: str) -> Iterator[Decoding]:
    """Yield every reading of ``text``, itself first, no two the same.

    Raises:
        TooManyDecodingsError: there are more than ``MOST_DECODINGS``, or they are too long
            in total; those yielded so far are incomplete.
    """
    known = {text}
    todo = [Decoding(text)]
    left = _MOST_TIMES * len(text) + _MOST_MORE
    for count, reading in enumerate(todo):
        left -= len(reading.text)
        if count >= MOST_DECODINGS or left < 0:
            raise TooManyDecodingsError
        yield reading
        for decode in _DECODERS:
            decoding = decode(reading)
            if decoding is not None and decoding.text not in known:
                known.add(decoding.text)
                todo.append(decoding)


def may_be_quoted(text: str) -> bool:
    """Return whether a value may itself be quoted; cheap, true when unsure."""
    if "\\" in text or "%" in text or "&" in text:
        return True
    return _RUN.fullmatch(text) is not None and _spelt(text) is not None


def _undone(
    parent: Decoding, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], _Pieces | None]
) -> Decoding | None:
    """Return ``parent`` with matches of ``pattern`` decoded by ``replace``; ``None`` if none."""
    text, out, length, last = parent.text, list[str](), 0, 0
    decoding = Decoding("", parent)
    for match in pattern.finditer(text):
        pieces = replace(match)
        if pieces is None:
            continue
        start = match.start()
        if start > last:
            decoding.add(length, last, literal=True)
            out.append(text[last:start])
            length += start - last
        last = start
        for piece, size in pieces:
            decoding.add(length, last, literal=False)
            out.append(piece)
            length += len(piece)
            last += size
    if not out:
        return None
    if last < len(text):
        decoding.add(length, last, literal=True)
        out.append(text[last:])
    decoding.text = "".join(out)
    return decoding


# -- backslashes -------------------------------------------------------------

_BACKSLASHED = re.compile(
    r"\\(?:"
    r"u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?:u|U(?![0-9a-fA-F]{8}))(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})"
    r"|[ux]\{(?P<braced>[0-9a-fA-F]{1,6})\}"
    r"|(?P<hex>x[0-9a-fA-F]{2}(?:\\x[0-9a-fA-F]{2})*)"
    r"|(?P<octal>[0-3][0-7]{2}(?:\\[0-3][0-7]{2})*)"
    r"|(?P<one>.))",
    re.DOTALL,
)
_ONES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "a": "\a",
    "e": "\x1b",
    "0": "\0",
}


def _without_backslashes(parent: Decoding) -> Decoding | None:
    return _undone(parent, _BACKSLASHED, _backslashed) if "\\" in parent.text else None


def _backslashed(match: re.Match[str]) -> _Pieces | None:
    kind, size = match.lastgroup, match.end() - match.start()
    if kind == "one":
        return [(_ONES.get(match["one"], match["one"]), size)]
    if kind == "hex":
        return _of_bytes(unhexlify(match[0].replace("\\x", "")), 4)
    if kind == "octal":
        return _of_bytes(bytes(int(code, 8) for code in match[0][1:].split("\\")), 4)
    if kind == "low":
        return [(_pair(match["high"], match["low"]), size)]
    assert kind is not None
    return _character(int(match[kind], 16), size)


def _pair(high: str, low: str) -> str:
    return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF))


def _character(code: int, size: int) -> _Pieces | None:
    if code > 0x10FFFF:  # noqa: PLR2004 - the last character of Unicode
        return None
    return [("\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code), size)]  # noqa: PLR2004 - alone


def _of_bytes(raw: bytes, size: int) -> _Pieces:
    """Return the characters of bytes that take ``size`` characters each in the source.

    Decoded as UTF-8; an invalid byte becomes the character with its number.
    """
    return [
        (chr(ord(char) - 0xDC00), size)
        if "\udc80" <= char <= "\udcff"
        else (char, size * len(char.encode()))
        for char in raw.decode("utf-8", "surrogateescape")
    ]


# -- percent signs -----------------------------------------------------------

_PERCENT = re.compile(
    r"%u(?P<high>[dD][89abAB][0-9a-fA-F]{2})%u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|%u(?P<four>[0-9a-fA-F]{4})|(?P<bytes>(?:%[0-9a-fA-F]{2})+)"
)


def _without_percents(parent: Decoding) -> Decoding | None:
    return _undone(parent, _PERCENT, _percent) if "%" in parent.text else None


def _percent(match: re.Match[str]) -> _Pieces | None:
    size = match.end() - match.start()
    if match.lastgroup == "bytes":
        return _of_bytes(unhexlify(match[0].replace("%", "")), 3)
    if match.lastgroup == "low":
        return [(_pair(match["high"], match["low"]), size)]
    return _character(int(match["four"], 16), size)


# -- HTML and XML ------------------------------------------------------------

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def _without_entities(parent: Decoding) -> Decoding | None:
    return _undone(parent, _ENTITY, _entity) if "&" in parent.text else None


def _entity(match: re.Match[str]) -> _Pieces | None:
    unescaped = html.unescape(match[0])
    return None if unescaped in ("", match[0]) else [(unescaped, len(match[0]))]


# -- base64 and hexadecimal digits -------------------------------------------

_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_PART = re.compile(r"(?:0[xX](?=[0-9a-fA-F]{8}))?(?P<digits>[A-Za-z0-9]{8,})")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
_HALVES = frozenset("0123456789abcdefABCDEF")
_URL_SAFE = str.maketrans("-_", "+/")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _without_base64(parent: Decoding) -> Decoding | None:
    return _undone(parent, _RUN, _run)


def _run(match: re.Match[str]) -> _Pieces | None:
    run = match[0]
    spelt = _spelt(run)
    if spelt is not None:
        return [(spelt, len(run))]
    pieces: _Pieces = []
    last = 0
    # It may be part of a path or a name, whose punctuation is also part of base64.
    for part in _PART.finditer(run):
        digits = part["digits"]
        spelt = _spelt(digits)
        if spelt is not None:
            pieces += [(char, 1) for char in run[last : part.start("digits")]]
            pieces.append((spelt, len(digits)))
            last = part.end()
    if not pieces:
        return _hex_within(run)
    return [*pieces, *((char, 1) for char in run[last:])]


def _hex_within(run: str) -> _Pieces | None:
    """Return the reading of hexadecimal digits followed by other letters, or after one."""
    for match in _HEX.finditer(run):
        for start in (match.start(), match.start() + 1):
            digits = _HEX.match(run, start)
            text = None if digits is None else _as_text(unhexlify(digits[0]))
            if digits is not None and text is not None:
                # One extra digit is half of a byte that was cut off.
                end = digits.end() + (run[digits.end() :] in _HALVES)
                return [
                    *((char, 1) for char in run[: digits.start()]),
                    (text, end - digits.start()),
                    *((char, 1) for char in run[end:]),
                ]
    return None


def _spelt(run: str) -> str | None:
    """Return the text that base64 or hexadecimal digits spell; ``None`` if they spell none."""
    if _HEX.fullmatch(run):
        text = _as_text(unhexlify(run))
        if text is not None:
            return text
    run = run.rstrip("=").translate(_URL_SAFE)
    if len(run) % 4 == 1:
        run = run[:-1]
    try:
        return _as_text(a2b_base64(run + "=" * (-len(run) % 4)))
    except NotBase64Error:
        return None


def _as_text(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        if error.end < len(raw) or error.reason != "unexpected end of data":
            return None
        # It was cut off in the middle of a character.
        text = raw[: error.start].decode()
    return text if text and _CONTROL.search(text) is None else None


# -- texts that were cut off ---------------------------------------------------

# What is left of an escape where a text ends or continues with three dots; or of a character
# with some of its bytes missing.
_PARTIAL = re.compile(
    r"(?:(?<!\\)\\++(?:[uUx]\{?[0-9a-fA-F]{0,7}|[0-7]{0,2})"
    r"|\\x[c-fC-F][0-9a-fA-F](?:\\x[89abAB][0-9a-fA-F]){0,2}|\\3[0-7]{2}(?:\\2[0-7]{2}){0,2}"
    r"|%(?:[0-9a-fA-F]|u[0-9a-fA-F]{0,3})?|%[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){0,2}"
    r"|&#?[0-9a-zA-Z]{0,10}|(?<!\ufffd)\ufffd++)"
    r"(?=\.\.\.|\u2026|\Z)"
)


def _without_partial(parent: Decoding) -> Decoding | None:
    return _undone(parent, _PARTIAL, lambda match: [("", len(match[0]))])


_DECODERS = (
    _without_backslashes,
    _without_percents,
    _without_entities,
    _without_base64,
    _without_partial,
)
