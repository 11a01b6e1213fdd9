"""``engine backup``: one file that holds everything, taken from a running or a stopped engine.

The copy is the database at one moment, page for page, plus what the journal has
beyond it. The final name holds either a complete and synced copy or nothing. The
engine keeps running meanwhile: the copy is one more reader, and what it writes is
synced a little at a time, so that the engine's own syncs do not queue for long on
a shared disk.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from glasshouse.engine import schema
from glasshouse.engine.disk import sync_folder
from glasshouse.engine.inspection import View, inspect
from glasshouse.engine.journal_reading import Reading
from glasshouse.engine.migrations import JOURNAL_VERSION, VERSION
from glasshouse.engine.recovery import reading, take_readable
from glasshouse.engine.schema import STATES
from glasshouse.model.errors import StoreError

_PAGES = 1_024
# Reads of a running engine whose journal seems damaged; it follows within a quarter of a second.
_LOOKS, _BETWEEN = 8, 0.25


class FinishedBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A finished backup; ``jobs`` counts the jobs in the file by state.

    For a salvage, ``faults`` state what was wrong with the journal; ``lost`` holds the first
    and last unreadable record of each hole.
    """

    file: str
    bytes: int
    version: int
    jobs: dict[str, int]
    faults: list[str] = []
    lost: tuple[tuple[int, int], ...] = ()


def backup(
    folder: Path,
    file: Path,
    *,
    force: bool,
    tell: Callable[[str], None] = lambda _: None,
    salvage: bool = False,
) -> FinishedBackup:
    """Copy the database below ``folder`` to ``file``; ``force`` replaces an older one.

    With ``salvage``, the readable part of a damaged journal is used, across its holes.

    Raises:
        StoreError: there is nothing to copy, ``file`` exists, cannot be written or
            lies in ``folder``, or the copy is damaged. ``file`` is unchanged.
    """
    _check_target(folder, file, force=force)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _cannot_write(file, error.strerror or str(error)) from None
    try:
        version, report = _copied(folder, part, descriptor, tell, salvage=salvage)
        tell("Checking the copy…")
        jobs = _verified(part)
        os.fsync(descriptor)
        _check_target(folder, file, force=force)
        os.replace(part, file)
        sync_folder(file.parent)
    except apsw.Error as error:
        raise _failed(folder, file, error) from error
    except OSError as error:
        raise _cannot_write(file, error.strerror or str(error)) from error
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return FinishedBackup(
        file=str(file), bytes=file.stat().st_size, version=version, jobs=jobs,
        faults=report.faults, lost=report.lost,
    )  # fmt: skip


def _copied(
    folder: Path, part: Path, descriptor: int, tell: Callable[[str], None], *, salvage: bool
) -> tuple[int, Reading]:
    """Copy until the journal agrees with the database; a running engine writes both meanwhile."""
    looks = 0
    while True:
        running, version, report = inspect(folder, lambda view: _copy(view, part, descriptor, tell))
        looks += 1
        if not report.faults or not running or looks == _LOOKS:
            break
        time.sleep(_BETWEEN)
    if not salvage:
        report.sound()
    return version, report


def _copy(
    view: View, part: Path, descriptor: int, tell: Callable[[str], None]
) -> tuple[bool, int, Reading]:
    version = schema.check_ours(view.db, view.folder / schema.FILE)
    os.ftruncate(descriptor, 0)  # an earlier attempt may have left something
    copy = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        copy.pragma("journal_mode", "off")
        copy.pragma("synchronous", "off")
        with copy.backup("main", view.db, "main") as work:
            while not work.done:
                work.step(_PAGES)
                os.fdatasync(descriptor)
                tell(f"Copying… {work.page_count - work.remaining:,} of {work.page_count:,} pages")
    finally:
        copy.close()
    if version < JOURNAL_VERSION:
        return view.running, version, Reading([], [], [])
    return view.running, VERSION, _catch_up(view, part)


def _catch_up(view: View, part: Path) -> Reading:
    """Apply what the journal has beyond the database, and forget the journal.

    The copy begins its own lineage: a journal in the folder where it is later
    restored must not be taken for its own.
    """
    copy = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        copy.pragma("journal_mode", "memory")
        copy.pragma("synchronous", "off")
        schema.migrate(copy)
        journal = reading(copy, view.journal, view.folder)
        take_readable(copy, journal, view.folder)
        copy.execute("UPDATE journal SET lineage = randomblob(16), since = 0")
    finally:
        copy.close()
    return journal


def _verified(part: Path) -> dict[str, int]:
    """Return the number of jobs by state in a copy, which SQLite must find sound.

    Raises:
        StoreError: it does not.
    """
    db = apsw.Connection(
        f"{part.absolute().as_uri()}?immutable=1",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
    )
    try:
        wrong = db.execute("PRAGMA quick_check(1)").fetchall()
        if wrong != [("ok",)]:
            raise StoreError(
                f"The copy is damaged ({wrong[0][0]}), and so is what it was made from.",
                remedy="See what `glasshouse engine check` says of the folder, and keep the "
                "backups that there are.",
            )
        counted = dict(db.execute("SELECT state, count(*) FROM job GROUP BY state"))
        return {state.value: int(counted.get(number, 0)) for number, state in STATES.items()}
    finally:
        db.close()


def _check_target(folder: Path, file: Path, *, force: bool) -> None:
    if file.resolve().parent == folder.resolve():
        raise StoreError(
            f"{file} lies in the engine's own folder.",
            remedy="Name a file elsewhere, best on another disk.",
        )
    if file.is_dir():
        raise StoreError(f"{file} is a folder.", remedy="Name a file to write the backup to.")
    if file.exists() and not force:
        raise StoreError(
            f"{file} exists already.", remedy="Name another file, or replace it with --force."
        )


def _failed(folder: Path, file: Path, error: apsw.Error) -> StoreError:
    if isinstance(error, apsw.FullError):
        return _cannot_write(file, "its disk is full")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return schema.unusable(folder / schema.FILE, error)
    return StoreError(
        f"The backup to {file} failed: {error}.", remedy="Look at both disks, then try again."
    )


def _cannot_write(file: Path, why: str) -> StoreError:
    return StoreError(
        f"The backup {file} cannot be written: {why}.",
        remedy="Name a file in a folder that exists, that this user may write, and that has room.",
    )
