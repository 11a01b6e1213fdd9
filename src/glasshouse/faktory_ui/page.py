"""A page of Faktory's Web UI: whether it is one, whether it is complete, which Faktory made it.

Faktory answers every unknown path with its dashboard, and ends a page in the
middle when something in it fails, with status 200. Neither may be read as data.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from glasshouse.model.errors import UpstreamUnavailableError

_VERSION = re.compile(r"\AFaktory (\S+)\Z")
_MARKS = r",.'\u2019\u066c\u060c\s"
_NUMBER = re.compile(rf"-?(?:\d+|\d{{1,3}}([{_MARKS}])(?:\d{{2,3}}\1)*\d{{3}})")
"""A whole number, also with grouped digits: separated by commas or by another language's mark,
always the same mark, and with three digits in the last group."""
_ROOM = 64 << 20
"""The most bytes of a page that are read: 25 jobs of a megabyte each, written in base64."""
_DIGITS = 40
"""The most characters of a number: Faktory counts in 64 bits."""


class PageError(UpstreamUnavailableError):
    """A page of Faktory cannot be read: its contents are unknown, and nothing is guessed."""

    code = "upstream_page"
    remedy = "This Faktory may be newer than this Glasshouse. Please report it with its version."

    def __init__(self, page: str, why: str, version: str | None = None) -> None:
        """Describe which ``page`` of which ``version`` could not be read, and why."""
        made_by = "" if version is None else f" of Faktory {version}"
        super().__init__(f"The page {page}{made_by} cannot be read: {why}.")
        self.page, self.version = page, version


class Page:
    """One page, with what every page has."""

    def __init__(self, name: str, html: bytes) -> None:
        """Read the page ``name``.

        Raises:
            PageError: it is not one of Faktory's, or it is truncated.
        """
        self.name = name
        if len(html) > _ROOM:
            raise PageError(name, f"it is longer than {_ROOM >> 20} MiB")
        self._tree = LexborHTMLParser(html)
        footer = self._tree.css_first("footer .product-version")
        match = None if footer is None else _VERSION.match(footer.text().strip())
        self.version = None if match is None else match[1]
        if self.version is None or not html.rstrip().endswith(b"</html>"):
            raise self.error("it is not a whole page of Faktory's")

    def error(self, why: str) -> PageError:
        """Return the error that reports what on this page cannot be read."""
        return PageError(self.name, why, self.version)

    def all(self, selector: str) -> list[LexborNode]:
        """Return what matches ``selector``, in the page's order."""
        return self._tree.css(selector)

    def one(self, selector: str) -> LexborNode:
        """Return the first match of ``selector``.

        Raises:
            PageError: nothing does.
        """
        node = self._tree.css_first(selector)
        if node is None:
            raise self.error(f"it has no {selector}")
        return node

    def rows(self, table: str, cells: tuple[int, ...]) -> list[list[LexborNode]]:
        """Return the cells of each row of a table.

        Raises:
            PageError: the number of cells in a row is none of ``cells``.
        """
        rows = [row.css("td") for row in self._tree.css(f"{table} tr")]
        filled = [row for row in rows if row]
        for row in filled:
            if len(row) not in cells:
                raise self.error(f"a row has {len(row)} cells")
        return filled

    def number(self, text: str) -> int:
        """Return a whole number; its digits may be in groups, as in ``2,500``.

        Raises:
            PageError: it is not one.
        """
        digits = text.strip()
        if len(digits) > _DIGITS or not _NUMBER.fullmatch(digits):
            raise self.error(f"{digits[:40]!r} is not a number")
        return int("".join(one for one in digits if one.isdecimal() or one == "-"))


def text_of(cell: LexborNode, selector: str) -> str:
    """Return the text of the first match within a cell; empty if nothing matches."""
    node = cell.css_first(selector)
    return "" if node is None else node.text()


def value_of(node: LexborNode | None, name: str) -> str | None:
    """Return an attribute of an element, or ``None``."""
    return None if node is None else node.attributes.get(name)
