"""How the engine accesses the disk: plain files that are written in place and synced.

The journal is such a file; the database's write-ahead log is synced through
one. Tests substitute another ``Disk`` whose power can fail.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

_ZEROS = bytes(1 << 16)


class LogFile(Protocol):
    """A file that is written by offset. Every method raises ``OSError`` when the disk refuses."""

    def read(self) -> bytes:
        """Return all of it."""

    def fit(self, size: int) -> None:
        """Make it ``size`` bytes long, all of them allocated."""

    def write(self, offset: int, data: bytes) -> None:
        """Write ``data`` at ``offset``; after an error part of it may be there."""

    def sync(self) -> None:
        """Return once everything written so far is on the disk; may run on a thread."""

    def close(self) -> None:
        """Close it."""


def sync_folder(folder: Path) -> None:
    """Return once the names of the files in ``folder`` are on the disk.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class PlainFile:
    """A ``LogFile`` of the operating system, readable only by its owner."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if it does not exist."""
        self.path = path
        # POSIX drops a process's record locks on a file when any descriptor of it
        # closes; SQLite holds none on its log, so our own descriptor is safe there.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        sync_folder(path.parent)

    def read(self) -> bytes:
        """Return all of it."""
        size = os.fstat(self._file).st_size
        pieces: list[bytes] = []
        have = 0
        while have < size and (piece := os.pread(self._file, size - have, have)):
            pieces.append(piece)
            have += len(piece)
        return b"".join(pieces)

    def fit(self, size: int) -> None:
        """Cut a longer file; extend a shorter one with zeros, so that the space is allocated."""
        have = os.fstat(self._file).st_size
        if have > size:
            os.ftruncate(self._file, size)
        while have < size:
            self.write(have, _ZEROS[: size - have])
            have = min(size, have + len(_ZEROS))

    def write(self, offset: int, data: bytes) -> None:
        """Write all of ``data``."""
        done = os.pwrite(self._file, data, offset)
        while done < len(data):
            more = os.pwrite(self._file, data[done:], offset + done)
            if more == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += more

    def sync(self) -> None:
        """Sync what was written, and the length."""
        os.fdatasync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Disk(msgspec.Struct, frozen=True):
    """How the store accesses the disk; differs from the default only in tests.

    ``swift``: the event loop may wait for a sync that is usually quick.
    """

    vfs: str | None = None
    synchronous: str = "NORMAL"
    log: Callable[[Path], LogFile] = PlainFile
    swift: bool = True
