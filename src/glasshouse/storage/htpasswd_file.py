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

    While it cannot be read, no one in it can sign in: its previous content is not trusted. But
    neither does it report then who has left it.
    """

    def __init__(self, path: Path) -> None:
        """Read ``path`` on the first lookup."""
        self._path = path
        self._seen: object = None
        self._file = parse(b"")
        self._readable = False
        self._stamps: Mapping[str, bytes] | None = None

    def has(self, name: str) -> bool:
        """Return whether it has this name, with a hash that can be checked."""
        return self._now().has(name)

    def verify(self, name: str, password: str) -> bool:
        """Return whether the password is right; equally slow for an unknown name."""
        return self._now().verify(name, password)

    def stamp(self, name: str) -> bytes:
        """Return a value that changes when the name's line does; empty for an unknown name."""
        return self._now().stamp(name)

    def stamps(self) -> Mapping[str, bytes] | None:
        """Return the stamps of the names that can sign in; ``None`` while the file cannot be read.

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
    """Return what identifies this state of the file, and its bytes if the state is a new one.

    No bytes when it cannot be read, or is too large to be a password file.
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
