"""One thread with one read-only connection to the embedded server's database.

SQLite itself refuses writes on it. Each read is one short transaction, so that
a page never sees half a change; what goes wrong is ``UpstreamUnavailableError``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from glasshouse.engine import lock, schema
from glasshouse.model.errors import StoreError, UpstreamUnavailableError

T = TypeVar("T")

HUNG_AFTER = 10.0


class ReadThread:
    """Reads in turn, one at a time."""

    def __init__(self, data: Path, name: str) -> None:
        """Read below ``data`` on a thread of this name; nothing is opened before the first read."""
        self._data = data
        self._db: apsw.Connection | None = None
        self._thread = ThreadPoolExecutor(1, name)
        self._beat = (0, 0.0)
        self._closed = False

    async def run(self, read: Callable[[apsw.Connection], T]) -> T:
        """Return what ``read`` finds in one transaction.

        Raises:
            UpstreamUnavailableError: the engine does not run, hangs, or cannot be read.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._guarded, read)
        except RuntimeError as error:
            raise UpstreamUnavailableError("The reader has been closed.") from error

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
            db = self._db
            db.execute("BEGIN")
            try:
                return read(db)
            finally:
                db.execute("COMMIT")
        except StoreError as error:
            raise UpstreamUnavailableError(error.detail, remedy=error.remedy) from error
        except apsw.Error as error:
            self._drop()
            raise UpstreamUnavailableError(
                f"The embedded server's database cannot be read: {error}."
            ) from error

    def _check_alive(self) -> None:
        if not lock.held(self._data):
            self._drop()
            raise UpstreamUnavailableError(
                "The embedded server is not running.",
                remedy="Start it with `glasshouse engine --data` on the same folder.",
            )
        # By our own clock: the file's time may be of a clock that was set.
        beat, now = lock.beat(self._data), time.monotonic()
        if beat != self._beat[0]:
            self._beat = (beat, now)
        elif now - self._beat[1] > HUNG_AFTER:
            raise UpstreamUnavailableError(
                f"The embedded server has not moved for {now - self._beat[1]:.0f} seconds.",
                remedy="Look at its process and its disk.",
            )

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
