"""Verifies a database's ledger by what lies outside of it: trusted keys and the witness.

Invariants: whatever is done to the database alone, only new records after the last checkpoint
of the witness can go unnoticed. Nothing in the database is believed beyond what its signed
bytes say, and no kind of value in it can abort the verification.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from glasshouse.ledger.chain import Head, Link
from glasshouse.ledger.checkpoint import Checkpoint, read
from glasshouse.ledger.subject import Subject
from glasshouse.ledger.subject import read as read_names
from glasshouse.ledger.verify import Fault, RecordColumns, Start, TrustedKeys, Verdict, Verifier
from glasshouse.ledger.witness import Witness
from glasshouse.model.errors import InvalidError, StoreError
from glasshouse.storage import archive as archives
from glasshouse.storage import ledger, ledger_key, witness
from glasshouse.storage.database import Database
from glasshouse.storage.tables import CHECKPOINT, LEDGER, LEDGER_HEAD, LEDGER_SUBJECT, SINK
from glasshouse.storage.text import decode

_STEP = 500
_EMPTY = Head(0, b"")


class Evidence(NamedTuple):
    """What is known of a ledger without its database.

    ``lost``: there is no witness, although there was one.
    """

    keys: frozenset[str]
    witness: Witness | None = None
    lost: bool = False
    elsewhere: tuple[Checkpoint, ...] = ()
    """Checkpoints that were stored in other places."""


class Verified(NamedTuple):
    """What was found. ``start``: the record that this began after, if earlier ones were skipped.

    ``kept`` are the checkpoints that the database has; ``named``: whether there is a key that
    could be trusted.
    """

    verdict: Verdict
    start: Start | None
    kept: tuple[Checkpoint, ...]
    named: bool


class _Kept(NamedTuple):
    """What the database says, apart from its records; ``faults`` is what is wrong with that."""

    ledger: bytes
    head: Head
    last: int
    start: Start | None
    checkpoints: tuple[Checkpoint, ...]
    faults: tuple[Fault, ...]


class _Row(NamedTuple):
    link: Link
    columns: RecordColumns


def evidence(
    folder: Path, keys: Iterable[str] = (), elsewhere: Iterable[Checkpoint] = ()
) -> Evidence:
    """Return what a state folder says about the ledger, with additional trusted keys.

    Raises:
        StoreError: a file in it cannot be read.
    """
    witnessed = witness.load(folder)
    lost = witnessed is None and witness.was_begun(folder)
    trusted = ledger_key.trusted(folder) | frozenset(keys)
    return Evidence(trusted, witnessed, lost, tuple(elsewhere))


def verify(database: Database, known: Evidence, archive: Path | None = None) -> Verified:
    """Return how much of the ledger is intact, including the files of ``archive`` if given.

    Raises:
        StoreError: the database or the archive cannot be read.
        InvalidError: a file of the archive holds something else.
    """
    while True:
        kept = database.call(_kept)
        result = _verified(database, kept, known, archive)
        # While this went on, records may have been moved to an archive.
        if result.verdict.fault is None or database.call(_kept).start == kept.start:
            return result


def _verified(database: Database, kept: _Kept, known: Evidence, archive: Path | None) -> Verified:
    if not kept.ledger:
        verdict = Verdict(_EMPTY, 0, min(kept.faults))
        return Verified(verdict, kept.start, kept.checkpoints, named=True)
    start, own = kept.start, list(kept.checkpoints)
    before: Iterator[Link] = iter(())
    if start is not None and archive is not None:
        own, start = [*archives.checkpoints(archive), *own], None
        before = archives.links(archive)
    missed, faults = _witnessed(kept, known)
    begun = None if known.witness is None else known.witness.begun.begins
    verifier = Verifier(
        kept.ledger, [*own, *missed, *known.elsewhere], start, TrustedKeys(known.keys, begun)
    )
    fault = _walked(verifier, database, before, kept.last)
    verdict = verifier.end()
    ends = () if fault is not None else (verdict.fault, _ended(verdict.head, kept))
    faults_found = (fault, *faults, *kept.faults, *ends)
    first = min(filter(None, faults_found), key=lambda one: one.seq, default=None)
    return Verified(
        verdict._replace(fault=first), start, kept.checkpoints, named=bool(verifier.keys)
    )


def _walked(
    verifier: Verifier, database: Database, before: Iterator[Link], upto: int
) -> Fault | None:
    """Return the first fault in the records, those of an archive first."""
    links: Iterator[_Row | Link | None] = itertools.chain(before, _walk(database, upto))
    for row in links:
        if row is None:
            return Fault(verifier.head.seq + 1, "its row holds what no record is")
        fault = (
            verifier.take(row) if isinstance(row, Link) else verifier.take(row.link, row.columns)
        )
        if fault is not None:
            return fault
    return None


def _ended(head: Head, kept: _Kept) -> Fault | None:
    """Return where the stored end of the chain differs from that of the records."""
    if head.seq != kept.head.seq:
        seq = min(head.seq, kept.head.seq)
        fault = f"the records end at {head.seq}, and it is written that they do at {kept.head.seq}"
        return Fault(seq + 1, fault)
    if head.digest != kept.head.digest:
        return Fault(head.seq, "the end of the chain is written with another digest")
    return None


def _witnessed(kept: _Kept, known: Evidence) -> tuple[list[Checkpoint], list[Fault]]:
    """Return the checkpoints that the witness adds, and faults for those the database lacks."""
    witness = known.witness
    if witness is None:
        return [], []
    if witness.begun.ledger != kept.ledger.hex():
        return [], [Fault(1, "the witness is of another ledger: the database was replaced")]
    have = {one.signature for one in kept.checkpoints}
    began = 0 if kept.start is None else kept.start.head.seq
    # Those that were moved with an archive are in its files.
    missed = [one for one in witness.checkpoints if one.signature not in have and one.seq >= began]
    fault = "the witness knows a checkpoint of it that is gone from the database"
    return missed, [Fault(one.seq, fault) for one in missed]


# -- what the database says ---------------------------------------------------------


def _kept(db: sa.Connection) -> _Kept:
    """Read everything but the records, in an order that concurrent writes do not disturb."""
    checkpoints, faults = _checkpoints(db)
    sent = db.execute(_raw(SINK.c.seq, SINK.c.signed)).all()
    begun, start = _start(db)
    query = _raw(LEDGER_HEAD.c.id, LEDGER_HEAD.c.seq, LEDGER_HEAD.c.digest)
    last = sa.select(sa.func.max(sa.type_coerce(LEDGER.c.seq, sa.types.NullType())))
    rows = db.execute(query.add_columns(last.scalar_subquery())).all()
    if len(rows) != 1 or not _typed(rows[0][:3], bytes, int, bytes):
        fault = "the end of the ledger is not written, or more than once"
        return _Kept(b"", _EMPTY, 0, None, checkpoints, (*faults, Fault(1, fault)))
    ledger_id, seq, digest, most = rows[0]
    head = Head(seq, digest)
    if not begun:
        faults.append(Fault(1, "where its archive ends is written as no archive does"))
    # A value that is not a number is found among the records.
    end = max(seq, most) if isinstance(most, int) else seq
    for row in sent:
        if not _typed(row, int, int) or max(row) > end:
            faults.append(Fault(end + 1, "another place is said to have records from here on"))
    return _Kept(ledger_id, head, end, start, checkpoints, (*faults, *_subjects(db)))


def _subjects(db: sa.Connection) -> Iterator[Fault]:
    """Yield a fault at the first record of each subject whose content does not match its key."""
    query = _raw(LEDGER_SUBJECT.c.key, LEDGER_SUBJECT.c.server, LEDGER_SUBJECT.c.queues)
    for row in db.execute(query).all():
        if _typed(row, str, str, str):
            key, server, queues = row
            if Subject(decode(server), read_names(decode(queues))).key == key:
                continue
        first = sa.select(sa.func.min(LEDGER.c.seq)).where(
            LEDGER.c.subject == sa.literal(row[0], sa.types.NullType())
        )
        fault = "what is written of its servers and queues is not what it says"
        yield Fault(db.execute(first).scalar() or 1, fault)


def _start(db: sa.Connection) -> tuple[bool, Start | None]:
    """Return whether the archive's end is readable, and the record the database begins after."""
    try:
        return True, archives.start(db)
    except (ValueError, TypeError, AttributeError):
        return False, None


