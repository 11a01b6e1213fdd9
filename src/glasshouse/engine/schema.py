"""The engine's database: its tables, its version, and how it is opened.

One row is one job, wherever it is. ``score`` orders a state: the enqueue
sequence for enqueued jobs, the due time for scheduled jobs and retries, the
expiry for dead and reserved jobs (Unix seconds).
"""

from __future__ import annotations

from pathlib import Path

import apsw

from glasshouse.model.errors import StoreError
from glasshouse.model.job import JobState

FILE = "engine.db"
VERSION = 1

# Stored numbers: never renumber, a data file may hold them.
STATE_NUMBERS = {
    JobState.ENQUEUED: 1,
    JobState.SCHEDULED: 2,
    JobState.RETRIES: 3,
    JobState.DEAD: 4,
    JobState.WORKING: 5,
}
STATES = {number: state for state, number in STATE_NUMBERS.items()}

_TABLES = """
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  score REAL NOT NULL,
  queue TEXT NOT NULL,
  jid TEXT NOT NULL,
  jobtype TEXT NOT NULL,
  retry INTEGER NOT NULL,
  reserve_for INTEGER NOT NULL,
  enqueued_at REAL,
  wid TEXT,
  reserved_at REAL,
  payload BLOB NOT NULL
);
CREATE INDEX job_by_queue ON job(queue, score, enqueued_at) WHERE state = 1;
CREATE INDEX job_by_set ON job(state, score, id) WHERE state > 1;
CREATE INDEX job_by_jid ON job(jid);
CREATE TABLE queue (name TEXT PRIMARY KEY, size INTEGER NOT NULL, paused INTEGER NOT NULL);
CREATE TABLE tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


def open_writer(
    folder: Path, *, vfs: str | None = None, synchronous: str = "FULL"
) -> apsw.Connection:
    """Open the database for the engine, making it if it is not there.

    ``synchronous`` and ``vfs`` exist for tests that take durability away.

    Raises:
        StoreError: it is not ours, from a newer version, damaged, or not writable.
    """
    path = folder / FILE
    try:
        db = apsw.Connection(str(path), vfs=vfs)
        db.set_busy_timeout(5000)
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", synchronous)
        db.pragma("wal_autocheckpoint", 4000)
        db.pragma("journal_size_limit", 64 << 20)
        _prepare(db, path)
    except apsw.Error as error:
        raise StoreError(
            f"The database {path} cannot be used: {error}.",
            remedy="Check the disk and the rights on the folder, or restore a backup.",
        ) from error
    return db


def open_reader(folder: Path) -> apsw.Connection:
    """Open the database for looking only; SQLite itself refuses every write.

    Raises:
        StoreError: there is no such database, or it cannot be read.
    """
    path = folder / FILE
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(1000)
        db.pragma("query_only", True)
        check_version(db, path)
    except apsw.Error as error:
        raise StoreError(
            f"The database {path} cannot be read: {error}.",
            remedy="Check that an engine has run on this folder and that it may be read.",
        ) from error
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


def _prepare(db: apsw.Connection, path: Path) -> None:
    version = check_version(db, path)
    if version == VERSION:
        return
    if db.execute("SELECT count(*) FROM sqlite_schema").get:
        raise StoreError(
            f"The database {path} is not one of Glasshouse.", remedy="Choose another data folder."
        )
    with db:
        db.execute(_TABLES)
        db.pragma("user_version", VERSION)
