"""Arguments as Faktory's pages show them: JSON by Go's encoder, each cut at a length.

There is ", " between two of them; since 1.8 each is also followed by a line break. The end
of a JSON value is unambiguous, so they are split there, and only where none can have been
cut: what follows a cut could be read as almost anything. Go read the numbers as 64-bit
floats: a large whole number may have lost its last digits.
"""

from __future__ import annotations

import json
import re

import msgspec
from selectolax.lexbor import LexborNode

from glasshouse.faktory_ui.page import Page
from glasshouse.model.versions import before

LISTED, WHOLE = 1 << 10, 1 << 20
"""Bytes shown of each argument in a list, and on a job's own page."""

_BETWEEN = ", "
_CUT = "…"
_FORMAT, _NO_FORMAT_SINCE = "%", (1, 9, 1)
"""Before, Faktory used the cut text as a format string: it comes out with another length."""
_BIG, _DIGITS = 2**53, 400
_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?')
_DECODER = json.JSONDecoder()


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """A job's arguments as a page shows them.

    ``text`` is what it shows. ``items`` is the JSON text of each argument, and
    ``None`` if something is cut, or cannot be separated. ``exact`` is false
    if Faktory may have rounded a number among them.
    """

    text: str
    items: tuple[str, ...] | None
    exact: bool


def arguments_in(page: Page, cell: LexborNode) -> Arguments:
    """Return the arguments that a cell of a list shows, each cut at 1 KiB.

    Raises:
        PageError: it shows none.
    """
    shown = cell.css_first(".args")
    if shown is None:
        raise page.error("a row has no arguments")
    return read_arguments(shown.text(), limit=LISTED, version=page.version)


def read_arguments(shown: str, *, limit: int, version: str | None) -> Arguments:
    """Return the arguments in an ``args`` element of a ``version`` that cuts at ``limit`` bytes."""
    if not shown.strip():
        return Arguments(text="", items=(), exact=True)
    text = shown.removesuffix("\n").replace("\n, ", _BETWEEN)
    formats = before(version or "", *_NO_FORMAT_SINCE) and _CUT in shown and _FORMAT in shown
    items = None if formats else _items(shown, limit)
    return Arguments(text=text, items=items, exact=not _rounded(text))


def _items(shown: str, limit: int) -> tuple[str, ...] | None:
    """Return the arguments one by one.

    One that was cut is longer than ``limit`` from its beginning, however what follows is
    read: so it is never taken for a whole one.
    """
    items: list[str] = []
    begin = 0
    while True:
        end = _end(shown, begin)
        if end is None or len(shown[begin:end].encode(errors="replace")) > limit:
            return None
        items.append(shown[begin:end])
        if shown.startswith("\n", end):
            end += 1
        if end == len(shown):
            return tuple(items)
        if not shown.startswith(_BETWEEN, end):
            return None
        begin = end + len(_BETWEEN)


def _end(shown: str, begin: int) -> int | None:
    """Return the end of the JSON value that begins there."""
    try:
        return _DECODER.raw_decode(shown, begin)[1]
    except (ValueError, RecursionError):
        return None


def _rounded(text: str) -> bool:
    numbers = (match[0] for match in _NUMBER.finditer(text) if not match[0].startswith('"'))
    return any(_may_be_rounded(number) for number in numbers)


def _may_be_rounded(number: str) -> bool:
    if len(number) > _DIGITS:
        return True
    if not re.fullmatch(r"-?\d+", number):
        # A fraction is written as its float's shortest text; a large whole number with an "e".
        return "e" in number.lower() and abs(float(number)) >= _BIG
    return abs(int(number)) > _BIG
