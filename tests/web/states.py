"""Snapshots of a server for tests of what is said about it."""

from __future__ import annotations

from typing import Any

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.server import Queue, ServerState, SetSizes, Worker
from glasshouse.monitor.snapshot import Fault, Sample, Snapshot
from glasshouse.monitor.trends import QueueAges

NOW = 1_800_000_000.0


def worker(name: str, **fields: Any) -> Worker:
    """Return a worker that was heard just now."""
    return Worker(**{"wid": name, "hostname": "app", "pid": 7, "last_beat": NOW - 1, **fields})


def running(
    jid: str, wid: str | None = "w1", *, left: float = 900, whole: float = 1800
) -> StoredJob:
    """Return a reserved job whose reservation of ``whole`` seconds ends in ``left``."""
    return StoredJob(
        state=JobState.WORKING,
        jid=jid,
        jobtype="Send",
        queue="mail",
        payload=b'{"args":[1]}',
        wid=wid,
        reserved_at=NOW + left - whole,
        expires_at=NOW + left,
    )


def snapshot(
    *queues: Queue,
    workers: tuple[Worker, ...] | None = (worker("w1"),),
    samples: tuple[Sample, ...] = (),
    before: dict[str, int] | None = None,
    fault: Fault | None = None,
    quiet_since: dict[str, float] | None = None,
    **fields: Any,
) -> Snapshot:
    """Return what is known ``NOW``; ``before`` is how long queues were a minute ago."""
    state = ServerState(
        **{
            "read_at": NOW,
            "description": "Faktory",
            "version": "1",
            "queues": queues,
            "sets": SetSizes(),
            "processed": 0,
            "failures": 0,
            "workers": workers,
            **fields,
        }
    )
    return Snapshot(
        generation=1,
        pulse=1,
        state=state,
        checked_at=NOW,
        fault=fault,
        samples=samples,
        mark=None if before is None else QueueAges(at=NOW - 60, sizes=before, whole=True),
        quiet_since=quiet_since or {},
    )
