"""The witness file in a console's state folder: appended and synced, never cut or rewritten.

A checkpoint is in the database first. One that a crash or a full disk keeps out of the file is
not lost: the next checkpoint attests to it as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from glasshouse.ledger.checkpoint import Checkpoint, public_key, written
from glasshouse.ledger.witness import Witness, latest, parsed
from glasshouse.model.errors import StoreError
from glasshouse.storage import archive, files, ledger, ledger_key

FILE = "ledger.witness"


class ConflictError(StoreError):
    """The database no longer has what was signed."""


def load(folder: Path) -> Witness | None:
    """Return the witness; ``None`` if there is none.

    Raises:
        StoreError: the file cannot be read.
    """
    return parsed(_text(folder))


def load_latest(folder: Path) -> Witness | None:
    """Return the witness with its last checkpoint only, which is faster. Raises the same."""
    return latest(_text(folder))


def was_begun(folder: Path) -> bool:
    """Return whether there ever was one: the console's key has been trusted ever since.

    Raises:
        StoreError: a file cannot be read.
    """
    own = ledger_key.load(folder)
    return own is not None and public_key(own) in ledger_key.listed(folder)


def _text(folder: Path) -> bytes:
    path = folder / FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(
            f"The witness {path} cannot be read: {error.strerror}.",
            remedy="It belongs to the user who runs the console: look at its owner and mode.",
        ) from None


def append(folder: Path, checkpoints: Sequence[Checkpoint], *, first: bytes = b"") -> None:
    """Append checkpoints durably, after the line ``first`` if this begins the witness.

    Raises:
        StoreError: they cannot be written; none are there then, or a part of a line.
    """
    path = folder / FILE
    lines = first + b"".join(written(one).encode() + b"\n" for one in checkpoints)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _append(path, lines)
        if first:
            files.synced(folder)
    except OSError as error:
        raise StoreError(
            f"The witness {path} cannot be written: {error.strerror}.",
            remedy="Make room, or let this user write there: until then nobody sees by it "
            "whether later records are cut off.",
        ) from None


def _append(path: Path, lines: bytes) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = os.fstat(descriptor).st_size
        # What a power loss cut off stays as it is: the file may be append-only.
        torn = before > 0 and os.pread(descriptor, 1, before - 1) != b"\n"
        rest = memoryview(b"\n" + lines if torn else lines)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def require_same(db: sa.Connection, witness: Witness | None) -> None:
    """Verify that the database still has the last record that the witness knows of.

    Raises:
        ConflictError: it has a different one there, or none, or is a different ledger.
    """
    last = None if witness is None else witness.last
    if witness is None or last is None:
        return
    other = _other(db, witness, last)
    if other is not None:
        raise ConflictError(
            other,
            remedy="Run glasshouse audit verify. If another database, or an older copy, was put "
            f"there on purpose, move {FILE} out of the state folder: then another is begun.",
        )


def _other(db: sa.Connection, witness: Witness, last: Checkpoint) -> str | None:
    if witness.begun.ledger != ledger.ledger_id(db).hex():
        return "The database holds another ledger than the witness knows."
    if ledger.end(db).seq < last.seq:
        return f"The ledger ends before record {last.seq}, which the witness knows."
    began = archive.start(db)
    if began is not None and last.seq <= began.head.seq:
        same = last.seq < began.head.seq or began.head.digest.hex() == last.digest
    else:
        links = ledger.page(db, ledger.EVERYTHING, after=last.seq - 1, upto=last.seq)
        same = [link.digest.hex() for link in links] == [last.digest]
    return None if same else f"Record {last.seq} is another than the witness knows."
