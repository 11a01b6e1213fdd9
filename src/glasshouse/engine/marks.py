"""What has changed since it was last written somewhere: only names, the state is in memory."""

from __future__ import annotations

from glasshouse.engine.batch import Row


class SyncMarks:
    """Marks for one destination: the journal or the database."""

    __slots__ = ("dropped_queues", "flushed", "gone", "parameters", "queues", "rows", "tallies")

    def __init__(self) -> None:
        """Start with nothing marked."""
        self.rows: dict[int, Row] = {}
        self.gone: dict[int, None] = {}
        self.queues: set[str] = set()
        self.dropped_queues: set[str] = set()
        self.tallies: set[str] = set()
        self.parameters: set[str] = set()
        self.flushed = False

    def __bool__(self) -> bool:
        """Whether anything is marked."""
        return bool(
            self.rows
            or self.gone
            or self.queues
            or self.tallies
            or self.dropped_queues
            or self.parameters
            or self.flushed
        )

    def flush(self) -> None:
        """Mark that jobs, queues and counters are gone; earlier marks of them no longer count."""
        for marks in (self.rows, self.gone, self.queues, self.dropped_queues, self.tallies):
            marks.clear()
        self.flushed = True

    def clear(self) -> None:
        """Remove all marks."""
        self.flush()
        self.parameters.clear()
        self.flushed = False
