"""Whole segments of the ledger moved to files, each up to a checkpoint and with it.

Invariants: the records are verified and on disk in the file before they leave the database.
A ledger record says which records were moved; it is signed by the console and written in the
same transaction in which they leave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from glasshouse.ledger.archived import signed as signed_by
from glasshouse.ledger.chain import Head, Link
from glasshouse.ledger.checkpoint import Checkpoint, read, written
from glasshouse.ledger.export import line, parsed
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.ledger.verify import Fault, Start, Verifier
from glasshouse.model.errors import StoreError
from glasshouse.storage import files, ledger, sinks
from glasshouse.storage.database import Database
from glasshouse.storage.tables import ARCHIVED, CHECKPOINT, LEDGER

_SIGNED = ".checkpoints"


class Archived(NamedTuple):
    """A segment that was moved: its first and last record, and the file that now holds it."""

    first: int
    last: int
    file: Path


def start(db: sa.Connection) -> Start | None:
    """Return the record after which the database begins; ``None`` if it has all records."""
    query = sa.select(ARCHIVED).order_by(ARCHIVED.c.seq.desc()).limit(1)
    row = db.execute(query).mappings().first()
    if row is None:
        return None
    return Start(Head(int(row["seq"]), bytes(row["digest"])), frozenset(row["keys"].split()))


def archive(
    database: Database,
    folder: Path,
    *,
    before: float,
    who: Subject,
    now: float,
    proven: Sequence[Checkpoint],
    key: bytes,
    keys: Collection[str] | None = None,
    anyway: bool = False,
) -> Archived | None:
    """Move the records up to the last checkpoint ``before`` that time (Unix seconds) into a file.

    Return ``None`` when there is nothing to move. Running it again after a crash continues.
    ``proven`` are the verified checkpoints; ``key`` signs the record that says what was moved.
    ``keys`` are the other places that are to have the ledger; ``None`` means those that ever
    received some of it.

    Raises:
        StoreError: the records are not intact, or the folder or the database cannot be used, or
            another place lacks some of them and they are not to be moved ``anyway``; nothing has
            left the database.
    """
    began = database.call(start)
    first = 1 if began is None else began.head.seq + 1
    fit = [c for c in proven if c.seq >= first and _at(c) < before]
    if not fit:
        return None
    upto = max(checkpoint.seq for checkpoint in fit)
    if not anyway:
        _require_sent(database.call(sinks.least, keys), upto)
    signed = [checkpoint for checkpoint in proven if checkpoint.seq <= upto]
    ledger_id = database.call(ledger.ledger_id)
    verifier = Verifier(ledger_id, signed, began)
    file = folder / f"ledger-{first:012}-{upto:012}.jsonl"
    links = _whole(verifier, ledger.walk(database, upto=upto), upto)
    digest = _write(file, (line(link) for link in links))
    lines = (written(c).encode() + b"\n" for c in signed if c.seq >= first)
    _write(file.with_suffix(f"{_SIGNED}.jsonl"), lines)
    left = Start(verifier.end().head, frozenset(verifier.keys))
    moved = {"first": str(first), "file": file.name, "sha256": digest, **_told(left)}
    detail = signed_by(ledger_id, moved, key)
    record = Record(event=Event.ARCHIVED, at=now, who=who, detail=detail)
    database.call(_leave, left, file.name, record)
    return Archived(first, upto, file)


def _at(checkpoint: Checkpoint) -> float:
    return datetime.fromisoformat(checkpoint.at).timestamp()


def _told(left: Start) -> dict[str, str]:
    """Return what a record says about where an archive ends."""
    return {
        "last": str(left.head.seq),
        "digest": left.head.digest.hex(),
        "keys": left.told_keys,
    }


def _require_sent(sent: int | None, upto: int) -> None:
    if sent is not None and sent < upto:
        raise StoreError(
            f"A place that is to have the ledger has its records up to {sent} only.",
            remedy="Wait until it has them, see /audit; or move them all the same: --anyway. "
            "With -c FILE only places count that the settings name.",
        )


def links(folder: Path) -> Iterator[Link]:
    """Yield the records of all files of an archive, oldest first.

    Raises:
        StoreError: a file cannot be read.
        InvalidError: a line of it is not a record.
    """
    for file in _files(folder):
        try:
            with file.open("rb") as lines:
                yield from map(parsed, lines)
        except OSError as error:
            raise _unusable(file, error) from None


def checkpoints(folder: Path) -> list[Checkpoint]:
    """Return the checkpoints of all files of an archive; raises the same."""
    result: list[Checkpoint] = []
    for file in sorted(folder.glob(f"ledger-*{_SIGNED}.jsonl")):
        try:
            result += [read(text) for text in file.read_bytes().splitlines()]
        except OSError as error:
            raise _unusable(file, error) from None
    return result


def _files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.glob("ledger-*.jsonl") if _SIGNED not in f.name)
    if not files:
        raise StoreError(
            f"{folder} has no file of an archive.",
            remedy="Name the folder that glasshouse audit archive wrote to.",
        )
    return files


def broken(fault: Fault) -> StoreError:
    """Return the error for a ledger that is not moved because it is not intact."""
    return StoreError(
        f"The ledger is broken at record {fault.seq}: {fault.what}.",
        remedy="Nothing was moved. Run glasshouse audit verify.",
    )


def _whole(verifier: Verifier, links: Iterable[Link], upto: int) -> Iterator[Link]:
    for link in links:
        fault = verifier.take(link)
        if fault is not None:
            raise broken(fault)
        yield link
    last = verifier.head.seq
    if last != upto:
        raise broken(Fault(last + 1, f"the ledger ends at record {last}"))


def _write(path: Path, lines: Iterable[bytes]) -> str:
    """Write a file durably, or check that it exists with the same content; return its digest."""
    sha256 = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for text in lines:
            sha256.update(text)
            yield text

    try:
        new = files.written(path, hashed())
        if path.exists() and hashlib.sha256(path.read_bytes()).digest() != sha256.digest():
            raise StoreError(
                f"{path} exists and holds something else.", remedy="Name another folder."
            )
        files.placed(new, path)
    except OSError as error:
        raise _unusable(path, error) from None
    return sha256.hexdigest()


def _leave(db: sa.Connection, left: Start, file: str, record: Record) -> None:
    ledger.append(db, record)
    end, keys = left.head, left.all_keys
    db.execute(sa.insert(ARCHIVED).values(
        seq=end.seq, digest=end.digest, keys=keys, file=file, at=record.at
    ))  # fmt: skip
    db.execute(sa.delete(LEDGER).where(LEDGER.c.seq <= end.seq))
    db.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.seq < end.seq))


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be used: {error.strerror}.",
        remedy="Name a folder that this user may write, with room in it.",
    )
