"""A place with little room, that can be given more while a program runs there."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path


class Small:
    """Somewhere that fills up; ``pid`` is that of the program."""

    def limit(self, pid: int) -> None:
        """Leave a running program little room."""

    def widen(self, pid: int) -> None:
        """Give it more."""
        raise NotImplementedError


class Tmpfs(Small):
    """A small file system, at a folder."""

    def __init__(self, at: Path) -> None:
        self.at = at

    def widen(self, pid: int) -> None:
        """Let the file system grow."""
        _mount("-o", "remount,size=64m", str(self.at))


class FileSize(Small):
    """A limit on the size of files: each file meets it by itself."""

    def limit(self, pid: int) -> None:
        """Let no file be longer than 1 MiB."""
        self._set(pid, 1 << 20)

    def widen(self, pid: int) -> None:
        """Let files be as long as they want."""
        self._set(pid, resource.RLIM_INFINITY)

    @staticmethod
    def _set(pid: int, size: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextlib.contextmanager
def mounted(at: Path, size: str) -> Iterator[Tmpfs]:
    """Mount a file system of so much, and take it away again.

    Raises:
        OSError, subprocess.CalledProcessError: that cannot be done here.
    """
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at))
    try:
        yield Tmpfs(at)
    finally:
        subprocess.run(["umount", str(at)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
