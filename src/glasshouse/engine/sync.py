"""Getting what is written onto the disk, on a thread of its own.

SQLite hands each commit to the operating system (``synchronous=NORMAL``); the
engine syncs the write-ahead log itself, so that the event loop goes on while
the disk works. Durable is what was written before a sync that has returned.
SQLite still syncs the log before each checkpoint and the database after it.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from glasshouse.engine.schema import FILE


class Sync(Protocol):
    """Makes durable what has been written."""

    def __call__(self) -> None:
        """Return when it is; raise ``OSError`` when the disk fails."""

    def close(self) -> None:
        """Let go of what it holds."""


class LogSync:
    """Syncs the write-ahead log below a folder; the log must be there already."""

    def __init__(self, folder: Path) -> None:
        """Open the log and sync its directory entry.

        Raises:
            OSError: there is no log, or the disk fails.
        """
        # POSIX drops a process's record locks on a file when any descriptor of it
        # closes; SQLite holds none on the log, so a descriptor of our own is safe.
        self._file = os.open(folder / f"{FILE}-wal", os.O_RDWR | os.O_CLOEXEC)
        directory = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def __call__(self) -> None:
        """Sync."""
        os.fdatasync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Disk(msgspec.Struct, frozen=True):
    """How the store reaches the disk; other than the default only in tests."""

    vfs: str | None = None
    synchronous: str = "NORMAL"
    sync: Callable[[Path], Sync] = LogSync


class Syncer:
    """Runs one function again and again on a thread, one call for each ``request``."""

    def __init__(self, work: Sync, done: Callable[[BaseException | None], None]) -> None:
        """Call ``done`` on the thread after each run, with what it raised if it did."""
        self._work = work
        self._done = done
        self._requests: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="engine-sync", daemon=True)
        self._thread.start()

    def request(self) -> None:
        """Ask for one run; runs do not overlap."""
        self._requests.put(True)

    def close(self) -> None:
        """Wait for the runs asked for, then end the thread."""
        self._requests.put(False)
        self._thread.join()
        self._work.close()

    def _run(self) -> None:
        while self._requests.get():
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001 - handed to the loop, which stops
                self._done(error)
            else:
                self._done(None)
