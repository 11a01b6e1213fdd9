"""What a journal's files hold beyond the database, and whether anything is missing.

A power loss leaves a journal that ends early, or has holes among the records
that had not been synced: no client was answered for those. If a later record, the
database or a file's own header states that a record was on the disk and it is missing,
that is damage: it held what was acknowledged to clients as safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from glasshouse.engine import journal
from glasshouse.engine.journal_format import Header, Record, unpack_header, unpack_records
from glasshouse.model.errors import StoreError

_BEGINNING = 64
_NAMED = 5
_ANEW = (
    "Keep a copy of the folder, then restore a backup into an empty one. "
    "`glasshouse engine salvage` makes one of what is readable; "
    "`glasshouse engine --accept-loss` starts with that."
)


class JournalDamagedError(StoreError):
    """The journal lacks what it must have."""


class Reading(msgspec.Struct, frozen=True):
    """Records beyond the database's, in order; with ``faults`` some are missing.

    ``faults`` and ``blemishes`` are sentences: what may have lost changes that were
    acknowledged to clients as safe, and what has lost nothing. ``lost`` are holes, first
    and last record of each. A fault without a hole cannot state how much is missing.
    """

    records: list[tuple[int, bytes]]
    faults: list[str]
    blemishes: list[str]
    lost: tuple[tuple[int, int], ...] = ()
    remedy: str = _ANEW

    def sound(self) -> Iterator[tuple[int, bytes]]:
        """Return the records.

        Raises:
            JournalDamagedError: some are missing.
        """
        if self.faults:
            raise JournalDamagedError(" ".join(self.faults), remedy=self.remedy)
        return iter(self.records)


def read(texts: list[bytes], lineage: bytes, after: int, folder: Path, since: int = 0) -> Reading:
    """Return what the files hold beyond record ``after``, which the database has.

    ``texts`` are the files' contents. ``since`` comes from the database: the record with
    which the journal that was in use at the last write began; 0 when that engine
    ended properly, and the database has everything.
    """
    opened, faults, blemishes = _open(texts, folder, since)
    if any(header.lineage != lineage for header, _ in opened):
        return _of_another(folder)
    segments = sorted(
        ((header, text) for header, text in opened if header.epoch), key=lambda it: it[0].first_seq
    )
    by_number: dict[int, Record] = {}
    for header, text in segments:
        for record in unpack_records(text, header):
            by_number.setdefault(record.seq, record)
    durable = max((record.durable for record in by_number.values()), default=0)
    if segments:
        # A file is reused only once the database durably has what it held.
        durable = max(durable, segments[0][0].first_seq - 1)
    records, holes = _chain(by_number, after, durable)
    if holes:
        faults.append(_missing(holes, segments[0][0].first_seq, after, folder))
    return Reading(records, faults, blemishes, lost=tuple(holes))


def _open(
    texts: list[bytes], folder: Path, since: int
) -> tuple[list[tuple[Header, bytes]], list[str], list[str]]:
    """Return the readable files, what is wrong with others, and what does no harm."""
    opened: list[tuple[Header, bytes]] = []
    faults: list[str] = []
    blemishes: list[str] = []
    for name, text in zip(journal.FILES, texts, strict=True):
        header, whole = unpack_header(text)
        if header is None:
            if any(text[:_BEGINNING]) or since:
                faults.append(_unreadable(name, text, folder))
        elif since and header.since < since:
            faults.append(
                f"{folder / name} is older than the database: a copy of it from before was put "
                "in its place."
            )
        else:
            opened.append((header, text))
            if since and len(text) < journal.SEGMENT:
                faults.append(f"{folder / name} was cut to {len(text):,} bytes.")
            elif not whole:
                blemishes.append(
                    f"One of the two copies of what {folder / name} says of itself is damaged; "
                    "the other is whole."
                )
    return opened, faults, blemishes


def _unreadable(name: str, text: bytes, folder: Path) -> str:
    if not text:
        return f"The journal in {folder} is damaged: {name} is gone, or empty."
    return f"The journal in {folder} is damaged: the beginning of {name} cannot be read."


def _of_another(folder: Path) -> Reading:
    return Reading(
        [],
        [f"The journal in {folder} belongs to another database."],
        [],
        remedy="After restoring a backup, begin with an empty folder; else move the files "
        f"{journal.FILES[0]} and {journal.FILES[1]} away.",
    )


def _chain(
    by_number: dict[int, Record], after: int, durable: int
) -> tuple[list[tuple[int, bytes]], list[tuple[int, int]]]:
    """Return the records to replay, and the holes in what was ``durable``.

    What follows the first missing record that was not durable was never
    acknowledged, and is left out.
    """
    records: list[tuple[int, bytes]] = []
    holes: list[tuple[int, int]] = []
    seq = after + 1
    for number in sorted(number for number in by_number if number > after):
        if number > seq:
            if seq <= durable:
                holes.append((seq, min(number - 1, durable)))
            if number > durable + 1:
                break
        records.append((number, by_number[number].body))
        seq = number + 1
    else:
        if seq <= durable:
            holes.append((seq, durable))
    return records, holes


def _missing(holes: list[tuple[int, int]], begins: int, after: int, folder: Path) -> str:
    if holes[0][0] == after + 1 and begins > after + 1:
        return (
            f"The journal in {folder} begins at record {begins}, the database needs {after + 1}: "
            "the database is older than the journal, or damaged."
        )
    count = sum(last - first + 1 for first, last in holes)
    named = [str(first) if first == last else f"{first} to {last}" for first, last in holes]
    if len(named) > _NAMED:
        named[_NAMED:] = [f"{len(named) - _NAMED} more places"]
    return (
        f"The journal in {folder} is damaged: {count:,} of its records cannot be read "
        f"({', '.join(named)}), though they were safely on the disk. They hold changes that "
        "clients were told were done."
    )
