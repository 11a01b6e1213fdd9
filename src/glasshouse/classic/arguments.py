"""Arguments as Faktory's pages show them: JSON by Go's encoder, each cut at a length.

Each argument is followed by a line break and, but for the last, by ", ". No raw
line break is within JSON, so that is where they are taken apart. Go read the
numbers as 64-bit floats: a large whole number may have lost its last digits.
"""

from __future__ import annotations

import json
import re

import msgspec
from selectolax.lexbor import LexborNode

from glasshouse.classic.page import Page

_BETWEEN = "\n, "
_CUT = "…"
_BIG = 2**53
_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?')


class Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of a job's arguments.

    ``text`` is what it shows. ``items`` is the JSON text of each argument, and
    ``None`` when something is cut, or cannot be told apart. ``exact`` is false
    when a number among them may have been rounded by Faktory.
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
    return read_arguments(shown.text())


def read_arguments(shown: str) -> Arguments:
    """Return what the text of an ``args`` element says."""
    if not shown.strip():
        return Arguments(text="", items=(), exact=True)
    parts = shown.removesuffix("\n").split(_BETWEEN)
    items = tuple(parts) if all(map(_whole, parts)) else None
    return Arguments(text=", ".join(parts), items=items, exact=not any(map(_rounded, parts)))


def _whole(part: str) -> bool:
    # One that is cut ends with a mark; a text that ends so is closed by a quote.
    if part.endswith(_CUT):
        return False
    try:
        json.loads(part)
    except (ValueError, RecursionError):
        return False
    return True


def _rounded(part: str) -> bool:
    numbers = (found[0] for found in _NUMBER.finditer(part) if not found[0].startswith('"'))
    return any(_may_be_rounded(number) for number in numbers)


def _may_be_rounded(number: str) -> bool:
    if not re.fullmatch(r"-?\d+", number):
        # A fraction comes out as the shortest text of its float; a large whole number with an "e".
        return "e" in number.lower() and abs(float(number)) >= _BIG
    return abs(int(number)) > _BIG