def _checkpoints(db: sa.Connection) -> tuple[tuple[Checkpoint, ...], list[Fault]]:
    query = _raw(CHECKPOINT.c.seq, CHECKPOINT.c.signature, CHECKPOINT.c.body)
    checkpoints: list[Checkpoint] = []
    faults: list[Fault] = []
    for seq, signature, body in db.execute(query.order_by(CHECKPOINT.c.seq)):
        if not _typed((seq, signature, body), int, str, str):
            number = seq if isinstance(seq, int) else 1
            faults.append(Fault(number, "the row of a checkpoint of it holds what none is"))
            continue
        try:
            one = read(body)
        except InvalidError:
            faults.append(Fault(seq, "a checkpoint of it cannot be read"))
            continue
        if (one.seq, one.signature) != (seq, signature):
            fault = "what is written beside a checkpoint of it is not what it says"
            faults.append(Fault(one.seq, fault))
        checkpoints.append(one)
    return tuple(checkpoints), faults


# -- the records, with their columns ------------------------------------------------


def _walk(database: Database, upto: int) -> Iterator[_Row | None]:
    """Yield the records up to a number, lowest first; ``None`` for a row that is not a record."""
    after: int | None = None
    while rows := _page(database, after, upto):
        yield from rows
        last = rows[-1]
        if last is None:
            return
        after = last.link.seq


