"""Read-only access to a console's database: no row, table or file of it is changed.

Invariants: the database itself refuses writes, nothing is migrated, and for SQLite no file is
created next to it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from glasshouse.model.errors import StoreError
from glasshouse.storage.database import BUSY_MS, Database, address_of, engine_of
from glasshouse.storage.schema import migrations


class NoDatabaseError(StoreError):
    """There is no console database at that address yet."""


class OlderDatabaseError(StoreError):
    """An older version of the console uses it."""


@contextlib.contextmanager
def looking(url: str) -> Iterator[Database]:
    """Yield the database at ``url`` for reading.

    Raises:
        NoDatabaseError: there is none yet; a console creates it when it starts.
        OlderDatabaseError: its tables are of an older version; a starting console migrates them.
        StoreError: it cannot be read, or a newer version wrote it.
    """
    parsed = address_of(url)
    if parsed.drivername == "sqlite":
        engine = _sqlite(Path(parsed.database or ""))
    else:
        engine = engine_of(parsed)
        sa.event.listen(engine, "begin", _read_only)
    database = Database(url, engine)
    try:
        database.call(_require_tables)
        yield database
    finally:
        database.close()


def _sqlite(path: Path) -> sa.Engine:
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise NoDatabaseError(f"There is no database {path} yet.") from None
    except OSError as error:
        raise StoreError(
            f"The console's database {path} cannot be read: {error.strerror}.",
            remedy="Let this user read it.",
        ) from None
    # Opening a log creates it where there is none: in that case the file itself has everything.
    logged = path.with_name(f"{path.name}-wal").exists()
    address = f"file:{quote(str(path.absolute()))}?mode=ro" + ("" if logged else "&immutable=1")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _read_only(connection: sa.Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _require_tables(connection: sa.Connection) -> None:
    there: Any = MigrationContext.configure(connection).get_current_heads()
    if not there:
        raise NoDatabaseError("The console's database has no tables yet.")
    known = ScriptDirectory.from_config(migrations())
    if set(there) == set(known.get_heads()):
        return
    if set(there) <= {script.revision for script in known.walk_revisions()}:
        raise OlderDatabaseError("An older Glasshouse keeps the console's database.")
    raise StoreError(
        "A newer Glasshouse wrote the console's database.", remedy="Use that version of it."
    )
