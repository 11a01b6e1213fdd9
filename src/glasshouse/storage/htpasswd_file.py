"""An htpasswd file on disk: read again whenever it has changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from glasshouse.identity.htpasswd import HtpasswdFile, parse

log = structlog.get_logger()

_MOST_BYTES = 4 << 20


class PasswordFile:
    """The names and passwords of a file, as it is now.

    While it cannot be read nobody of it can sign in: what it said before is not believed. But
    then it says nothing either of who has left it.
    """

    def __init__(self, path: Path) -> None:
        """Read ``path`` when somebody is asked for."""
        self._path = path
        self._seen: object = None
        self._file = parse(b"")
        self._readable = False
        self._stamps: Mapping[str, bytes] | None = None

    def has(self, name: str) -> bool:
        """Return whether it has this name, with a hash that can be compared."""
        return self._now().has(name)

    def verify(self, name: str, password: str) -> bool:
        """Return whether the password is right; as slow for an unknown name."""
        return self._now().verify(name, password)

    def stamp(self, name: str) -> bytes:
        """Return what changes when the name's line does; empty for an unknown one."""
        return self._now().stamp(name)

    def stamps(self) -> Mapping[str, bytes] | None:
        """Return the stamps of its names that can sign in; ``None`` while it cannot be read.

        It is the same object until the file changes.
        """
        file = self._now()
        if not self._readable:
            return None
        if self._stamps is None:
            self._stamps = {name: file.stamp(name) for name in file.names if file.has(name)}
        return self._stamps

    def _now(self) -> HtpasswdFile:
        seen, data = _look(self._path, self._seen)
        if seen == self._seen:
            return self._file
        self._seen, self._readable = seen, data is not None
        self._file, self._stamps = parse(data or b""), None
        log.info("password file read", path=str(self._path), names=len(self._file.names))
        for problem in self._file.problems():
            log.warning("password file", path=str(self._path), problem=problem)
        return self._file


def _look(path: Path, seen: object) -> tuple[object, bytes | None]:
    """Return what tells this state of the file from others, and its bytes if it is another.

    No bytes, when it cannot be read, or is too large to be one.
    """
    try:
        facts = path.stat()
        now = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        if now == seen:
            return seen, b""
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        if seen != error.errno:
            _warn(path, error.strerror or type(error).__name__)
        return error.errno, None
    if len(data) > _MOST_BYTES:
        _warn(path, f"it has more than {_MOST_BYTES >> 20} MiB")
        return now, None
    return now, data


def _warn(path: Path, why: str) -> None:
    log.warning(
        "the password file cannot be read",
        path=str(path),
        why=why,
        remedy="nobody signs in with it until this user can read it",
    )
