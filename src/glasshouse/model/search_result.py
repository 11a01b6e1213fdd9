"""The results of a search of a whole server, and how much of the server it covered."""

from __future__ import annotations

import msgspec

from glasshouse.model.job import StoredJob


class UnsearchedList(msgspec.Struct, frozen=True):
    """Entries of a list that no index holds: those further down in a queue, or anywhere in it.

    ``queue`` is empty for the jobs that run.
    """

    queue: str
    entries: int


class Coverage(msgspec.Struct, frozen=True):
    """How much of a server is in its index: entries, of how many, and the age of that in seconds.

    ``age`` is that of the oldest part; ``None`` until everything was read once.
    ``beyond`` are the lists that are not fully in it, those with the most left out first;
    ``sets_whole`` says whether retries, scheduled and dead jobs are.
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
    """Matching entries, latest time first.

    ``following`` is where the next part begins, ``None`` at the end. Without ``stopped``
    everything in the index was searched, up to ``following`` if there is one; ``stopped``
    means that time ran out after ``looked_at`` entries that might have matched.
    """

    items: tuple[StoredJob, ...]
    following: int | None
    looked_at: int
    stopped: bool
    coverage: Coverage
