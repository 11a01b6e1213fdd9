"""One thread with one read-only connection to the embedded server's database.

SQLite itself refuses writes on it. Each read is one short transaction, so that
a page never sees half a change; any failure is ``UpstreamUnavailableError``.

Invariant: no transaction outlives its read, whatever is raised in it. One that did would show
everyone who comes later an old state of the server as the newest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw
import structlog

from glasshouse.engine import lock, schema
from glasshouse.model.errors import GlasshouseError, StoreError, UpstreamUnavailableError

log = structlog.get_logger()

T = TypeVar("T")

HUNG_AFTER = 10.0


class ReadFailedError(UpstreamUnavailableError):
    """An error of ours while the data were read: nothing is known about them now."""

    remedy = "Look in the console's log for the cause."


class ReadThread:
    """Performs reads in turn, one at a time."""

    def __init__(self, data: Path, name: str) -> None:
        """Read below ``data`` on a thread with this name; open nothing before the first read."""
        self._data = data
        self._db: apsw.Connection | None = None
        self._thread = ThreadPoolExecutor(1, name)
        self._beat = (0, 0.0)
        self._closed = False
        self.opened = 0
        """How often the database was opened: per-connection counters restart with each."""

    async def run(self, read: Callable[[apsw.Connection], T]) -> T:
        """Return what ``read`` returns, in one transaction.

        Raises:
            UpstreamUnavailableError: the engine does not run, hangs, or cannot be read;
                or ``read`` raised something other than a ``GlasshouseError``.
        """
        loop = asyncio.get_running_loop()
        try:
            reading = loop.run_in_executor(self._thread, self._guarded, read)
        except RuntimeError as error:
            raise UpstreamUnavailableError("The reader has been closed.") from error
        return await reading

    async def close(self) -> None:
        """Close the database; further reads raise. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown()

    def _guarded(self, read: Callable[[apsw.Connection], T]) -> T:
        self._check_alive()
        try:
            if self._db is None:
                self._db = schema.open_reader(self._data)
                self.opened += 1
            return self._in_transaction(self._db, read)
        except StoreError as error:
            raise UpstreamUnavailableError(error.detail, remedy=error.remedy) from error
        except GlasshouseError:
            raise
        except apsw.Error as error:
            self._drop()
            raise UpstreamUnavailableError(
                f"The embedded server's database cannot be read: {error}."
            ) from error
        except Exception as error:
            log.exception("a read of the embedded server failed")
            # Its text may contain job data.
            raise ReadFailedError(
                f"The embedded server's data could not be read ({type(error).__name__})."
            ) from error

    def _in_transaction(self, db: apsw.Connection, read: Callable[[apsw.Connection], T]) -> T:
        try:
            db.execute("BEGIN")
            try:
                return read(db)
            finally:
                db.execute("COMMIT")
        finally:
            # A cursor in the middle of its rows keeps the transaction open beyond its COMMIT,
            # and whoever holds the error holds the cursor.
            if db.txn_state() != apsw.SQLITE_TXN_NONE:
                self._drop()

    def _check_alive(self) -> None:
        if not lock.held(self._data):
            self._drop()
            raise UpstreamUnavailableError(
                "The embedded server is not running.",
                remedy="Start it with `glasshouse engine --data` on the same folder.",
            )
        # By our own clock: the file's time may come from a clock that was changed.
        beat, now = lock.beat(self._data), time.monotonic()
        if beat != self._beat[0]:
            self._beat = (beat, now)
        elif now - self._beat[1] > HUNG_AFTER:
            raise UpstreamUnavailableError(
                f"The embedded server has not responded for {now - self._beat[1]:.0f} seconds.",
                remedy="Look at its process and its disk.",
            )

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close(force=True)
