"""Which part of a list of jobs is requested, and the result.

A list moves while it is read. A *place* is stable: it names an entry by the value
that orders the list, and is where that entry would be if it is gone.
"""

from __future__ import annotations

import msgspec

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery

PER_PAGE = 25


class ListPosition(msgspec.Struct, frozen=True):
    """Where a page begins: at the entry with this score and number, or the next one after it.

    ``score`` is the value that orders the list (Unix seconds in a set, a running
    number in a queue); without ``number`` it is the first entry with that score.
    """

    score: float
    number: int | None = None


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list is wanted.

    ``start`` or ``at`` (Unix seconds: when a set's entries are due, when a
    queue's were enqueued) set where the page begins; ``page`` is then only a hint
    of how far down that is. ``backwards`` reverses the list. With ``wanted`` only
    matches are listed.
    """

    page: int = 1
    per_page: int = PER_PAGE
    start: ListPosition | None = None
    at: float | None = None
    backwards: bool = False
    wanted: JobQuery | None = None


class Searched(msgspec.Struct, frozen=True):
    """How far a search went: entries searched from the page's start on, and whether to the end."""

    looked_at: int
    complete: bool


class Entries(msgspec.Struct, frozen=True):
    """Entries of a server with one id, oldest first, at most a hundred of the ``total``.

    ``read_at`` is when the monitor had them read; ``late`` is as in a ``JobPage``.
    """

    items: tuple[StoredJob, ...]
    total: int
    read_at: float = 0.0
    late: str | None = None


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list, with the size of the whole list and the time of reading.

    ``first`` is the position of the first item, counted from 1; ``None`` if unknown,
    as in a search. ``previous`` and ``next`` are where the adjacent pages begin,
    ``None`` at the ends and if a server knows no places. ``late`` is why nothing
    newer was read although it may exist: a sentence, or empty if its turn has not
    come; ``None`` if the page is as new as possible.
    """

    items: tuple[StoredJob, ...]
    total: int
    page: int
    per_page: int
    read_at: float
    first: int | None = None
    previous: ListPosition | None = None
    next: ListPosition | None = None
    searched: Searched | None = None
    late: str | None = None

    @property
    def pages(self) -> int:
        """How many pages the list has now; at least one."""
        return max(1, -(-self.total // self.per_page))
