"""The ledger's rows: appended to their chain, read in order, never changed.

An append locks the end of the chain until its transaction ends, also among several consoles on
one PostgreSQL: there is one chain.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from glasshouse.ledger import export
from glasshouse.ledger.chain import Head, Link, sealed
from glasshouse.ledger.checkpoint import Checkpoint, is_signed, read, sign, written
from glasshouse.ledger.export import table
from glasshouse.ledger.record import Event, Record, as_text
from glasshouse.ledger.subject import Subject, subject_of
from glasshouse.ledger.subject import read as read_names
from glasshouse.ledger.subject import written as written_of
from glasshouse.model.errors import InvalidError
from glasshouse.storage.database import Database
from glasshouse.storage.tables import ARCHIVED, CHECKPOINT, LEDGER, LEDGER_HEAD, LEDGER_SUBJECT
from glasshouse.storage.text import begins

_STEP = 500
_MOST_NAME = 300
_MOST_SUBJECTS = 20_000
"""At most this many subjects are used to select records: any beyond are left out."""
# As it is written in a record; within a text the quotes would be escaped.
_PUSHED = b'"job":"'


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are wanted; ``None`` and empty match any. Times are Unix seconds.

    ``event`` and ``actor`` may end in ``*``; ``text`` occurs in the record. With ``about``, only
    records of these subjects (their keys); with ``console``, also those that have no subject.
    With ``guarded``, no text is searched for in records that hold a pushed job.
    """

    event: str = ""
    actor: str = ""
    text: str = ""
    since: float | None = None
    until: float | None = None
    about: tuple[str, ...] | None = None
    console: bool = False
    guarded: bool = False


EVERYTHING = RecordFilter()
# Read raw: a SQLite file that was changed behind our back can hold anything anywhere.
_AS_THEY_ARE: list[sa.ColumnElement[Any]] = [
    sa.type_coerce(column, sa.types.NullType()) for column in (LEDGER.c.body, LEDGER.c.digest)
]
_LINK = sa.select(LEDGER.c.seq, *_AS_THEY_ARE)
_END = sa.select(LEDGER_HEAD.c.seq, LEDGER_HEAD.c.digest)
_END_LOCKED = _END.with_for_update()
_APPEND = sa.insert(LEDGER)
_MOVE_END = sa.update(LEDGER_HEAD).values(
    seq=sa.bindparam("new_seq"), digest=sa.bindparam("new_digest")
)


def append(db: sa.Connection, *records: Record, introduced: Collection[str] = frozenset()) -> Head:
    """Append records to the chain, all or none; return the new end of the chain.

    ``introduced`` are keys of subjects that an earlier transaction stored: they never go away.
    """
    links = list(sealed(end(db, lock=True), records))
    if not links:
        return end(db)
    subjects = [subject_of(record.detail) for record in records]
    new = {s.key: s for s in subjects if s is not None and s.key not in introduced}
    _introduce(db, new)
    rows = [
        {
            "seq": link.seq,
            "body": link.body,
            "digest": link.digest,
            "at": record.at,
            "event": record.event.value,
            "actor": as_text(record.who.name)[:_MOST_NAME],
            "subject": None if subject is None else subject.key,
        }
        for record, link, subject in zip(records, links, subjects, strict=True)
    ]
    db.execute(_APPEND, rows)
    head = links[-1].head
    db.execute(_MOVE_END, {"new_seq": head.seq, "new_digest": head.digest})
    return head


def _introduce(db: sa.Connection, subjects: Mapping[str, Subject]) -> None:
    """Store what records are about, once; no one else appends meanwhile."""
    for keys in _parts(list(subjects)):
        known = sa.select(LEDGER_SUBJECT.c.key).where(LEDGER_SUBJECT.c.key.in_(keys))
        there = set(db.execute(known).scalars())
        rows = [
            {"key": key, "server": subjects[key].server, "queues": written_of(subjects[key].queues)}
            for key in keys
            if key not in there
        ]
        if rows:
            db.execute(sa.insert(LEDGER_SUBJECT), rows)


def subjects(db: sa.Connection) -> dict[str, Subject]:
    """Return everything that records are about, by key."""
    return {
        row.key: Subject(row.server, read_names(row.queues))
        for row in db.execute(sa.select(LEDGER_SUBJECT))
    }


def ledger_id(db: sa.Connection) -> bytes:
    """Return the ledger's id."""
    return bytes(db.execute(sa.select(LEDGER_HEAD.c.id)).scalar_one())


def checkpoint(db: sa.Connection, key: bytes, now: float) -> Checkpoint:
    """Sign the end of the chain, store the checkpoint, and return it."""
    signed = sign(ledger_id(db), end(db, lock=True), key, now)
    row = {"signature": signed.signature, "seq": signed.seq, "body": written(signed)}
    known = sa.select(CHECKPOINT.c.seq).where(CHECKPOINT.c.signature == signed.signature)
    # Signed twice within a second, it is the same checkpoint.
    if db.execute(known).first() is None:
        db.execute(sa.insert(CHECKPOINT).values(row))
    return signed


def signed_by(db: sa.Connection, key: str) -> Checkpoint | None:
    """Return the checkpoint of the end of the chain signed by this public key, if one is stored."""
    head = end(db)
    for signed in _signed(db, {key}, CHECKPOINT.c.seq == head.seq):
        if (signed.seq, signed.digest) == (head.seq, head.digest.hex()):
            return signed
    return None


