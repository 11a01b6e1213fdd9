"""The log of finished executions: bounded by count and by age.

Rows wait here until the database has them. The log is trimmed a slice at a
time, so that no single transaction grows with the log.
"""

from __future__ import annotations

from glasshouse.engine.batch import Row
from glasshouse.engine.schema import OUTCOME_NUMBERS
from glasshouse.engine.store import Store
from glasshouse.model.job import Outcome

_SLICE = 2_000
Error = tuple[str, str | None]
"""The type of an error, and the paths of the job's values in it, as written."""


class FinishedLog:
    """Executions that are not written yet, and how far the log is to be forgotten."""

    def __init__(self, store: Store) -> None:
        """Continue from what the store holds."""
        self._store = store
        self._first, self._last = store.finished_ids()
        self.rows: list[tuple[object, ...]] = []
        self.forget = 0
        self._logged = 0
        self._forget_logged = 0

    @property
    def unlogged(self) -> bool:
        """Whether there is anything that the journal lacks."""
        return len(self.rows) > self._logged or self.forget > self._forget_logged

    @property
    def unstored(self) -> bool:
        """Whether there is anything that the database lacks."""
        return bool(self.rows or self.forget)

    def __len__(self) -> int:
        """Return how many entries the log holds, including those not yet written."""
        return self._last - self._first + 1

    def add(self, row: Row, now: float, outcome: Outcome, error: Error | None, most: int) -> None:
        """Add the end of an execution, with its error if it failed; the log keeps ``most``."""
        if most == 0:
            return
        self._last += 1
        self.rows.append(
            (self._last, row.jid, row.jobtype, row.queue, row.wid, row.enqueued_at,
             row.reserved_at, now, OUTCOME_NUMBERS[outcome], *(error or (None, None)))
        )  # fmt: skip
        if self._last - self._first >= most + _SLICE:
            self._forget_until(self._last - most)

    def trim(self, now: float, most: int, lifetime: float) -> bool:
        """Forget a slice of what exceeds the bounds; True when there may be more."""
        until = self._store.finished_before(now - lifetime, most=_SLICE)
        until = max(until, self._last - most)
        if until < self._first:
            return False
        self._forget_until(until)
        return until > self.forget

    def clear(self) -> None:
        """Forget all of it."""
        self.rows = []
        self._first, self._last, self._logged = 1, 0, 0
        self.forget = self._forget_logged = 0

    def fresh(self) -> tuple[list[tuple[object, ...]], int]:
        """Return the rows that the journal lacks, and how far the log is to be forgotten."""
        return self.rows[self._logged :], self.forget

    def logged(self) -> None:
        """Note that the journal now has the pending rows."""
        self._logged, self._forget_logged = len(self.rows), self.forget

    def stored(self) -> None:
        """Note that the database now has the pending rows."""
        if self.forget:
            self._first = self.forget + 1
        self.rows = []
        self.forget = self._logged = self._forget_logged = 0

    def _forget_until(self, until: int) -> None:
        self.forget = min(until, self._first + _SLICE - 1, self._last)
