"""The ledger of a running console: its key, its checkpoints, its records about itself.

Invariants: a checkpoint is written to the database, then to the witness; nothing is signed
while the database lacks what the witness knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
import structlog

from glasshouse import __version__
from glasshouse.ledger import witness as lines
from glasshouse.ledger.checkpoint import KEY_BYTES, Checkpoint, public_key
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.ledger.witness import Witness
from glasshouse.model.errors import GlasshouseError, StoreError
from glasshouse.storage import ledger, ledger_key, witness
from glasshouse.storage.database import Database
from glasshouse.web.auth.auth import People

log = structlog.get_logger()

EVERY = 3600.0
"""Seconds between two checks for something new to sign."""
CONSOLE = Subject(name="console")
_UNWITNESSED = "a checkpoint is not in the witness"


class SignedCheckpoint(NamedTuple):
    """A checkpoint that the database has; ``unwitnessed`` is why the witness lacks it."""

    checkpoint: Checkpoint
    unwitnessed: StoreError | None


class _Made(NamedTuple):
    """Checkpoints of one transaction, and the witness's first line if it has to be started."""

    checkpoints: tuple[Checkpoint, ...]
    first: bytes


def key_of(database: Database, folder: Path) -> bytes:
    """Return the key of this console; the first time, one is created and named in the ledger.

    Raises:
        ConflictError: the database lacks what the witness knows.
        StoreError: the database or the folder cannot be used.
    """
    key = ledger_key.load(folder)
    if key is None:
        key, signed = _introduced(database, folder, CONSOLE, None)
        if signed.unwitnessed is not None:
            _tell(_UNWITNESSED, signed.unwitnessed)
    return key


def renew_key(database: Database, folder: Path, who: Subject) -> SignedCheckpoint:
    """Sign with a new key from now on; the previous one signs the record that says so.

    Raises:
        ConflictError: the database lacks what the witness knows.
        StoreError: the database or the folder cannot be used.
    """
    return _introduced(database, folder, who, key_of(database, folder))[1]


def sign(database: Database, folder: Path) -> SignedCheckpoint:
    """Sign the end of the ledger, whether there is anything new or not. Raises likewise."""
    key, known = key_of(database, folder), witness.load_latest(folder)
    again = witness.was_begun(folder)
    signed = database.call(_signed, key, known, again=again, always=True)
    assert signed is not None
    return SignedCheckpoint(signed.checkpoints[-1], _witnessed(folder, signed))


def _introduced(
    database: Database, folder: Path, who: Subject, old: bytes | None
) -> tuple[bytes, SignedCheckpoint]:
    """Return a new key, and the first checkpoint signed with it."""
    key = secrets.token_bytes(KEY_BYTES)
    detail = {"key": public_key(key)}
    if old is not None:
        detail["before"] = public_key(old)
    known, again = witness.load_latest(folder), witness.was_begun(folder)

    def name_it(db: sa.Connection) -> _Made:
        ledger.end(db, lock=True)
        witness.require_same(db, known)
        now = time.time()
        ledger.append(db, Record(event=Event.KEY, at=now, who=who, detail=detail))
        signers = (key,) if old is None else (old, key)
        signed = tuple(ledger.checkpoint(db, one, now) for one in signers)
        return _Made(signed, b"" if known else _first(db, again=again))

    # A key that the ledger names and nobody has does no harm; the reverse would.
    introduced = database.call(name_it)
    ledger_key.keep(folder, key)
    return key, SignedCheckpoint(introduced.checkpoints[-1], _witnessed(folder, introduced))


def _first(db: sa.Connection, *, again: bool) -> bytes:
    return lines.begun(ledger.ledger_id(db), ledger.end(db), again=again)


def _signed(
    db: sa.Connection, key: bytes, known: Witness | None, *, again: bool, always: bool
) -> _Made | None:
    """Sign what the witness does not know yet; what another console signed does not count.

    Raises:
        ConflictError: the database lacks what the witness knows.
    """
    now, head = time.time(), ledger.end(db, lock=True)
    witness.require_same(db, known)
    last = None if known is None else known.last
    if not ledger.names(db, public_key(key)):
        detail = {"key": public_key(key)}
        ledger.append(db, Record(event=Event.KEY, at=now, who=CONSOLE, detail=detail))
    elif not always and last is not None and head.seq <= last.seq:
        return None
    # What a crash, or a full disk, kept from the witness is not signed again.
    kept = None if always else ledger.signed_by(db, public_key(key))
    signed = kept or ledger.checkpoint(db, key, now)
    return _Made((signed,), b"" if known else _first(db, again=again))


def _witnessed(folder: Path, signed: _Made) -> StoreError | None:
    """Append to the witness what the database has; return the error if that fails."""
    try:
        witness.append(folder, signed.checkpoints, first=signed.first)
        for one in signed.checkpoints:
            ledger_key.trust(folder, one.key)
    except StoreError as error:
        return error
    return None


@contextlib.asynccontextmanager
async def kept(database: Database, folder: Path) -> AsyncIterator[None]:
    """Record in the ledger that the console runs, and sign it periodically while the block runs.

    Raises:
        StoreError: the database or the folder cannot be used.
    """
    # A changed database must not keep the console from running and recording.
    with contextlib.suppress(witness.ConflictError):
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
    """Return a function that records a reload of the settings and which values changed."""

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
    """Sign what is new, with the current key: a command may have created another."""
    try:
        key = key_of(database, folder)
        known, again = (
            await asyncio.to_thread(witness.load_latest, folder),
            witness.was_begun(folder),
        )
        signed = await database.run(_signed, key, known, again=again, always=False)
        if signed is not None:
            problem = await asyncio.to_thread(_witnessed, folder, signed)
            if problem is not None:
                _tell(_UNWITNESSED, problem)
    except witness.ConflictError as error:
        _tell("the ledger was changed, and is not signed", error)
    except GlasshouseError as error:
        log.warning("the ledger was not signed", why=error.detail)
    except Exception:
        log.exception("the ledger was not signed")


def _tell(what: str, error: StoreError) -> None:
    log.error(what, why=error.detail, remedy=error.remedy)
