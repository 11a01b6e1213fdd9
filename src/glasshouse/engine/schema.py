"""The engine's database: its tables, its version, and how it is opened.

One row of ``job`` is one job, wherever it is. ``score`` orders a state: the
enqueue sequence for enqueued jobs, the due time for scheduled jobs and
retries, the expiry for dead and reserved jobs (Unix seconds). One row of
``finished`` is one execution that ended; its ids grow with time.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from glasshouse.engine.migrations import MIGRATIONS, VERSION
from glasshouse.model.errors import StoreError
from glasshouse.model.job import JobState, Outcome

FILE = "engine.db"

# Stored numbers: never renumber, a data file may hold them.
STATE_NUMBERS = {
    JobState.ENQUEUED: 1,
    JobState.SCHEDULED: 2,
    JobState.RETRIES: 3,
    JobState.DEAD: 4,
    JobState.WORKING: 5,
}
STATES = {number: state for state, number in STATE_NUMBERS.items()}
OUTCOME_NUMBERS = {Outcome.DONE: 1, Outcome.RETRIED: 2, Outcome.BURIED: 3, Outcome.DROPPED: 4}
OUTCOMES = {number: outcome for outcome, number in OUTCOME_NUMBERS.items()}

_CACHE_KIB = 8 << 10


def open_writer(
    folder: Path, *, vfs: str | None = None, synchronous: str = "NORMAL"
) -> apsw.Connection:
    """Open the database for the engine, making it or bringing it up to date.

    A commit on this connection is in the operating system's hands, not yet on
    the disk: the caller syncs the log (``sync.py``). Nothing here checkpoints.
    ``synchronous`` and ``vfs`` exist for tests that take durability away.

    Raises:
        StoreError: it is not ours, from a newer version, damaged, or not writable.
    """
    path = folder / FILE
    try:
        db = apsw.Connection(str(path), vfs=vfs)
        db.set_busy_timeout(5000)
        _check_ours(db, path)
        mode = db.pragma("journal_mode", "wal")
        if mode != "wal":
            raise StoreError(f"The database {path} cannot keep a write-ahead log ({mode}).")
        db.pragma("synchronous", synchronous)
        db.pragma("wal_autocheckpoint", 0)
        db.pragma("journal_size_limit", 64 << 20)
        db.pragma("cache_size", -_CACHE_KIB)
        _migrate(db)
    except apsw.Error as error:
        raise unusable(path, error) from error
    return db


def open_reader(folder: Path) -> apsw.Connection:
    """Open the database for looking only; SQLite itself refuses every write.

    Raises:
        StoreError: there is no such database, or it cannot be read, or an
            engine of another version wrote it.
    """
    path = folder / FILE
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(1000)
        db.pragma("query_only", True)
        version = check_version(db, path)
    except apsw.Error as error:
        raise StoreError(
            f"The database {path} cannot be read: {error}.",
            remedy="Check that an engine has run on this folder and that it may be read.",
        ) from error
    if version < VERSION:
        db.close()
        raise StoreError(
            f"The database {path} has version {version}, older than this program's {VERSION}.",
            remedy="Start the engine of this version once; it brings the file up to date.",
        )
    return db


def check_version(db: apsw.Connection, path: Path) -> int:
    """Return the version of the file.

    Raises:
        StoreError: a newer version wrote it.
    """
    version = int(db.pragma("user_version"))
    if version > VERSION:
        raise StoreError(
            f"The database {path} has version {version}, newer than this program's {VERSION}.",
            remedy="Use the newer Glasshouse that wrote it.",
        )
    return version


def unusable(path: Path, error: apsw.Error) -> StoreError:
    """Return what SQLite's error means for the person who runs the engine."""
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return StoreError(
            f"The database {path} is damaged: {error}.",
            remedy="Keep a copy of the folder, then restore a backup; "
            "`glasshouse engine check` tells what is wrong.",
        )
    if isinstance(error, apsw.FullError):
        return StoreError(
            f"The disk with {path} is full.", remedy="Make room on it, then start again."
        )
    if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError):
        return StoreError(
            f"The database {path} cannot be written: {error}.",
            remedy="Check that the disk is not mounted read-only and that this user "
            "owns the folder.",
        )
    return StoreError(
        f"The database {path} cannot be used: {error}.",
        remedy="Check the disk and the rights on the folder, or restore a backup.",
    )


def _check_ours(db: apsw.Connection, path: Path) -> None:
    if check_version(db, path) == 0 and db.execute("SELECT count(*) FROM sqlite_schema").get:
        raise StoreError(
            f"The database {path} is not one of Glasshouse.", remedy="Choose another data folder."
        )


def _migrate(db: apsw.Connection) -> None:
    """Run the steps that the file lacks, each in a transaction that is all or nothing."""
    while (version := int(db.pragma("user_version"))) < VERSION:
        db.execute("BEGIN IMMEDIATE")
        try:
            db.execute(MIGRATIONS[version])
            db.pragma("user_version", version + 1)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
