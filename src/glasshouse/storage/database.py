"""The console's database: opened, brought up to date, and called off the event loop.

Invariants: each call is one transaction, committed as a whole and durable when it returns. On
SQLite a single thread runs the calls, so that no one waits for a lock within a process.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from glasshouse.model.errors import StoreError
from glasshouse.storage import schema

P = ParamSpec("P")
T = TypeVar("T")

Call = Callable[Concatenate[sa.Connection, P], T]
BUSY_MS = 5000
"""How long to wait when SQLite's file is locked, in milliseconds."""


class Database:
    """Runs functions that take a connection, each in its own transaction."""

    def __init__(self, url: str, engine: sa.Engine | None = None) -> None:
        """Open the database at ``url`` and bring its tables up to date.

        With an ``engine``, that one is used, and the tables stay as they are.

        Raises:
            StoreError: it cannot be opened, or a newer version wrote it.
        """
        self._engine = engine or engine_of(address_of(url))
        # One thread for a file; with a database server, several may query at a time.
        many = 1 if self._engine.dialect.name == "sqlite" else 4
        self._threads = ThreadPoolExecutor(many, thread_name_prefix="database")
        if engine is not None:
            return
        try:
            with self._engine.begin() as connection:
                schema.bring_up_to_date(connection)
        except (sa.exc.SQLAlchemyError, schema.UnknownVersionError) as error:
            self._engine.dispose()
            raise StoreError(
                f"The console's database cannot be used: {_told(error)}.",
                remedy="Check its address and that this user can write there; "
                "a newer Glasshouse may have written it.",
            ) from None

    def call(self, ask: Call[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``ask`` returns, in this thread.

        Raises:
            StoreError: the database failed.
        """
        try:
            with self._engine.begin() as connection:
                return ask(connection, *args, **kwargs)
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(
                f"The console's database failed: {_told(error)}.",
                remedy="Check its disk or its server; nothing was changed.",
            ) from None

    async def run(self, ask: Call[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``ask`` returns, without blocking the event loop. Raises as ``call``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self.call(ask, *args, **kwargs))

    def close(self) -> None:
        """Close it once the calls under way have ended."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()


def database_file(folder: Path) -> Path:
    """Return the file of the database in a state folder."""
    return folder.absolute() / "console.db"


def sqlite_url(folder: Path) -> str:
    """Return the address of the database in a state folder."""
    return f"sqlite:///{database_file(folder)}"


def address_of(url: str) -> sa.URL:
    """Return the parts of the address of a database: SQLite's with a path, or PostgreSQL's.

    Raises:
        StoreError: it is neither.
    """
    wrong = StoreError(
        "The address of the console's database is none.",
        remedy="Write sqlite:////PATH/console.db or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise wrong from None
    if parsed.drivername == "postgresql" or (parsed.drivername == "sqlite" and parsed.database):
        return parsed
    raise wrong


def engine_of(url: sa.URL) -> sa.Engine:
    """Return the engine for a database; a SQLite file is created if there is none.

    Raises:
        StoreError: the file cannot be made, or the driver is not installed.
    """
    if url.drivername == "sqlite":
        return _sqlite(url, Path(url.database or ""))
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            # Whatever the server's default is: rows are locked where it matters, and whoever waited
            # for one sees what was committed meanwhile.
            isolation_level="READ COMMITTED",
        )
    except ImportError:
        raise StoreError(
            "PostgreSQL needs a driver that is not installed.",
            remedy="Install psycopg beside Glasshouse: pip install 'psycopg[binary]'.",
        ) from None


def _sqlite(url: sa.URL, path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Created by us, so that others can never read it, not even for a moment.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            f"The console's database {path} cannot be made: {error.strerror}.",
            remedy="Name a folder that this user may write, with --state or database.",
        ) from None
    engine = sa.create_engine(
        url, poolclass=sa.pool.QueuePool, connect_args={"check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transactions begin too late: ours begin in `_begin`.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _told(error: Exception) -> str:
    """Return what an error says, without the statement, values or address."""
    text = str(getattr(error, "orig", None) or error)
    return text.splitlines()[0].rstrip(".")[:200] if text else type(error).__name__
