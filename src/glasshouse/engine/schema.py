"""The engine's database: its tables, its version, and how it is opened.

One row of ``job`` is one job, wherever it is. ``score`` orders a state: the
enqueue sequence for enqueued jobs, the due time for scheduled jobs and
retries, the expiry for dead and reserved jobs (Unix seconds). One row of
``finished`` is one execution that ended; its ids grow with time.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from glasshouse.engine.migrations import MIGRATIONS, NAMED_VERSION, VERSION
from glasshouse.engine.status import FILE as STATUS
from glasshouse.model.errors import StoreError
from glasshouse.model.job import WRAPPER, JobState, Outcome
from glasshouse.wire.jobnames import name_of

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

_NAMED_AT_ONCE = 1000
_CACHE_KIB = 8 << 10
# Every version of the file has these.
_TABLES = {"job", "queue", "tally"}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def open_writer(
    folder: Path, *, vfs: str | None = None, synchronous: str = "NORMAL"
) -> apsw.Connection:
    """Open the database for the engine, creating it or bringing it up to date.

    A commit on this connection has reached the operating system, but not yet
    the disk: the journal makes commands durable. Nothing here checkpoints.
    ``synchronous`` and ``vfs`` exist for tests that remove durability.

    Raises:
        StoreError: it is not ours, from a newer version, damaged, or not writable.
    """
    path = folder / FILE
    try:
        check_whole(path)
        _make_private(path)
    except OSError as error:
        raise _not_writable(path, error.strerror or str(error)) from error
    try:
        db = apsw.Connection(str(path), vfs=vfs)
        db.set_busy_timeout(5000)
        check_ours(db, path)
        mode = db.pragma("journal_mode", "wal")
        if mode != "wal":
            raise StoreError(f"The database {path} cannot keep a write-ahead log ({mode}).")
        db.pragma("synchronous", synchronous)
        db.pragma("wal_autocheckpoint", 0)
        db.pragma("journal_size_limit", 64 << 20)
        db.pragma("cache_size", -_CACHE_KIB)
        migrate(db)
    except apsw.Error as error:
        raise unusable(path, error) from error
    return db


def open_reader(folder: Path) -> apsw.Connection:
    """Open the database read-only; SQLite itself refuses every write.

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
        raise unreadable(path, error) from error
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


def unreadable(path: Path, error: apsw.Error) -> StoreError:
    """Return what SQLite's error means for a reader."""
    return StoreError(
        f"The database {path} cannot be read: {error}.",
        remedy="Check that an engine has run on this folder and that it may be read.",
    )


def check_ours(db: apsw.Connection, path: Path) -> int:
    """Return the version of the file; 0 when it is still empty.

    Raises:
        StoreError: another program created it, or a newer version wrote it.
    """
    version = check_version(db, path)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
    if not tables >= _TABLES if version else tables:
        raise StoreError(
            f"The database {path} is not one of Glasshouse.", remedy="Choose another data folder."
        )
    return version


def log_path(path: Path) -> Path:
    """Return where SQLite keeps the write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")


def check_whole(path: Path) -> None:
    """Check for a file that SQLite would silently take for an empty one.

    Raises:
        StoreError: the file was truncated to nothing, or is gone.
        OSError: it cannot be checked.
    """
    beside = log_path(path)
    there = path.exists()
    if not there or path.stat().st_size == 0:
        logged = beside.exists() and beside.stat().st_size > 0
        if logged or (there and (path.parent / STATUS).exists()):
            raise StoreError(
                f"The database {path} is {'empty' if there else 'missing'}, "
                "though an engine has run on this folder.",
                remedy="Keep a copy of the folder, then restore a backup; "
                "to begin anew, name an empty folder.",
            )


def no_room(error: Exception, db: apsw.Connection) -> bool:
    """Return whether the disk has no room left, as opposed to failing: what is on it is sound.

    SQLite has a separate error for that, but not when it enlarges its shared
    memory, nor for quotas and file size limits.
    """
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    return isinstance(error, apsw.FullError) or (
        isinstance(error, apsw.IOError) and db.system_errno in _NO_ROOM
    )


def unusable(path: Path, error: apsw.Error) -> StoreError:
    """Return what SQLite's error means for the person who runs the engine."""
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return damaged(path, str(error))
    if isinstance(error, apsw.FullError):
        return StoreError(
            f"The disk with {path} is full.", remedy="Make room on it, then start again."
        )
    if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError):
        return _not_writable(path, str(error))
    return StoreError(
        f"The database {path} cannot be used: {error}.",
        remedy="Check the disk and the rights on the folder, or restore a backup.",
    )


def damaged(path: Path, what: str) -> StoreError:
    """Return the error for a file that does not hold what it should."""
    return StoreError(
        f"The database {path} is damaged: {what}.",
        remedy="Keep a copy of the folder, then restore a backup; "
        "`glasshouse engine check` tells what is wrong.",
    )


@contextlib.contextmanager
def values_of(path: Path) -> Iterator[None]:
    """Report an error when a value read from the file is of another kind than was written.

    Raises:
        StoreError: there is one; SQLite itself sees only the pages, not their meaning.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise damaged(path, f"a value in it cannot be one that was written ({error})") from error


def _not_writable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"The database {path} cannot be written: {why}.",
        remedy="Check that the disk is not mounted read-only and that this user owns the folder.",
    )


def _make_private(path: Path) -> None:
    """Let only the owner read the file; SQLite gives its companions the same mode.

    An existing file is not opened here: closing it again would drop the locks of
    other connections of this process (sqlite.org/howtocorrupt).
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        with contextlib.suppress(OSError):  # another's file in a folder shared on purpose
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)


def _name_jobs(db: apsw.Connection) -> None:
    """Name jobs of ActiveJob after what they wrap."""
    rows = db.execute("SELECT id, CAST(payload AS BLOB) FROM job WHERE jobtype = ?", (WRAPPER,))
    names = ((name_of(WRAPPER, payload), job_id) for job_id, payload in rows)
    # A few at a time: payloads may be long, and rows being read must not be written meanwhile.
    while some := list(itertools.islice(names, _NAMED_AT_ONCE)):
        db.executemany("UPDATE job SET jobtype = ? WHERE id = ?", some)


def migrate(db: apsw.Connection) -> None:
    """Run the steps that the file lacks, each in one all-or-nothing transaction.

    Raises:
        apsw.Error: the disk refuses.
    """
    while (version := int(db.pragma("user_version"))) < VERSION:
        db.execute("BEGIN IMMEDIATE")
        try:
            db.execute(MIGRATIONS[version])
            if version + 1 == NAMED_VERSION:
                _name_jobs(db)
            db.pragma("user_version", version + 1)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        # Whatever happens to the log, the tables and the lineage are there.
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
