"""What an index of three-letter pieces can determine for a search: which entries cannot match.

SQLite's ``trigram`` tokenizer cuts text into all runs of three characters. If a text
occurs in another, so do all its pieces: what has them may match, nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable

from glasshouse.model.jobquery import JobQuery
from glasshouse.wire import lenient
from glasshouse.wire.matching import error_parts

SIZE = 3
MOST = 1 << 16
"""Number of characters of one entry that are cut into pieces."""
LONG = "\ue000\ue001\ue002"
"""Marks an entry that has more: it may match any search."""
_MOST_PIECES = 24


def marked(text: str) -> str:
    """Return casefolded text as it is indexed: only as much of it as is examined.

    For a longer text, one more character than ``MOST`` is enough.
    """
    whole = text if len(text) <= MOST else text[:MOST] + LONG
    return _storable(whole)


def match_of(wanted: JobQuery) -> str | None:
    """Return an FTS5 expression that holds for every entry that matches, or ``None`` for all."""
    pieces = dict.fromkeys(piece for text in _texts(wanted) for piece in _spread(_storable(text)))
    if not pieces:
        return None
    every = " AND ".join(_quoted(piece) for piece in list(pieces)[:_MOST_PIECES])
    return f"({every}) OR {_quoted(LONG)}"


def _storable(text: str) -> str:
    """Return text without half characters, and without NUL, which ends text for SQLite."""
    return lenient.storable(text.replace("\0", "\ufffd"))


def _texts(wanted: JobQuery) -> Iterable[str]:
    """Yield texts that all occur, casefolded, in the searchable text of every match."""
    texts = (*wanted.words, *wanted.args, *error_parts(wanted))
    yield from (text.casefold() for text in texts)
    patterns = (*wanted.jid, *wanted.jobtype, *wanted.queue, *(t.value for t in wanted.at_path))
    for pattern in patterns:
        yield from pattern.casefold().split("*")


def _spread(text: str) -> list[str]:
    """Return pieces that cover a text; those left out are covered by their neighbors."""
    last = len(text) - SIZE
    if last < 0:
        return []
    starts = dict.fromkeys([*range(0, last + 1, SIZE), last])
    return [text[at : at + SIZE] for at in starts]


def _quoted(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'