def _page(database: Database, after: int | None, upto: int) -> Sequence[_Row | None]:
    try:
        return database.call(_rows, after, upto, _STEP)
    except StoreError:
        # Either the database is unavailable, or one of the rows cannot be read.
        database.call(ledger.end)
        rows: list[_Row | None] = []
        try:
            for _ in range(_STEP):
                rows += (some := database.call(_rows, after, upto, 1))
                if not some or some[0] is None:
                    break
                after = some[0].link.seq
        except StoreError:
            database.call(ledger.end)
            rows.append(None)
        return rows


def _rows(db: sa.Connection, after: int | None, upto: int, most: int) -> list[_Row | None]:
    query = _raw(LEDGER.c.seq, LEDGER.c.body, LEDGER.c.digest, LEDGER.c.at, LEDGER.c.event)
    query = query.add_columns(*_raw(LEDGER.c.actor, LEDGER.c.subject).selected_columns)
    query = query.where(LEDGER.c.seq <= upto)
    if after is not None:
        query = query.where(LEDGER.c.seq > after)
    rows = db.execute(query.order_by(LEDGER.c.seq).limit(most))
    return [
        _Row(Link(*row[:3]), RecordColumns(row[3], row[4], decode(row[5]), row[6]))
        if _typed(row[:6], int, bytes, bytes, float, str, str)
        and (row[6] is None or isinstance(row[6], str))
        else None
        for row in rows
    ]


def _raw(*columns: sa.Column[Any]) -> sa.Select[Any]:
    """Select columns untyped: SQLite can hold anything in any of them."""
    selected: list[sa.ColumnElement[Any]] = [
        sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in columns
    ]
    return sa.select(*selected)


def _typed(row: Sequence[object], *types: type) -> bool:
    return all(type(value) is kind for value, kind in zip(row, types, strict=True))
