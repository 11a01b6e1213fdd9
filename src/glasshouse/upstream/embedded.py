"""Reading the embedded server: its database opened read-only, beside a running engine.

SQLite itself refuses writes on these connections; nothing here could change
anything even by mistake. The finished log, whose reads may be longer, has a
thread of its own: what the sampler asks never waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec

from glasshouse.engine import schema
from glasshouse.engine.attachment import Attachment
from glasshouse.engine.status import read_status, status_token
from glasshouse.model.errors import NotFoundError
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage, TimesTable
from glasshouse.model.job import JobPage, JobSet, JobState, StoredJob
from glasshouse.model.parameters import Parameter, listed, stored_parameters
from glasshouse.model.server import Queue, ServerState, SetSizes
from glasshouse.upstream import embedded_finished as log
from glasshouse.upstream.embedded_db import ReadThread
from glasshouse.wire.times import format_time

T = TypeVar("T")

_COLUMNS = "state, score, queue, jid, jobtype, wid, reserved_at, payload"
# The database follows the engine by a moment; before each look the engine is asked to let it. One
# that does not answer in this time is looked at as it is.
_PATIENCE = 0.5
_ENQUEUED = schema.STATE_NUMBERS[JobState.ENQUEUED]


class EmbeddedReader:
    """A ``Reader`` of the engine that runs on a data folder of this machine."""

    def __init__(self, data: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Read below ``data``; nothing is opened before the first question."""
        self._data = data
        self._clock = clock
        self._lists = ReadThread(data, "read-engine")
        self._log = ReadThread(data, "read-finished")
        self._engine = Attachment(data, patience=_PATIENCE)

    async def change_token(self) -> Hashable:
        """Return SQLite's data version and the status file's identity."""
        return await self._read(self._lists, self._token)

    async def state(self) -> ServerState:
        """Return totals, queues, sets and workers."""
        return await self._read(self._lists, self._state)

    async def queue_jobs(self, queue: str, *, page: int, per_page: int) -> JobPage:
        """Return one page of a queue, next to run first."""
        return await self._read(self._lists, lambda db: self._queue_jobs(db, queue, page, per_page))

    async def set_jobs(self, name: JobSet, *, page: int, per_page: int) -> JobPage:
        """Return one page of a set; dead newest first, the others soonest first."""
        state = schema.STATE_NUMBERS[JobState(name.value)]
        order = "DESC" if name is JobSet.DEAD else "ASC"
        return await self._read(
            self._lists, lambda db: self._set_page(db, state, order, page, per_page)
        )

    async def working_jobs(self, *, page: int, per_page: int) -> JobPage:
        """Return one page of the reserved jobs, first to expire first."""
        state = schema.STATE_NUMBERS[JobState.WORKING]
        return await self._read(
            self._lists, lambda db: self._set_page(db, state, "ASC", page, per_page)
        )

    async def jobs(self, jid: str) -> tuple[StoredJob, ...]:
        """Return every entry with this id."""
        return await self._read(
            self._lists,
            lambda db: _rows(
                db,
                f"SELECT {_COLUMNS} FROM job WHERE jid = ? ORDER BY id LIMIT 100",
                (jid,),
            ),
        )

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        """Return one page of the finished log, newest first."""
        return await self._read(
            self._log, lambda db: log.page_of(db, wanted, page, per_page, now=self._clock())
        )

    async def executions(self, jid: str) -> Executions | None:
        """Return the finished executions of one id, newest first."""
        return await self._read(self._log, lambda db: log.executions_of(db, jid, now=self._clock()))

    async def type_times(self) -> TimesTable | None:
        """Return wait and run times per job type over the newest part of the log."""
        return await self._read(self._log, lambda db: log.times_of(db, now=self._clock()))

    async def parameters(self) -> tuple[Parameter, ...] | None:
        """Return the run-time parameters."""
        return await self._read(
            self._lists,
            lambda db: listed(
                stored_parameters(dict(db.execute("SELECT name, value FROM parameter")))
            ),
        )

    async def close(self) -> None:
        """Close the database."""
        await self._engine.close()
        await self._lists.close()
        await self._log.close()

    async def _read(self, thread: ReadThread, read: Callable[[apsw.Connection], T]) -> T:
        await self._engine.settle()
        return await thread.run(read)

    # -- on the reading thread -------------------------------------------------

    def _token(self, db: apsw.Connection) -> Hashable:
        return (db.pragma("data_version"), status_token(self._data))

    def _state(self, db: apsw.Connection) -> ServerState:
        status = read_status(self._data)
        tallies = dict(db.execute("SELECT name, value FROM tally WHERE name NOT LIKE '%:%'"))
        state = ServerState(
            read_at=self._clock(),
            description="Glasshouse embedded server",
            version="",
            queues=_queues(db),
            sets=_sizes(db),
            processed=tallies.get("processed", 0),
            failures=tallies.get("failures", 0),
        )
        if status is None:
            return state
        return msgspec.structs.replace(
            state,
            version=status.version,
            workers=status.workers,
            started_at=status.started_at,
            connections=status.connections,
            command_count=status.command_count,
            memory_mb=status.memory_mb,
        )

    def _queue_jobs(self, db: apsw.Connection, queue: str, page: int, per_page: int) -> JobPage:
        found = db.execute("SELECT size FROM queue WHERE name = ?", (queue,)).fetchone()
        if found is None:
            raise NotFoundError(
                f"There is no queue named {queue!r}.",
                remedy="It may have been removed; see the list of queues.",
            )
        items = _rows(
            db,
            f"SELECT {_COLUMNS} FROM job WHERE state = 1 AND queue = ?"
            " ORDER BY score LIMIT ? OFFSET ?",
            (queue, per_page, (page - 1) * per_page),
        )
        return JobPage(
            items=items, total=found[0], page=page, per_page=per_page, read_at=self._clock()
        )

    def _set_page(
        self, db: apsw.Connection, state: int, order: str, page: int, per_page: int
    ) -> JobPage:
        items = _rows(
            db,
            f"SELECT {_COLUMNS} FROM job WHERE state = ? AND state > 1"
            f" ORDER BY score {order}, id {order} LIMIT ? OFFSET ?",
            (state, per_page, (page - 1) * per_page),
        )
        total = _size(db, state)
        return JobPage(
            items=items, total=total, page=page, per_page=per_page, read_at=self._clock()
        )


