"""What a search of a whole server found, and how much of the server it could look at."""

from __future__ import annotations

import msgspec

from glasshouse.model.job import StoredJob


class UnsearchedList(msgspec.Struct, frozen=True):
    """Entries of a list that no index holds: those further down in a queue, or in any of it.

    ``queue`` is empty for the jobs that run.
    """

    queue: str
    entries: int


class Coverage(msgspec.Struct, frozen=True):
    """How much of a server is in its index: entries, of how many, and the age of that in seconds.

    ``age`` is that of the oldest part; ``None`` until everything was looked at once.
    ``beyond`` are the lists that are not in it as a whole, those with most left out first;
    ``sets_whole`` tells whether retries, scheduled and dead jobs are.
    """

    indexed: int
    total: int
    age: float | None
    beyond: tuple[UnsearchedList, ...] = ()
    sets_whole: bool = True

    @property
    def whole(self) -> bool:
        """Whether everything that was there ``age`` seconds ago can be found."""
        return self.age is not None and self.sets_whole and not self.beyond


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that match, those with the latest time first.

    ``following`` is where the next part begins, ``None`` at the end. Without ``stopped``
    everything in the index was looked at, up to ``following`` if there is one; ``stopped``
    says that time ran out after ``looked_at`` entries that might have matched.
    """

    items: tuple[StoredJob, ...]
    following: int | None
    looked_at: int
    stopped: bool
    coverage: Coverage
