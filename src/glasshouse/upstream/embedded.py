"""Reading the embedded server: its database, opened read-only next to a running engine.

SQLite itself refuses writes on these connections; nothing here could change anything even by
mistake. The finished log and searches, whose reads may take longer, have separate threads: the
sampler's reads never wait for them.
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
from glasshouse.model.finished import Executions, FinishedFilter, FinishedPage, TimesTable
from glasshouse.model.history import History
from glasshouse.model.job import JobSet, JobState
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter, listed, stored_parameters
from glasshouse.model.server import Queue, ServerState, SetSizes
from glasshouse.upstream import embedded_finished as log
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream.day_counters import FAILED, PROCESSED, history, last_days, names
from glasshouse.upstream.embedded_db import ReadThread
from glasshouse.upstream.embedded_search import Search
from glasshouse.upstream.reader import no_queue

T = TypeVar("T")

# The database lags the engine by a moment; before each read the engine is asked to catch it up.
# If it does not answer within this time, the database is read as it is.
_PATIENCE = 0.5


class EmbeddedReader:
    """A ``Reader`` of the engine that runs on a data folder of this machine."""

    def __init__(self, data: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Read below ``data``; nothing is opened before the first read."""
        self._data = data
        self._clock = clock
        self._lists = ReadThread(data, "read-engine")
        self._searches = ReadThread(data, "read-searches")
        self._log = ReadThread(data, "read-finished")
        self._engine = Attachment(data, patience=_PATIENCE)

    async def change_token(self) -> Hashable:
        """Return SQLite's data version, the connection it is of, and the status file's identity."""
        return await self._read(self._lists, self._token)

    async def state(self) -> ServerState:
        """Return totals, queues, sets and workers."""
        settled = await self._engine.settle()
        state = await self._lists.run(self._state)
        if settled:
            return state
        # An engine that cannot write has no way to report that in a file.
        return msgspec.structs.replace(state, refusing=await self._engine.refusing())

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        """Return a part of a queue, next to run first."""
        return await self._list(query, lambda db: _queue(db, queue))

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        """Return a part of a set; dead newest first, the others soonest first."""
        return await self._list(query, lambda db: lists.set_scope(db, JobState(name.value)))

    async def working_jobs(self, query: ListQuery) -> JobPage:
        """Return a part of the reserved jobs, first to expire first."""
        return await self._list(query, lambda db: lists.set_scope(db, JobState.WORKING))

    async def jobs(self, jid: str) -> Entries:
        """Return the entries with this id, at most a hundred, and their total number."""
        return await self._read(self._lists, lambda db: lists.entries_of(db, jid))

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

    async def history(self, days: int) -> History:
        """Return what was done by day, from the engine's counters."""
        return await self._read(self._lists, lambda db: _history(db, days, self._clock()))

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
        await self._searches.close()
        await self._log.close()

    async def _list(
        self, query: ListQuery, scope_of: Callable[[apsw.Connection], lists.ListScope]
    ) -> JobPage:
        if query.wanted is None:

            def read(db: apsw.Connection) -> JobPage:
                # Before the first read: the data are never older than stated.
                now = self._clock()
                return lists.page_of(db, scope_of(db), query, now=now)

            return await self._read(self._lists, read)
        await self._engine.settle()
        # Step by step: other callers get every other turn, and a search that no one waits for any
        # longer ends with its current step.
        search = Search(scope_of, query, query.wanted, now=self._clock())
        while True:
            page = await self._searches.run(search.step)
            if page is not None:
                return page

    async def _read(self, thread: ReadThread, read: Callable[[apsw.Connection], T]) -> T:
        await self._engine.settle()
        return await thread.run(read)

    # -- on the reading thread -------------------------------------------------

    def _token(self, db: apsw.Connection) -> Hashable:
        return (self._lists.opened, db.pragma("data_version"), status_token(self._data))

    def _state(self, db: apsw.Connection) -> ServerState:
        now, status = self._clock(), read_status(self._data)
        tallies = dict(db.execute("SELECT name, value FROM tally WHERE name NOT LIKE '%:%'"))
        state = ServerState(
            read_at=now,
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


def _queue(db: apsw.Connection, name: str) -> lists.ListScope:
    scope = lists.queue_scope(db, name)
    if scope is None:
        raise no_queue(name)
    return scope


def _history(db: apsw.Connection, count: int, now: float) -> History:
    days = last_days(count, now)
    tallies = dict(db.execute("SELECT name, value FROM tally WHERE name GLOB '*:????-??-??'"))
    done, bad = (
        {day: int(tallies.get(name, 0)) for day, name in zip(days, names(what, days), strict=True)}
        for what in (PROCESSED, FAILED)
    )
    return history(days, done, bad, now=now, utc=True)


def _sizes(db: apsw.Connection) -> SetSizes:
    return SetSizes(
        scheduled=lists.size_of(db, schema.STATE_NUMBERS[JobState.SCHEDULED]),
        retries=lists.size_of(db, schema.STATE_NUMBERS[JobState.RETRIES]),
        dead=lists.size_of(db, schema.STATE_NUMBERS[JobState.DEAD]),
        working=lists.size_of(db, schema.STATE_NUMBERS[JobState.WORKING]),
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
