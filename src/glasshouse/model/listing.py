"""What part of a list of jobs is asked for, and what comes back.

A list moves while it is read. A *place* stays: it names an entry by what the
list is ordered by, and is where that entry would be when it has gone.
"""

from __future__ import annotations

import msgspec

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery

PER_PAGE = 25


class ListPosition(msgspec.Struct, frozen=True):
    """Where a page begins: at the entry with this score and number, or the next after it.

    ``score`` is what the list is ordered by (Unix seconds in a set, a running
    number in a queue); without ``number`` the first entry with that score.
    """

    score: float
    number: int | None = None


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list is wanted.

    ``start`` or ``at`` (Unix seconds: when a set's entries are due, when a
    queue's were enqueued) say where the page begins; ``page`` is then no more
    than a hint of how far down that is. ``backwards`` turns the list round.
    With ``wanted`` only what matches is listed.
    """

    page: int = 1
    per_page: int = PER_PAGE
    start: ListPosition | None = None
    at: float | None = None
    backwards: bool = False
    wanted: JobQuery | None = None


class Searched(msgspec.Struct, frozen=True):
    """How far a search went: entries looked at, from the page's beginning on, and if to the end."""

    looked_at: int
    complete: bool


class Entries(msgspec.Struct, frozen=True):
    """Entries of a server with one id, the oldest first, at most a hundred of the ``total``.

    ``read_at`` is when the monitor had them read; ``late`` as in a ``JobPage``.
    """

    items: tuple[StoredJob, ...]
    total: int
    read_at: float = 0.0
    late: str | None = None


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list, with the size of the whole list and the time of reading.

    ``first`` is the position of the first item, counted from 1; ``None`` when it
    is not known, as in a search. ``previous`` and ``next`` are where the pages
    beside it begin, ``None`` at the ends and where a server knows no places.
    ``late`` is why nothing newer was read although it may be there: a sentence, or
    empty when its turn has not come; ``None`` when the page is as new as can be.
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
