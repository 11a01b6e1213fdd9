"""An htpasswd file on disk: read again whenever it has changed."""

from __future__ import annotations

from pathlib import Path

import structlog

from glasshouse.identity.htpasswd import HtpasswdFile, parse

log = structlog.get_logger()

_MOST_BYTES = 4 << 20


class PasswordFile:
    """The names and passwords of a file, as it is now.

    While it cannot be read nobody of it can sign in: what it said before is not believed.
    """

    def __init__(self, path: Path) -> None:
        """Read ``path`` when somebody is asked for."""
        self._path = path
        self._seen: object = None
        self._file = parse(b"")

    def has(self, name: str) -> bool:
        """Return whether it has this name, with a hash that can be compared."""
        return self._now().has(name)

    def verify(self, name: str, password: str) -> bool:
        """Return whether the password is right; as slow for an unknown name."""
        return self._now().verify(name, password)

    def stamp(self, name: str) -> bytes:
        """Return what changes when the name's line does; empty for an unknown one."""
        return self._now().stamp(name)

    def _now(self) -> HtpasswdFile:
        seen, data = _look(self._path, self._seen)
        if seen == self._seen:
            return self._file
        self._seen, self._file = seen, parse(data)
        log.info("password file read", path=str(self._path), names=len(self._file.names))
        for problem in self._file.problems():
            log.warning("password file", path=str(self._path), problem=problem)
        return self._file


def _look(path: Path, seen: object) -> tuple[object, bytes]:
    """Return what tells this state of the file from others, and its bytes if it is another."""
    try:
        facts = path.stat()
        now = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        if now == seen:
            return seen, b""
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        if seen != error.errno:
            log.warning("the password file cannot be read", path=str(path), why=error.strerror)
        return error.errno, b""
    return now, data if len(data) <= _MOST_BYTES else b""
