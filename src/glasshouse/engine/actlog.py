"""The acts that were done, with their results: the newest hundred thousand.

They stay here until the database has them.
"""

from __future__ import annotations

from glasshouse.engine.store import Store

KEPT = 100_000
_SLICE = 2_000

ActRow = tuple[int, str, int, float, bytes]


class ActLog:
    """Results by id and step, and those that the journal and the database lack."""

    def __init__(self, store: Store) -> None:
        """Continue from what the store holds."""
        self._store = store
        self._last = store.last_act()
        self.rows: dict[tuple[str, int], ActRow] = {}
        self._fresh: list[ActRow] = []
        self.forget = 0

    @property
    def unlogged(self) -> bool:
        """Whether there is anything that the journal lacks."""
        return bool(self._fresh)

    @property
    def unstored(self) -> bool:
        """Whether there is anything that the database lacks."""
        return bool(self.rows)

    def result(self, act_id: str, step: int) -> bytes | None:
        """Return the result of an act, or ``None`` when it was not done."""
        late = self.rows.get((act_id, step))
        return self._store.act(act_id, step) if late is None else late[-1]

    def add(self, act_id: str, step: int, now: float, result: bytes) -> None:
        """Remember an act."""
        self._last += 1
        row = (self._last, act_id, step, now, result)
        self.rows[act_id, step] = row
        self._fresh.append(row)
        if self._last % _SLICE == 0:
            self.forget = max(0, self._last - KEPT)

    def fresh(self) -> tuple[list[ActRow], int]:
        """Return what the journal lacks, and the number up to which acts are to be forgotten."""
        return self._fresh, self.forget

    def logged(self) -> None:
        """Note that the journal now has the pending acts."""
        self._fresh = []

    def stored(self) -> None:
        """Note that the database now has the pending acts."""
        self.rows.clear()
        self.forget = 0
