"""The ``glasshouse doctor`` checks of files and folders: who may read and write them.

Modes and owners are checked and nothing is opened, so that nothing is changed, and no pipe
loses its contents. Access control lists (ACLs) are not checked.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from glasshouse.app.checks import Check, CheckStatus, fine, warn
from glasshouse.settings.secrets import secrets_of

_JOBS = ("engine.db", "journal-", "status.json")
"""How the names of those work server files begin that contain job data."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WHOLE = os.R_OK | os.W_OK | os.X_OK


def settings_checks(config: Path) -> Iterator[Check]:
    """Yield the checks of the settings file, which was already read, and of each secret file."""
    secrets = secrets_of(config, os.environ)
    check = file_check("settings", config, secret=bool(secrets.written))
    if check.mark is CheckStatus.WARNING and secrets.written:
        more = f"{check.detail} It holds {', '.join(secrets.written)}."
        check = msgspec.structs.replace(check, detail=more)
    yield check
    for name, path in secrets.files:
        check = file_check("files", path, secret=True)
        yield msgspec.structs.replace(check, detail=f"{name}: {check.detail}")


def data_checks(what: str, data: Path) -> Iterator[Check]:
    """Yield whether a work server can use its folder, and nobody else its contents."""
    check = folder_check(what, data, private=True)
    if check.mark is not CheckStatus.FINE:
        yield check
    if check.mark is CheckStatus.WRONG:
        return
    for path in sorted(data.iterdir()) if data.is_dir() else ():
        check = file_check(what, path, secret=True, within=True)
        # While an engine runs, a file may disappear in the meantime.
        if path.name.startswith(_JOBS) and check.mark is not CheckStatus.FINE and path.is_file():
            yield check


def file_check(what: str, path: Path, *, secret: bool, within: bool = False) -> Check:
    """Return whether a file can be read, and changed only by its owner.

    With ``secret`` nobody else may read it either. ``within`` a folder that was already checked,
    the check of that is not repeated.
    """
    faults = _faults_of_file(what, path, secret=secret, within=within)
    return next(faults, fine(what, f"{path} can be read" + ", and by nobody else" * secret))


def _faults_of_file(what: str, path: Path, *, secret: bool, within: bool) -> Iterator[Check]:
    """Yield what is wrong with a file, worst first."""
    try:
        status = path.stat()
    except OSError as error:
        yield _missing(what, path, error)
        return
    mode, mine = status.st_mode, status.st_uid == os.geteuid()
    if stat.S_ISDIR(mode):
        yield _wrong(what, f"{path} is a folder.", "Name a file.")
    if not _may(path, os.R_OK):
        detail = f"{path} cannot be read by this user; it belongs to {_name(status.st_uid)}."
        yield _wrong(what, detail, "Run this as the user of the console, or let that one read it.")
    if mode & stat.S_IWOTH:
        detail = f"everybody on this machine can write to {path}."
        yield _wrong(what, detail, f"chmod {'600' if secret else 'o-w'} {path}")
    if not within:
        yield from _replaced(what, path)
    if secret and mode & stat.S_IROTH:
        # With 600, those who read it as members of its group would lose access.
        detail = f"everybody on this machine can read {path}."
        yield warn(what, detail, f"chmod {'600' if mine or _root() else 'o-rwx'} {path}")
    if mode & (stat.S_IWGRP | (stat.S_IRGRP if secret else 0)) and mine:
        detail = f"its group can {'read' if secret else 'write to'} {path}, not only its owner."
        yield warn(what, detail, f"chmod {'600' if secret else 'g-w'} {path}")


def folder_check(what: str, path: Path, *, private: bool = False) -> Check:
    """Return whether a data folder can be used, and by nobody else, or could be created.

    In a ``private`` one others may not even list the contents.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _to_be_made(what, path)
    except OSError as error:
        return _missing(what, path, error)
    good = fine(what, f"{path} can be written, and by nobody else")
    return next(_faults_of_folder(what, path, status, private=private), good)


def _faults_of_folder(
    what: str, path: Path, status: os.stat_result, *, private: bool
) -> Iterator[Check]:
    if not stat.S_ISDIR(status.st_mode):
        yield _wrong(what, f"{path} is no folder.", "Move that file away, or name a folder.")
    if not _may(path, _WHOLE):
        yield _closed(what, path, status)
    if status.st_mode & stat.S_IWOTH:
        detail = f"everybody on this machine can change what lies in {path}."
        yield _wrong(what, detail, f"chmod 700 {path}")
    yield from _replaced(what, path)
    if status.st_mode & stat.S_IWGRP:
        detail = f"its group can change what lies in {path}, not only its owner."
        yield warn(what, detail, f"chmod 700 {path}")
    if private and status.st_mode & _OTHERS:
        detail = f"others than its owner can look into {path}."
        yield warn(what, detail, f"chmod 700 {path}")


def _missing(what: str, path: Path, error: OSError) -> Check:
    """Return why a path cannot be checked: the reason, not only that it cannot be read."""
    if isinstance(error, FileNotFoundError):
        return _wrong(what, f"{_first_missing(path)} is not there.", "Make it, or name another.")
    if isinstance(error, PermissionError):
        detail = f"{path} cannot be looked at: this user may not enter {_nearest(path)}."
        return _wrong(what, detail, "Run this as the user of the console.")
    detail = f"{path} cannot be looked at: {error.strerror}."
    if isinstance(error, NotADirectoryError):
        detail = f"{path} cannot be: {_nearest(path)} is no folder."
    return _wrong(what, detail, "Name another.")


def _to_be_made(what: str, path: Path) -> Check:
    nearest = _nearest(path)
    if not nearest.is_dir():
        return _wrong(what, f"{path} cannot be made: {nearest} is no folder.", "Name another.")
    if not _may(nearest, os.W_OK | os.X_OK):
        detail = f"{path} is not there, and this user may not make it in {nearest}."
        return _wrong(
            what, detail, f"Make it for the user of the console: install -d -m 700 {path}"
        )
    return fine(what, f"{path} is not there yet; it is made when it is needed")


def _closed(what: str, path: Path, status: os.stat_result) -> Check:
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        detail = f"{path} lies on a file system that is read-only."
        return _wrong(what, detail, "Mount it for writing, or name another folder.")
    if status.st_uid != os.geteuid():
        detail = f"{path} belongs to {_name(status.st_uid)}, and this user may not write there."
        return _wrong(what, detail, "Run the console as the owner of that folder.")
    detail = (
        f"{path} is this user's, but its mode {stat.S_IMODE(status.st_mode):o} forbids to use it."
    )
    return _wrong(what, detail, f"chmod 700 {path}")


def _replaced(what: str, path: Path) -> Iterator[Check]:
    """Yield each folder above ``path`` in which anyone may replace it."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            detail = f"everybody can put another in the place of {path}, by way of {folder}."
            yield _wrong(what, detail, f"chmod o-w {folder}")


def _nearest(path: Path) -> Path:
    """Return the nearest folder (or other file) above ``path`` that can be checked."""
    for above in path.absolute().parents:
        try:
            above.stat()
        except OSError:
            continue
        return above
    return Path("/")


def _first_missing(path: Path) -> Path:
    """Return what does not exist: ``path``, or the first missing folder on the way to it."""
    nearest = _nearest(path)
    return nearest / path.absolute().relative_to(nearest).parts[0]


def _may(path: Path, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _root() -> bool:
    return os.geteuid() == 0


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"


def _wrong(what: str, detail: str, remedy: str) -> Check:
    return Check(what=what, mark=CheckStatus.WRONG, detail=detail, remedy=remedy)
