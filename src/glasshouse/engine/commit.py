"""Group commit: what one turn of the loop changed becomes one transaction, then durable.

``ticket`` numbers the batch that will hold a change made now. A batch is
*written* when its transaction is committed: it survives the death of this
process. It is *durable* once a sync that began later has returned: it survives
the loss of power. Syncs run on a thread, one at a time; whatever was written
meanwhile shares the next. An answer that needs its batch written asks by
``hurry``; without that, changes wait for the running sync and share one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import apsw
import structlog

from glasshouse.engine.checkpoint import Checkpointer
from glasshouse.engine.memory import Memory
from glasshouse.engine.store import Store
from glasshouse.engine.sync import Syncer

log = structlog.get_logger()


class Committer:
    """Writes batches one after the other and has them synced."""

    def __init__(
        self,
        store: Store,
        memory: Memory,
        *,
        on_progress: Callable[[], None],
        on_refused: Callable[[int, apsw.Error], Memory],
        on_broken: Callable[[BaseException], None],
    ) -> None:
        """Call ``on_progress`` after each write and each sync.

        ``on_refused(ticket, error)`` is called when a batch could not be written; it
        answers everything that waits with an error and gives the memory to go on with.
        ``on_broken(error)`` is called when a sync failed: what the disk holds is unknown.
        """
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._memory = memory
        self._on_progress = on_progress
        self._on_refused = on_refused
        self._on_broken = on_broken
        self._scheduled = False
        self._hurried = False
        self._syncing = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._syncer = Syncer(store.disk.sync(store.folder), self._sync_done)
        self._checkpointer = Checkpointer(store)
        self.ticket = 1
        self.written = 0
        self.durable = 0

    def wake(self) -> None:
        """Commit what is dirty once this turn of the loop has read all that arrived."""
        if not self._scheduled and (self._hurried or not self._syncing) and self._memory.dirty:
            self._scheduled = True
            self._idle.clear()
            self._loop.call_soon(self._commit)

    def hurry(self) -> None:
        """Let the present batch be written in this turn, also while a sync runs."""
        self._hurried = True

    def _commit(self) -> None:
        self._scheduled = self._hurried = False
        memory = self._memory
        if memory.dirty:
            ticket, self.ticket = self.ticket, self.ticket + 1
            try:
                self._store.write(memory.batch())
            except apsw.Error as error:
                log.warning("a batch was not written; nothing of it was done", detail=str(error))
                self._memory = self._on_refused(ticket, error)
            else:
                memory.settled()
                self.written = ticket
                self._on_progress()
        self._sync()

    def _sync(self) -> None:
        if self._syncing:
            return
        if self.durable < self.written:
            self._syncing = self.written
            self._syncer.request()
        elif not self._scheduled:
            self._idle.set()

    def _sync_done(self, error: BaseException | None) -> None:
        """Take the word of the sync thread to the loop."""
        self._loop.call_soon_threadsafe(self._synced, error)

    def _synced(self, error: BaseException | None) -> None:
        if error is not None:
            self._on_broken(error)
            return
        self.durable, self._syncing = max(self.durable, self._syncing), 0
        self._checkpointer.look()
        self._on_progress()
        if self._memory.dirty:
            self.wake()
        else:
            self._sync()

    async def close(self) -> None:
        """Write what is left and have it synced, then close the store."""
        self.wake()
        await self._idle.wait()
        await self._loop.run_in_executor(None, self._syncer.close)
        await self._checkpointer.close()
        self._store.close()
