"""Work for a thread that keeps files short: folding SQLite's log, freeing a journal segment.

Most of the folding is done on the thread's own connection while the engine
keeps running; only the tail that was written meanwhile is folded on the loop,
where nothing writes at the same time, so that the log can start over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import apsw

from glasshouse.engine import schema
from glasshouse.engine.journal import Journal
from glasshouse.engine.recovery import sync_database
from glasshouse.engine.store import Store

_LONG = 8_000
_TAIL = 1_500
_AGAIN = 2_000


class Checkpointer:
    """Checks the length of the files each time the database has followed."""

    def __init__(
        self, store: Store, journal: Journal, on_broken: Callable[[BaseException], None]
    ) -> None:
        """Keep ``store`` and ``journal`` short; ``on_broken`` when a sync fails."""
        self._store = store
        self._journal = journal
        self._on_broken = on_broken
        self._task: asyncio.Task[None] | None = None
        self._next = _LONG

    def look(self, applied: int) -> None:
        """Start what is due unless something is in progress; the database is at ``applied``."""
        if self._task is not None:
            return
        pages = self._store.log_pages
        if pages < _LONG:
            self._next = _LONG
        if pages >= self._next:
            self._task = asyncio.create_task(self._fold())
        elif 0 < self._journal.wanted <= applied:
            self._task = asyncio.create_task(self._free(applied))

    async def _free(self, applied: int) -> None:
        try:
            await asyncio.to_thread(sync_database, self._store)
        except OSError as error:
            self._on_broken(error)
        else:
            self._journal.release(applied)
        finally:
            self._task = None

    async def _fold(self) -> None:
        store = self._store
        try:
            # The second round covers only what was written during the first.
            for _ in range(3):
                before = store.log_pages
                await asyncio.to_thread(self._passive)
                if store.log_pages - before < _TAIL:
                    break
            store.fold()
        finally:
            # A reader may have kept the log from starting over: do not retry at once.
            self._next = store.log_pages + _AGAIN
            self._task = None

    def _passive(self) -> None:
        path = str(self._store.folder / schema.FILE)
        with contextlib.suppress(apsw.Error):  # the next round will do
            db = apsw.Connection(path, vfs=self._store.disk.vfs)
            try:
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            finally:
                db.close()

    async def close(self) -> None:
        """Wait for what is in progress."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
