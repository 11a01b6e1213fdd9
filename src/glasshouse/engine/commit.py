"""Group commit: what one turn of the loop changed becomes one durable transaction.

While a batch is being synced the loop goes on reading and changing memory;
what gathers meanwhile is the next batch. ``ticket`` numbers the batch that will
hold a change made now; an answer may leave when ``durable`` has reached it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import apsw
import structlog

from glasshouse.engine.memory import Memory
from glasshouse.engine.store import Writer

log = structlog.get_logger()


class Committer:
    """Writes batches one after the other on a thread of its own."""

    def __init__(
        self,
        writer: Writer,
        memory: Memory,
        *,
        on_durable: Callable[[int], None],
        on_failure: Callable[[int, str], Memory],
    ) -> None:
        """Call ``on_durable(ticket)`` after each commit.

        ``on_failure(ticket, text)`` is called when a batch could not be written;
        it answers everything that waits with an error and gives the memory to go on with.
        """
        self._writer = writer
        self._memory = memory
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._thread = ThreadPoolExecutor(1, "engine-commit")
        self._idle = asyncio.Event()
        self._idle.set()
        self._scheduled = False
        self._task: asyncio.Task[None] | None = None
        self.ticket = 1
        self.durable = 0

    def wake(self) -> None:
        """Commit what is dirty once this turn of the loop has read all that arrived."""
        if not self._scheduled and self._idle.is_set() and self._memory.dirty:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._scheduled = False
        self._idle.clear()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._memory.dirty:
                batch = self._memory.batch()
                ticket, self.ticket = self.ticket, self.ticket + 1
                try:
                    await loop.run_in_executor(self._thread, self._writer.write, batch)
                except apsw.Error as error:
                    log.exception(
                        "a commit failed; nothing of it was acknowledged", detail=str(error)
                    )
                    # Whatever was changed meanwhile stood on the lost batch: it goes too.
                    failed, self.ticket = self.ticket, self.ticket + 1
                    self._memory = self._on_failure(failed, str(error))
                    self.durable = failed
                    continue
                self._memory.settled()
                self.durable = ticket
                self._on_durable(ticket)
        finally:
            self._idle.set()

    async def close(self) -> None:
        """Write what is left, then close the database."""
        self.wake()
        await asyncio.sleep(0)
        await self._idle.wait()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown()
