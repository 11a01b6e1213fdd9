"""The ledger of a console that runs: its key, its checkpoints, what it says of itself."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import sqlalchemy as sa
import structlog

from glasshouse import __version__
from glasshouse.ledger.checkpoint import KEY_BYTES, Checkpoint, public_key
from glasshouse.ledger.record import Event, Record, Who
from glasshouse.model.errors import GlasshouseError
from glasshouse.storage import ledger, ledger_key
from glasshouse.storage.database import Database
from glasshouse.web.people.people import People

log = structlog.get_logger()

EVERY = 3600.0
"""Seconds between two looks whether there is something new to sign."""
CONSOLE = Who(name="console")


def key_of(database: Database, folder: Path) -> bytes:
    """Return the key of this console; the first time one is made and named in the ledger.

    Raises:
        StoreError: the database or the folder cannot be used.
    """
    key = ledger_key.load(folder)
    return _introduced(database, folder, CONSOLE, None)[0] if key is None else key


def renew_key(database: Database, folder: Path, who: Who) -> Checkpoint:
    """Sign with another key from now on; the one before it signs the record that says so.

    Raises:
        StoreError: the database or the folder cannot be used.
    """
    return _introduced(database, folder, who, key_of(database, folder))[1]


def _introduced(
    database: Database, folder: Path, who: Who, old: bytes | None
) -> tuple[bytes, Checkpoint]:
    """Return a new key, and the first checkpoint that it signed."""
    key = secrets.token_bytes(KEY_BYTES)
    detail = {"key": public_key(key)}
    if old is not None:
        detail["before"] = public_key(old)

    def name_it(db: sa.Connection) -> Checkpoint:
        now = time.time()
        ledger.append(db, Record(event=Event.KEY, at=now, who=who, detail=detail))
        if old is not None:
            ledger.checkpoint(db, old, now)
        return ledger.checkpoint(db, key, now)

    # A key that the ledger names and nobody has does no harm; the other way round would.
    made = database.call(name_it)
    ledger_key.keep(folder, key)
    return key, made


@contextlib.asynccontextmanager
async def kept(database: Database, folder: Path) -> AsyncIterator[None]:
    """Say in the ledger that the console runs, and sign it now and then while the block does.

    Raises:
        StoreError: the database or the folder cannot be used.
    """
    key_of(database, folder)
    detail = {"version": __version__}
    started = Record(event=Event.STARTED, at=time.time(), who=CONSOLE, detail=detail)
    database.call(ledger.append, started)
    task = asyncio.create_task(_signing(database, folder))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await _sign_new(database, folder)


def noting(people: People) -> Callable[[Sequence[str]], None]:
    """Return what records that settings were read again, and which values changed."""

    def note(changed: Sequence[str]) -> None:
        detail = {"changed": ", ".join(changed) or "nothing"}
        record = Record(event=Event.SETTINGS, at=time.time(), who=CONSOLE, detail=detail)
        try:
            people.tools.database.call(ledger.append, record)
        except GlasshouseError:
            log.exception("read settings were not recorded")

    return note


async def _signing(database: Database, folder: Path) -> None:
    while True:
        await _sign_new(database, folder)
        await asyncio.sleep(EVERY)


async def _sign_new(database: Database, folder: Path) -> None:
    """Sign what is new, with the key of now: a command may have made another."""
    try:
        await database.run(ledger.sign_new, key_of(database, folder), time.time())
    except GlasshouseError as error:
        log.warning("the ledger was not signed", why=error.detail)
