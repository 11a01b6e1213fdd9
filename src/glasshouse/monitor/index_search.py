"""One search of an index in progress, piece by piece, until its time is over."""

from __future__ import annotations

import time
from collections.abc import Sequence

from glasshouse.model.audience import audience
from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.search_result import Coverage, SearchResult
from glasshouse.monitor.index_pace import Step
from glasshouse.monitor.index_store import BEYOND, LATEST, IndexedEntry, IndexStore, number_at
from glasshouse.upstream.deadline import Deadline, DeadlineError
from glasshouse.wire.trigrams import match_of

_BATCH = 200
_FEW = 4
_PIECE = 0.05
"""Seconds after which others have their turn."""


class SearchPass:
    """What one search has examined, and what it found there."""

    def __init__(self, wanted: JobQuery, start: int | None, per_page: int, seconds: float) -> None:
        """Search for ``wanted`` from the number ``start`` on, for this many seconds."""
        self._wanted = wanted
        self._audience = audience(wanted.hidden, wanted.shown)
        self._match = match_of(wanted)
        self._exactly = next((jid for jid in wanted.jid if "*" not in jid), None)
        self._per_page = per_page
        self._deadline = Deadline(time.monotonic, seconds)
        self._high = BEYOND if start is None else start + 1
        self._some: Sequence[IndexedEntry] = ()
        self._step = Step(_BATCH, _FEW)
        self._batch = per_page + 1
        self._hits: list[tuple[int, StoredJob]] = []
        self._looked_at = self._skipped = 0
        self._began = self._last = self._stopped = False

    def candidates(self, store: IndexStore, *, held: bool) -> bool:
        """Find the next entries that may match; return whether there is anything to do.

        ``held`` means that the index holds the entries, and knows their ids.
        """
        full = len(self._hits) > self._per_page
        if self._began and (self._last or self._stopped or full):
            return False
        self._began = True
        low, high = _span(self._wanted)
        self._high = min(self._high, high)
        self._some = store.candidates(
            self._match,
            low=low,
            high=self._high,
            most=self._batch,
            exactly=self._exactly if held else None,
            audience=self._audience,
        )
        self._last = len(self._some) < self._batch
        return True

    def next(self) -> Sequence[IndexedEntry]:
        """Return the entries to examine now, few when they are large."""
        full = len(self._hits) > self._per_page
        return () if self._stopped or full else self._some[: self._step.count]

    def look(self, some: Sequence[IndexedEntry], jobs: Sequence[StoredJob | None]) -> None:
        """Examine these while there is time; on the index's thread, since they may be large."""
        piece, done = self._deadline.part(_PIECE), 0
        for known, job in zip(some, jobs, strict=True):
            if done and piece.over():
                break
            try:
                if job is not None and self._deadline.matches(self._wanted, job):
                    self._hits.append((known.id, job))
            except DeadlineError:
                if self._looked_at + done:
                    break
                # The next search would end there too.
                self._skipped += 1
            done += 1
        self._step.after(jobs[:done])
        self._looked_at += done
        self._high = some[done - 1].id if done else self._high
        self._some = self._some[done:]
        self._batch = max(self._per_page + 1, self._step.count)
        self._stopped = self._deadline.over()

    def found(self, coverage: Coverage) -> SearchResult:
        """Return what was found."""
        beyond = self._hits[self._per_page :]
        more = bool(self._some) or not self._last
        following = beyond[0][0] if beyond else self._high - 1 if more else None
        return SearchResult(
            items=tuple(job for _, job in self._hits[: self._per_page]),
            following=following,
            looked_at=self._looked_at - self._skipped,
            stopped=(more or self._skipped > 0) and not beyond,
            coverage=coverage,
        )


def _span(wanted: JobQuery) -> tuple[int, int]:
    """Return the range of entry numbers for the wanted time: the first, and the one after."""
    low = 0 if wanted.after is None else number_at(wanted.after)
    # Times beyond the range of numbers are stored at the latest one.
    latest = wanted.before is None or wanted.before > LATEST
    high = BEYOND if latest or wanted.before is None else number_at(wanted.before + 0.001)
    return low, high
