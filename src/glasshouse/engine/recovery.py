"""From the journal into the database: at the start of an engine, and of a copy of its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec

from glasshouse.engine.batch import Batch, position
from glasshouse.engine.disk import LogFile
from glasshouse.engine.journal import FILES, Journal, records
from glasshouse.engine.schema import FILE, log_path
from glasshouse.engine.store import Store
from glasshouse.model.errors import StoreError

_decode = msgspec.msgpack.Decoder(Batch).decode


def open_journal(store: Store) -> Journal:
    """Bring the database up to its journal, durably, and begin a new one.

    Raises:
        StoreError: the journal is not this database's.
        OSError, apsw.Error: the disk refuses.
    """
    first, second = (store.disk.log(store.folder / name) for name in FILES)
    last = _replay(store, [first, second])
    # One that cannot be written is told of now, not when the first job has been taken.
    store.prove()
    sync_database(store)
    lineage, _ = store.position()
    return Journal((first, second), lineage, last)


def replay(store: Store) -> int:
    """Bring the database up to its journal; return the number of the last record.

    Raises:
        StoreError: the journal is not this database's.
        OSError, apsw.Error: the disk refuses.
    """
    files = [store.disk.log(store.folder / name) for name in FILES]
    try:
        return _replay(store, files)
    finally:
        for file in files:
            file.close()


def sync_database(store: Store) -> None:
    """Make durable what the database has taken in; may run on a thread.

    Raises:
        OSError: the disk refuses.
    """
    log = store.disk.log(log_path(store.folder / FILE))
    try:
        log.sync()
    finally:
        log.close()


def missing(db: apsw.Connection, journal: list[bytes], folder: Path) -> Iterator[tuple[int, Batch]]:
    """Yield (number, batch) of the records that ``db`` lacks; ``journal`` is its files' contents.

    Raises:
        StoreError: the journal is not the database's, or cannot be read.
    """
    lineage, applied = position(db)
    for seq, body in records(journal, lineage, applied, folder):
        yield seq, _batch(body, folder)


def _replay(store: Store, files: list[LogFile]) -> int:
    for seq, batch in missing(store.db, [file.read() for file in files], store.folder):
        store.write(batch, seq)
    return store.position()[1]


def _batch(body: bytes, folder: Path) -> Batch:
    try:
        return _decode(body)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"The journal in {folder} holds a record that this version cannot read: {error}.",
            remedy="Start the version of Glasshouse that wrote it.",
        ) from error
