"""The heartbeat table: worker processes that are connected now (fwp.md §2, §6)."""

from __future__ import annotations

from typing import Generic, TypeVar

from glasshouse.model.server import Worker, WorkerState
from glasshouse.wire.handshake import Hello

SILENT_AFTER = 60.0

_ORDER = (WorkerState.RUNNING, WorkerState.QUIET, WorkerState.TERMINATE)

C = TypeVar("C")


class WorkerRecord(Generic[C]):
    """One worker and its open connections."""

    __slots__ = ("connections", "hello", "last_beat", "rss_kb", "started_at", "state")

    def __init__(self, hello: Hello, now: float) -> None:
        """Register the worker as its first HELLO described it."""
        self.hello = hello
        self.started_at = now
        self.last_beat = now
        self.rss_kb = 0
        self.state = WorkerState.RUNNING
        self.connections: set[C] = set()

    def advance(self, state: WorkerState) -> None:
        """Move to ``state``; a worker's state only goes forward."""
        if _ORDER.index(state) > _ORDER.index(self.state):
            self.state = state


class Workers(Generic[C]):
    """All connected workers by wid."""

    def __init__(self) -> None:
        """Start with none."""
        self._records: dict[str, WorkerRecord[C]] = {}
        self.reaped = 0

    def __len__(self) -> int:
        """Return how many workers are connected."""
        return len(self._records)

    def join(self, hello: Hello, connection: C, now: float) -> WorkerRecord[C]:
        """Add a connection; the first HELLO of a wid describes the worker."""
        record = self._records.get(hello.wid)
        if record is None:
            record = self._records[hello.wid] = WorkerRecord(hello, now)
        record.connections.add(connection)
        return record

    def leave(self, wid: str, connection: C) -> None:
        """Remove a connection; the record is removed with its last one."""
        record = self._records.get(wid)
        if record is not None:
            record.connections.discard(connection)
            if not record.connections:
                del self._records[wid]

    def get(self, wid: str) -> WorkerRecord[C] | None:
        """Return a worker's record, if it is connected."""
        return self._records.get(wid)

    def signal(self, wid: str | None, state: WorkerState) -> int:
        """Signal one worker, or all, to go to ``state``; return how many there were.

        They learn it with the answer to their next BEAT.
        """
        if wid is None:
            records = list(self._records.values())
        else:
            records = [self._records[wid]] if wid in self._records else []
        for record in records:
            record.advance(state)
        return len(records)

    def reap(self, now: float) -> list[C]:
        """Forget workers that have been silent for too long; return their connections to close."""
        silent = [w for w, r in self._records.items() if now - r.last_beat > SILENT_AFTER]
        self.reaped += len(silent)
        return [c for wid in silent for c in self._records.pop(wid).connections]

    def views(self, busy: dict[str, int]) -> tuple[Worker, ...]:
        """Return all workers as readers see them; ``busy`` counts reservations by wid."""
        return tuple(
            Worker(
                wid=wid,
                hostname=record.hello.hostname,
                pid=record.hello.pid or None,
                labels=record.hello.labels,
                rss_kb=record.rss_kb or None,
                state=record.state,
                started_at=record.started_at,
                last_beat=record.last_beat,
                busy=busy.get(wid, 0),
            )
            for wid, record in sorted(self._records.items())
        )
