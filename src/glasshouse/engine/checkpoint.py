"""Folding the write-ahead log into the database before it grows long.

Most of the work is done by a thread with a connection of its own while the
engine goes on; only the tail that was written meanwhile is folded on the loop,
where nothing writes at the same time, so that the log can start anew.
"""

from __future__ import annotations

import asyncio
import contextlib

import apsw

from glasshouse.engine import schema
from glasshouse.engine.store import Store

_LONG = 8_000
_TAIL = 1_500
_AGAIN = 2_000


class Checkpointer:
    """Looks at the log's length after each sync."""

    def __init__(self, store: Store) -> None:
        """Fold the log of ``store``."""
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._next = _LONG

    def look(self) -> None:
        """Start folding if the log is long and nobody is at it."""
        pages = self._store.log_pages
        if pages < _LONG:
            self._next = _LONG
        elif pages >= self._next and self._task is None:
            self._task = asyncio.create_task(self._fold())

    async def _fold(self) -> None:
        store = self._store
        try:
            # The second round has only what was written during the first.
            for _ in range(3):
                before = store.log_pages
                await asyncio.to_thread(self._passive)
                if store.log_pages - before < _TAIL:
                    break
            store.fold()
        finally:
            # A reader may have kept the log from starting anew: not at once again.
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
        """Wait for a fold that is under way."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
