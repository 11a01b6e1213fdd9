"""Text in a form that every database can hold.

Invariant: any text that Python can hold is stored and read back unchanged, on SQLite and
PostgreSQL alike. PostgreSQL does not accept U+0000, and no database accepts a lone surrogate,
since UTF-8 has no form for it. Such a character is stored as two: the mark, and one that
says which it was. The mark itself, which is not a character of any script, is likewise
stored as two. Each character is encoded on its own, so that equal texts stay equal and
prefixes stay prefixes; text without any of these is stored as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa

MARK = "\U0010ffff"
_PLANE = 0x100000
"""Where the characters that follow the mark lie: private ones, for 0 and for surrogates."""
_MARKED = "\U0010fffe"
_UNSAFE = re.compile(f"[\0\ud800-\udfff{MARK}]")
_ENCODED = re.compile(f"{MARK}([\U00100000\U0010d800-\U0010dfff{_MARKED}])")


def encode(text: str) -> str:
    """Return the form in which ``text`` is stored: at most twice as long."""
    if text.isprintable():
        # Neither U+0000 nor a surrogate nor the mark is: most texts end here, and early.
        return text
    return _UNSAFE.sub(_pair, text)


def decode(kept: str) -> str:
    """Return the text that is stored as ``kept``."""
    return _ENCODED.sub(_single, kept) if MARK in kept else kept


def _pair(match: re.Match[str]) -> str:
    return MARK + (_MARKED if match[0] == MARK else chr(_PLANE + ord(match[0])))


def _single(match: re.Match[str]) -> str:
    return MARK if match[1] == _MARKED else chr(ord(match[1]) - _PLANE)


class PortableText(sa.types.TypeDecorator[str]):
    """A column of text of any characters. ``length`` is the most that Glasshouse writes there.

    The database does not enforce it: text with characters that it cannot hold is longer there.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        """Hold text of about ``length`` characters, or of any length."""
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[str]:
        """Return the column's type: SQLite treats a length as a remark, PostgreSQL as a limit."""
        if self.length is None or dialect.name == "postgresql":
            return sa.Text()
        return sa.String(self.length)

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return what is sent to the database."""
        return None if value is None else encode(value)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[str | None], str | None]:
        """Return ``process_bind_param`` by itself: text needs nothing more, on any database."""
        return lambda value: None if value is None else encode(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return the text that the database's value stands for."""
        return None if value is None else decode(value)


def begins(column: sa.ColumnElement[str], start: str) -> sa.ColumnElement[bool]:
    """Return whether a ``PortableText`` begins with ``start``, case-sensitively.

    ``LIKE`` ignores case on SQLite but not on PostgreSQL.
    """
    kept = encode(start)
    return sa.func.substr(column, 1, len(kept)) == sa.literal(kept, sa.Text())
