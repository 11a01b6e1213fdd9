"""What the engine knows only while it runs, kept in a file for local readers.

Connections, workers and command counts vanish with the process, so they are
not worth a durable write: the file is replaced, never synced.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec

from glasshouse.model.server import Worker

FILE = "status.json"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The living part of an engine's state. Times are Unix seconds."""

    pid: int
    version: str
    listen: str
    tls: bool = False
    started_at: float
    connections: int
    command_count: int
    memory_mb: int
    workers: tuple[Worker, ...] = ()


# Created at import: two threads that first decode a type at the same time break msgspec.
_decode = msgspec.json.Decoder(Status).decode


class StatusFile:
    """Writes the status when it has changed."""

    def __init__(self, folder: Path) -> None:
        """Write below ``folder``."""
        self._path = folder / FILE
        self._next = folder / (FILE + ".next")
        self._last = b""

    def write(self, status: Status) -> None:
        """Replace the file if ``status`` differs from what it holds.

        Raises:
            OSError: the disk does not take it; the file is unchanged.
        """
        text = msgspec.json.encode(status)
        if text == self._last:
            return
        file = os.open(self._next, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if os.write(file, text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(file)
        os.replace(self._next, self._path)
        self._last = text


def read_status(folder: Path) -> Status | None:
    """Return the last status, or ``None`` if none can be read."""
    try:
        return _decode((folder / FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def status_token(folder: Path) -> tuple[int, int]:
    """Return a value that changes when the status does."""
    try:
        facts = os.stat(folder / FILE)
    except OSError:
        return (0, 0)
    return (facts.st_ino, facts.st_mtime_ns)
