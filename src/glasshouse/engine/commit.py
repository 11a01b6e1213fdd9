"""Group commit: what one turn of the loop changed becomes one record, then durable.

``ticket`` is the number of the record that will hold a change made now. It is *written*
when the journal has it: it survives the death of this process. It is *durable*
once a sync that began later has returned: it survives a power loss. There
is one sync at a time, on a thread unless the disk is swift; what arrives meanwhile
shares the next one, and ``pace`` decides when that is. An answer that only needs its
record written requests that with ``hurry``.

The database follows a little later (``settle``) with the net result of many
records, at moments when the journal has everything that memory has.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import apsw
import msgspec
import structlog

from glasshouse.engine.batch import Batch
from glasshouse.engine.checkpoint import Checkpointer
from glasshouse.engine.memory import Memory
from glasshouse.engine.pace import Pace
from glasshouse.engine.recovery import open_journal, replay
from glasshouse.engine.store import Store
from glasshouse.engine.sync import Syncer

log = structlog.get_logger()

# Seconds until the database follows; longer under load, so that following takes a small share.
_SOON, _LATEST, _PART = 0.01, 0.25, 6
# Seconds until a record is synced on no one's request: it only has to survive this process.
_UNASKED = 0.005
_encode = msgspec.msgpack.Encoder().encode

Refuse = Callable[[int, Exception], None]


class Committer:
    """Writes records one after another, has them synced, and lets the database follow."""

    def __init__(
        self,
        store: Store,
        *,
        on_progress: Callable[[], None],
        on_refused: Refuse,
        on_broken: Callable[[BaseException], None],
        accept_loss: bool = False,
    ) -> None:
        """Bring the database up to its journal and begin a new one.

        With ``accept_loss``, a damaged journal is set aside, and its readable part is used.
        ``on_progress`` is called after each write and each sync.
        ``on_refused(ticket, error)`` is called when the disk did not take a record, or
        the database did not follow; see ``whole``.
        ``on_broken(error)`` is called when a sync failed: what the disk holds is unknown.

        Raises:
            StoreError: the journal is damaged, or belongs to another database.
            OSError, apsw.Error: the disk refuses.
        """
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._journal = open_journal(store, accept_loss=accept_loss)
        self.memory = Memory(store)
        self.pace = Pace()
        self._on_progress = on_progress
        self._on_refused = on_refused
        self._on_broken = on_broken
        self._scheduled = False
        self._hurried = False
        self._closing = False
        self._syncing = 0
        self._took = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._syncer = Syncer(self._sync_done)
        self._checkpointer = Checkpointer(store, self._journal, on_broken)
        self._delay = _SOON
        # After a replay, the sizes that readers see are older than the jobs.
        self._following: asyncio.TimerHandle | None = self._loop.call_later(
            self._delay, self._follow_later
        )
        self.whole = True
        self.ticket = 1
        self.written = 0
        self.durable = 0

    def wake(self) -> None:
        """Commit what is new once this turn of the loop has read all that arrived."""
        if (
            not self._scheduled
            and (self._hurried or not self._syncing)
            and self.whole
            and (self.memory.unlogged or (self.pace.waiting and self.durable < self.written))
        ):
            self._schedule()

    def hurry(self) -> None:
        """Have the present record written in this turn, whatever the next sync waits for."""
        self._hurried = True

    def settle(self) -> bool:
        """Let the database follow now; False when the disk did not take it.

        Every later read of the database sees everything up to this moment.
        """
        if self.memory.unlogged and self.whole:
            self._write()
            self._go_on()
        return self.whole and self._follow()

    def recover(self) -> bool:
        """After a refusal: try to continue; True when changes may be made again.

        ``memory`` is replaced if it had changes that were refused.
        """
        if self.whole:
            return self._follow(force=True)
        try:
            replay(self._store)
            self._journal.append(_encode(Batch()))
            self.memory = Memory(self._store)
        except (OSError, apsw.Error):
            return False
        self.whole = True
        return True

    # -- records -------------------------------------------------------------

    def _schedule(self) -> None:
        self._scheduled = True
        self._idle.clear()
        self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        self._scheduled = False
        due = not self._syncing and self.pace.due()
        if (due or self._hurried) and self.memory.unlogged and self.whole:
            self._write()
        self._hurried = False
        if due:
            self._sync()
        self._go_on()

    def _go_on(self) -> None:
        """Make sure that what is not durable will be: at once if a client waits for it."""
        if self._scheduled or self._syncing:
            return
        if self.durable == self.written and not (self.memory.unlogged and self.whole):
            self.pace.waiting = 0
            self._idle.set()
        elif self._closing:
            self.pace.force()
            self._schedule()
        elif self.pace.waiting:
            self._schedule()
        elif self._later is None:
            self._later = self._loop.call_later(_UNASKED, self._unasked)

    def _unasked(self) -> None:
        self._later = None
        self.pace.force()
        if not self._scheduled and not self._syncing:
            self._schedule()

    def _write(self) -> None:
        """Write a record of everything new. After a refusal, ``memory`` must not be trusted."""
        ticket, self.ticket = self.ticket, self.ticket + 1
        memory = self.memory
        try:
            self._journal.append(_encode(memory.record()))
        except OSError as error:
            log.warning("a record was not written; nothing of it was done", detail=str(error))
            self.whole = False
            self._on_refused(ticket, error)
            return
        memory.logged()
        self.written = ticket
        self._on_progress()
        if self._following is None:
            self._following = self._loop.call_later(self._delay, self._follow_later)

    def _sync(self) -> None:
        if self.durable == self.written:
            return
        self._syncing = self.written
        self.pace.begin()
        work = self._timed(self._journal.sync_work())
        if self._store.disk.swift and self.pace.swift:
            # Blocks everyone for less time than it takes to notify a thread.
            try:
                work()
            except OSError as error:
                self._on_broken(error)
            else:
                self._durable_now()
        else:
            self._idle.clear()
            self._syncer.request(work)

    def _timed(self, work: Callable[[], None]) -> Callable[[], None]:
        def timed() -> None:
            start = time.perf_counter()
            work()
            self._took = time.perf_counter() - start

        return timed

    def _sync_done(self, error: BaseException | None) -> None:
        """Pass the result of the sync thread to the loop."""
        self._loop.call_soon_threadsafe(self._synced, error)

    def _synced(self, error: BaseException | None) -> None:
        if error is not None:
            self._on_broken(error)
            return
        self._durable_now()
        self._go_on()

    def _durable_now(self) -> None:
        self.durable, self._syncing = max(self.durable, self._syncing), 0
        self.pace.end(self._took)
        self._on_progress()

    # -- the database ----------------------------------------------------------

    def _follow_later(self) -> None:
        self._following = None
        if self.settle() and self.memory.unstored and self._following is None:
            self._following = self._loop.call_later(self._delay, self._follow_later)

    def _follow(self, *, force: bool = False) -> bool:
        if not (self.memory.unstored or force):
            return True
        start = time.perf_counter()
        try:
            self._store.write(self.memory.batch(), self._journal.seq)
        except apsw.Error as error:
            # Nothing is lost: the journal and memory have it.
            if not force:
                log.warning("the database does not take what the journal has", detail=str(error))
            self._on_refused(self.ticket, error)
            return False
        self.memory.stored()
        self._delay = min(_LATEST, max(_SOON, _PART * (time.perf_counter() - start)))
        self._checkpointer.look(self._journal.seq)
        return True

    async def close(self) -> None:
        """Write what is left and have it synced, then close the database."""
        self._closing = True
        self._idle.clear()
        self._go_on()
        await self._idle.wait()
        for timer in (self._following, self._later):
            if timer is not None:
                timer.cancel()
        settled = self.settle()
        await self._loop.run_in_executor(None, self._syncer.close)
        await self._checkpointer.close()
        if settled and self.durable == self.written:
            with contextlib.suppress(apsw.Error):  # the next start then reads the journal
                self._store.needs_journal(0)
        self._store.close()
        self._journal.close()
