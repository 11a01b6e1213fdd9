"""Reading an engine's whole database without changing a byte of its folder.

Next to a running engine this is one more reader, in one transaction: everything
read is consistent, and the engine keeps running; its log cannot start over meanwhile.
Without an engine, SQLite would create files or recover the log just to open the
database: so it is opened as if nothing else were there, and read without locks. If
an engine starts at that moment, what was read is discarded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec

from glasshouse.engine import schema
from glasshouse.engine.journal import FILES
from glasshouse.engine.lock import held
from glasshouse.model.errors import StoreError

T = TypeVar("T")

_ATTEMPTS = 5
_FIRST_READ = "SELECT count(*) FROM sqlite_schema"


class View(msgspec.Struct, frozen=True):
    """An open database in a read transaction, and whether an engine runs on it.

    ``journal`` is what its files held before: together with the database, everything
    that was acknowledged before the inspection began.
    """

    db: apsw.Connection
    folder: Path
    running: bool
    journal: list[bytes]


def inspect(folder: Path, work: Callable[[View], T]) -> T:
    """Return the result of ``work`` on the database below ``folder``, as it is at one moment.

    ``work`` is called again if an engine started or stopped while it was reading.

    Raises:
        StoreError: there is no database, or it cannot be opened.
        apsw.Error: ``work`` found something that SQLite cannot read.
    """
    for _ in range(_ATTEMPTS):
        before = _stamp(folder)
        try:
            with _opened(folder) as view:
                result = work(view)
        except (StoreError, apsw.Error, OSError):
            if _calm(before, _stamp(folder)):
                raise
        else:
            if view.running or before == _stamp(folder):
                return result
    raise StoreError(
        f"Engines start and stop on {folder} all the time.", remedy="Try again when it is calm."
    )


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[View]:
    path = folder / schema.FILE
    if not path.is_file():
        raise StoreError(
            f"There is no database of an engine in {folder}.",
            remedy="Name the folder that `glasshouse engine --data` was given.",
        )
    running = held(folder)
    if not running:
        schema.check_whole(path)
    # The journal first: if it lacks later records, the database may lack them too.
    journal = [_bytes(folder / name) for name in FILES]
    try:
        db = _connect(path, running=running)
    except apsw.Error as error:
        raise schema.unreadable(path, error) from error
    try:
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        db.pragma("query_only", True)
        db.execute(_FIRST_READ).fetchall()
        db.execute("BEGIN")
        db.execute(_FIRST_READ).fetchall()
        yield View(db, folder, running, journal)
    finally:
        db.close()


def _connect(path: Path, *, running: bool) -> apsw.Connection:
    if running:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(5000)
        return db
    if not _has(schema.log_path(path)):
        return apsw.Connection(
            f"{path.absolute().as_uri()}?immutable=1",
            flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
        )
    # The log must be read too. In exclusive mode its index is kept on the heap.
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs="unix-none")
    db.pragma("locking_mode", "exclusive")
    return db


def _bytes(file: Path) -> bytes:
    """Return the contents of a journal file, or nothing if it is gone.

    Raises:
        StoreError: it exists but cannot be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(
            f"The file {file} of the journal cannot be read: {error.strerror or error}.",
            remedy="Check the disk and the rights on the folder; keep a copy of it.",
        ) from error


def _has(log: Path) -> bool:
    return log.exists() and log.stat().st_size > 0


def _calm(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    """Return whether nothing changed, or the same engine ran all the time."""
    return before == after or bool(before[0] and after[0])


def _stamp(folder: Path) -> tuple[object, ...]:
    """Return what changes when an engine starts, stops or writes."""
    facts: list[object] = [held(folder)]
    path = folder / schema.FILE
    for file in (path, schema.log_path(path)):
        with contextlib.suppress(OSError):
            stat = file.stat()
            facts.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(facts)
