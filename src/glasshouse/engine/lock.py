"""One engine per data folder, and how others see that it is alive.

The engine holds an exclusive ``flock`` on ``engine.lock`` for as long as its
process lives: the kernel releases it however the process ends. It also
touches the file once a second, so that a hung engine can be distinguished from a working one.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from glasshouse.model.errors import StoreError

FILE = "engine.lock"
_TRIES = 5
_BETWEEN = 0.02


class FolderLock:
    """The right to run an engine on a folder; released by ``close`` or when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: another engine holds it, or the folder cannot be used.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"The data folder {folder} cannot be used: {error.strerror}.",
                remedy="Choose a folder that this user may write to with --data.",
            ) from error
        if not self._taken():
            os.close(self._file)
            raise StoreError(
                f"Another engine runs on the data folder {folder}.",
                remedy="Stop that one, or choose another folder with --data.",
            )

    def _taken(self) -> bool:
        """Take the lock; a caller of ``held`` may hold it for a moment."""
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(_BETWEEN)
            else:
                return True
        return False

    def touch(self) -> None:
        """Show that the engine is alive."""
        os.utime(self._file)

    def close(self) -> None:
        """Release the folder."""
        os.close(self._file)


def held(folder: Path) -> bool:
    """Return whether an engine runs on ``folder``."""
    try:
        probe = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(probe)


def beat(folder: Path) -> int:
    """Return the time of the last touch in nanoseconds; 0 when there is none."""
    try:
        return os.stat(folder / FILE).st_mtime_ns
    except OSError:
        return 0
