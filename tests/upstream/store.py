"""A data folder with jobs in it, as an engine would have left it, without running one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import apsw

from glasshouse.engine import schema
from glasshouse.engine.lock import FolderLock
from glasshouse.model.job import JobState
from glasshouse.upstream.embedded import EmbeddedReader

NOW = 1_800_000_000.0
_INSERT = (
    "INSERT INTO job (state, score, queue, jid, jobtype, retry, reserve_for, enqueued_at, payload)"
    " VALUES (?, ?, ?, ?, ?, 25, 1800, ?, ?)"
)


def put(
    db: apsw.Connection,
    state: JobState,
    score: float,
    jid: str,
    *,
    queue: str = "mail",
    jobtype: str = "Send",
    enqueued_at: float | None = None,
    payload: bytes | None = None,
    args: Any = (),
) -> None:
    """Store one job, counted as the engine counts."""
    body = {"jid": jid, "jobtype": jobtype, "queue": queue, "args": list(args)}
    text = json.dumps(body).encode() if payload is None else payload
    number = schema.STATE_NUMBERS[state]
    db.execute(_INSERT, (number, score, queue, jid, jobtype, enqueued_at, text))
    if state is JobState.ENQUEUED:
        db.execute(
            "INSERT INTO queue VALUES (?, 1, 0) ON CONFLICT (name) DO UPDATE SET size = size + 1",
            (queue,),
        )
    else:
        db.execute(
            "INSERT INTO tally VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            (f"size:{number}",),
        )


def take(db: apsw.Connection, jids: Iterable[str]) -> None:
    """Take jobs of sets away again, as when they ran."""
    for jid in jids:
        number = db.execute("SELECT state FROM job WHERE jid = ?", (jid,)).get
        db.execute("DELETE FROM job WHERE jid = ?", (jid,))
        db.execute("UPDATE tally SET value = value - 1 WHERE name = ?", (f"size:{number}",))


@contextlib.asynccontextmanager
async def storing(folder: Path) -> AsyncIterator[tuple[apsw.Connection, EmbeddedReader]]:
    """Yield a connection that may write, and a reader; an engine seems to run."""
    lock = FolderLock(folder)
    db = schema.open_writer(folder)
    reader = EmbeddedReader(folder, clock=lambda: NOW)
    try:
        yield db, reader
    finally:
        await reader.close()
        db.close()
        lock.close()
