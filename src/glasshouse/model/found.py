"""What a search of a whole server found, and how much of the server it could look at."""

from __future__ import annotations

import msgspec

from glasshouse.model.job import StoredJob


class Coverage(msgspec.Struct, frozen=True):
    """How much of a server is in its index: entries, of how many, and the age of that in seconds.

    ``age`` is that of the oldest part; ``None`` until everything was looked at once.
    """

    indexed: int
    total: int
    age: float | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
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