def last_signed_by(db: sa.Connection, keys: Collection[str]) -> int:
    """Return the last record named by a checkpoint of one of these keys; 0 if there is none."""
    return next((signed.seq for signed in _signed(db, keys, sa.true())), 0)


def _signed(
    db: sa.Connection, keys: Collection[str], where: sa.ColumnElement[bool]
) -> Iterator[Checkpoint]:
    query = sa.select(CHECKPOINT.c.body).where(where).order_by(CHECKPOINT.c.seq.desc())
    for text in db.execute(query).scalars():
        with contextlib.suppress(InvalidError):
            signed = read(str(text))
            if signed.key in keys and is_signed(signed):
                yield signed


def names(db: sa.Connection, key: str) -> bool:
    """Return whether a record of the ledger, or of its archive, announced this public key."""
    for link in page(db, RecordFilter(event=Event.KEY.value), after=0):
        if table(export.read(link).get("detail")).get("key") == key:
            return True
    kept = db.execute(sa.select(ARCHIVED.c["keys"])).scalars()
    return any(key in str(keys).split() for keys in kept)


def checkpoints(db: sa.Connection) -> list[str]:
    """Return every stored checkpoint as JSON, oldest first."""
    rows = db.execute(sa.select(CHECKPOINT.c.body).order_by(CHECKPOINT.c.seq))
    return [str(body) for (body,) in rows]


def signed(db: sa.Connection, *, after: int, upto: int) -> list[tuple[int, str]]:
    """Return the checkpoints of records after ``after`` up to ``upto``, with their numbers."""
    query = sa.select(CHECKPOINT.c.seq, CHECKPOINT.c.body).order_by(CHECKPOINT.c.seq)
    rows = db.execute(query.where(CHECKPOINT.c.seq > after, CHECKPOINT.c.seq <= upto))
    return [(int(seq), str(body)) for seq, body in rows]


def end(db: sa.Connection, *, lock: bool = False) -> Head:
    """Return the end of the chain; with ``lock`` no one else moves it in this transaction."""
    row = db.execute(_END_LOCKED if lock else _END).one()
    return Head(int(row.seq), bytes(row.digest))


def page(
    db: sa.Connection, wanted: RecordFilter, *, after: int, upto: int | None = None
) -> list[Link]:
    """Return the records after ``after`` and not beyond ``upto``: some hundred at most."""
    where = _conditions(db, wanted, upto)
    query = _LINK.where(LEDGER.c.seq > after, *where).order_by(LEDGER.c.seq)
    return _links(db, query.limit(_STEP))


def walk(
    database: Database, wanted: RecordFilter = EVERYTHING, *, upto: int | None = None
) -> Iterator[Link]:
    """Yield records up to number ``upto``, oldest first.

    Memory does not grow with the ledger, and no writer has to wait: each step is its own
    transaction.
    """
    after = 0
    while links := database.call(page, wanted, after=after, upto=upto):
        yield from links
        after = links[-1].seq


def count(db: sa.Connection, wanted: RecordFilter) -> int:
    """Return how many records match the filter."""
    query = sa.select(sa.func.count()).select_from(LEDGER).where(*_conditions(db, wanted))
    return int(db.execute(query).scalar_one())


def latest(
    db: sa.Connection, wanted: RecordFilter, *, most: int, upto: int | None = None
) -> list[Link]:
    """Return the newest records up to number ``upto``, newest first."""
    query = _LINK.where(*_conditions(db, wanted, upto)).order_by(LEDGER.c.seq.desc())
    return _links(db, query.limit(most))


def _links(db: sa.Connection, query: sa.Select[Any]) -> list[Link]:
    return [
        Link(row.seq, *(value if isinstance(value, bytes) else b"" for value in row[1:]))
        for row in db.execute(query)
        if type(row.seq) is int
    ]


def _conditions(
    db: sa.Connection, wanted: RecordFilter, upto: int | None = None
) -> Sequence[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for column, value in ((LEDGER.c.event, wanted.event), (LEDGER.c.actor, wanted.actor)):
        if value.endswith("*"):
            conditions.append(begins(column, value[:-1]))
        elif value:
            conditions.append(column == value)
    if wanted.text:
        # As it is written in a record, in the bytes of one.
        sought = json.dumps(wanted.text, ensure_ascii=False)[1:-1].encode("utf-8", "replace")
        postgres = db.dialect.name == "postgresql"
        place = sa.func.pg_catalog.position if postgres else sa.func.instr
        there = place(LEDGER.c.body, sa.literal(sought, sa.LargeBinary)) > 0
        if wanted.guarded:
            # Hidden content is not even examined: no answer takes longer because of it.
            pushed = place(LEDGER.c.body, sa.literal(_PUSHED, sa.LargeBinary)) > 0
            there = sa.case((pushed, sa.false()), else_=there)
        conditions.append(there)
    if wanted.about is not None:
        conditions.append(_about(wanted.about, console=wanted.console))
    if upto is not None:
        conditions.append(LEDGER.c.seq <= upto)
    if wanted.since is not None:
        conditions.append(LEDGER.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(LEDGER.c.at < wanted.until)
    return conditions


def _about(keys: Sequence[str], *, console: bool) -> sa.ColumnElement[bool]:
    chosen = [LEDGER.c.subject.in_(part) for part in _parts(keys[:_MOST_SUBJECTS])]
    if console:
        chosen.append(LEDGER.c.subject.is_(None))
    return sa.or_(sa.false(), *chosen)


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _STEP):
        yield keys[start : start + _STEP]
