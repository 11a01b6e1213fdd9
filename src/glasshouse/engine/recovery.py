"""From the journal into the database: when an engine starts, or a copy of its folder is made."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import structlog

from glasshouse.engine.batch import Batch, named, position, recount, write
from glasshouse.engine.disk import LogFile, sync_folder
from glasshouse.engine.holes import close_holes
from glasshouse.engine.journal import FILES, Journal
from glasshouse.engine.journal_reading import Reading, read
from glasshouse.engine.schema import FILE, log_path
from glasshouse.engine.store import Store
from glasshouse.model.errors import StoreError

log = structlog.get_logger()

_decode = msgspec.msgpack.Decoder(Batch).decode


def open_journal(store: Store, *, accept_loss: bool = False) -> Journal:
    """Bring the database up to its journal, durably, and begin a new one.

    With ``accept_loss``, a damaged journal is used as far as it is readable; copies of
    its files are kept next to it first.

    Raises:
        StoreError: the journal is damaged, or belongs to another database.
        OSError, apsw.Error: the disk refuses.
    """
    first, second = (store.disk.log(store.folder / name) for name in FILES)
    taken = _accept(store, [first, second]) if accept_loss else None
    last = _replay(store, [first, second]) if taken is None else taken
    # A database that cannot be written is reported now, not after the first job was accepted.
    store.prove()
    sync_database(store)
    journal = Journal((first, second), store.position().lineage, last)
    # From now on it may hold what the database lacks, but only once its own header is on the disk.
    store.needs_journal(journal.since)
    sync_database(store)
    # In the database's own file too, so that it is not lost along with SQLite's log.
    store.fold()
    # The log then starts over; its header is synced now, before any client is served.
    store.prove()
    return journal


def replay(store: Store) -> int:
    """Bring the database up to its journal; return the number of the last record.

    Raises:
        StoreError: the journal is damaged, or belongs to another database.
        OSError, apsw.Error: the disk refuses.
    """
    files = [store.disk.log(store.folder / name) for name in FILES]
    try:
        return _replay(store, files)
    finally:
        for file in files:
            file.close()


def sync_database(store: Store) -> None:
    """Make durable what the database contains; may run on a thread.

    Raises:
        OSError: the disk refuses.
    """
    log = store.disk.log(log_path(store.folder / FILE))
    try:
        log.sync()
    finally:
        log.close()


def reading(db: apsw.Connection, journal: list[bytes], folder: Path) -> Reading:
    """Return what the journal has beyond ``db``; ``journal`` is its files' contents."""
    lineage, applied, since = position(db)
    return read(journal, lineage, applied, folder, since)


def missing(db: apsw.Connection, journal: list[bytes], folder: Path) -> Iterator[tuple[int, Batch]]:
    """Yield (number, batch) of the records that ``db`` lacks; ``journal`` is its files' contents.

    Raises:
        StoreError: the journal is damaged, belongs to another database, or cannot be read.
    """
    for seq, body in reading(db, journal, folder).sound():
        yield seq, decode(body, folder)


def take_readable(db: apsw.Connection, journal: Reading, folder: Path) -> None:
    """Bring ``db`` up to the readable part of the journal, across its holes if there are any.

    Records hold final states, so one may be left out: a job that only this record added
    is missing, and one that only this record removed is still there.

    Raises:
        StoreError: a record cannot be read by this version.
        apsw.Error: the disk refuses.
    """
    for seq, body in journal.records:
        write(db, decode(body, folder), seq)
    if journal.faults:
        close_holes(db)
    # Records do not carry the sizes that readers see.
    recount(db)


def decode(body: bytes, folder: Path) -> Batch:
    """Return a record's changes.

    Raises:
        StoreError: a newer version wrote them.
    """
    try:
        batch = _decode(body)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"The journal in {folder} holds a record that this version cannot read: {error}.",
            remedy="Start the version of Glasshouse that wrote it.",
        ) from error
    batch.inserts = list(map(named, batch.inserts))
    return batch


def _replay(store: Store, files: list[LogFile]) -> int:
    for seq, batch in missing(store.db, [file.read() for file in files], store.folder):
        store.write(batch, seq)
    return store.position().applied


def _accept(store: Store, files: list[LogFile]) -> int | None:
    """Apply the readable part of a damaged journal; return the last record.

    ``None``: the journal is sound, and nothing was done.
    """
    texts = [file.read() for file in files]
    journal = reading(store.db, texts, store.folder)
    if not journal.faults:
        log.info("the journal is sound: there is no loss to accept")
        return None
    kept = _keep(store.folder, texts)
    take_readable(store.db, journal, store.folder)
    log.warning(
        "started on a damaged journal: what could not be read is lost",
        faults=journal.faults,
        lost_records=[list(hole) for hole in journal.lost],
        taken_records=len(journal.records),
        kept=kept,
    )
    # Numbers of lost records are not reused, so that an older copy is never taken for new.
    last = max([store.position().applied, *(last for _, last in journal.lost)])
    store.write(Batch(), last)
    return last


def _keep(folder: Path, texts: list[bytes]) -> list[str]:
    """Copy the files as they are; return the names of the copies, which nothing reads."""
    mark = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(2)}"
    kept = []
    for name, text in zip(FILES, texts, strict=True):
        if not text:
            continue
        copy = folder / f"{name}.damaged-{mark}"
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        kept.append(copy.name)
    sync_folder(folder)
    return kept