def _rows(db: apsw.Connection, query: str, values: tuple[object, ...]) -> tuple[StoredJob, ...]:
    return tuple(_stored(*row) for row in db.execute(query, values))


def _stored(
    number: int,
    score: float,
    queue: str,
    jid: str,
    jobtype: str,
    wid: str | None,
    reserved_at: float | None,
    payload: bytes,
) -> StoredJob:
    state = schema.STATES[number]
    in_set = state in {JobState.SCHEDULED, JobState.RETRIES, JobState.DEAD}
    return StoredJob(
        state=state,
        jid=jid,
        jobtype=jobtype,
        queue=queue,
        payload=payload,
        key=f"{format_time(score)}|{jid}" if in_set else None,
        at=score if in_set else None,
        wid=wid,
        reserved_at=reserved_at,
        expires_at=score if state is JobState.WORKING else None,
    )


def _size(db: apsw.Connection, state: int) -> int:
    return int(
        db.execute(
            "SELECT coalesce((SELECT value FROM tally WHERE name = ?), 0)", (f"size:{state}",)
        ).get
    )


def _sizes(db: apsw.Connection) -> SetSizes:
    return SetSizes(
        scheduled=_size(db, schema.STATE_NUMBERS[JobState.SCHEDULED]),
        retries=_size(db, schema.STATE_NUMBERS[JobState.RETRIES]),
        dead=_size(db, schema.STATE_NUMBERS[JobState.DEAD]),
        working=_size(db, schema.STATE_NUMBERS[JobState.WORKING]),
    )


def _queues(db: apsw.Connection) -> tuple[Queue, ...]:
    rows = db.execute(
        "SELECT name, size, paused, (SELECT enqueued_at FROM job WHERE state = 1 AND"
        " job.queue = queue.name ORDER BY score LIMIT 1) FROM queue ORDER BY name"
    )
    return tuple(
        Queue(name=name, size=size, paused=bool(paused), oldest_at=oldest if size else None)
        for name, size, paused, oldest in rows
    )
