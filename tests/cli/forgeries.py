"""What somebody can do to a ledger who writes to its database, and to nothing else.

Each knows how records are chained and has a key of its own; none has what lies in the
console's state folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from glasshouse.ledger.chain import Head, digest_of
from glasshouse.ledger.checkpoint import public_key, sign, written
from glasshouse.ledger.record import Event, Record, Subject, canonical
from glasshouse.storage import ledger
from glasshouse.storage.tables import (
    ARCHIVED,
    CHECKPOINT,
    LEDGER,
    LEDGER_HEAD,
    LEDGER_SUBJECT,
    SINK,
)

FOREIGN = b"\x66" * 32
NOW = 1_800_000_000.0

Forge = Callable[[sa.Connection], None]


class Forgery(NamedTuple):
    """What is done, the record at which verification has to stop, and who can find it.

    ``bodies`` says that the export shows it too: then somebody else's verifier finds it.
    """

    name: str
    forge: Forge
    record: int
    bodies: bool = False


def _no_change(_: dict[str, Any]) -> None:
    pass


def rewrite(
    db: sa.Connection, seq: int, change: Callable[[dict[str, Any]], None] = _no_change
) -> None:
    """Change a record and compute the chain anew behind it, as if it had been written so."""
    (prev,) = db.execute(sa.select(LEDGER.c.digest).where(LEDGER.c.seq == seq - 1)).scalars()
    digest = bytes(prev)
    for row in db.execute(sa.select(LEDGER).where(LEDGER.c.seq >= seq).order_by(LEDGER.c.seq)):
        told = json.loads(row.body) | {"prev": digest.hex()}
        if row.seq == seq:
            change(told)
        body = canonical(told)
        digest = digest_of(body)
        values = {"body": body, "digest": digest, "actor": told.get("who", {}).get("name", "")}
        db.execute(sa.update(LEDGER).where(LEDGER.c.seq == row.seq).values(values))
    db.execute(sa.update(LEDGER_HEAD).values(digest=digest))


def drop_checkpoints(db: sa.Connection, above: int) -> None:
    db.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.seq > above))


def sign_foreign(db: sa.Connection, head: Head | None = None, **columns: object) -> None:
    """Sign a head, ours unless another is given, with the foreign key."""
    made = sign(ledger.ledger_id(db), head or ledger.end(db), FOREIGN, NOW)
    row = {"signature": made.signature, "seq": made.seq, "body": written(made)} | columns
    db.execute(sa.insert(CHECKPOINT).values(row))


def _blame(told: dict[str, Any]) -> None:
    told["who"]["name"] = "local:somebody"


def _name_foreign(told: dict[str, Any]) -> None:
    told["detail"]["key"] = public_key(FOREIGN)


def blame_and_rechain(db: sa.Connection) -> None:
    rewrite(db, 4, _blame)
    drop_checkpoints(db, 3)


def blame_and_sign_foreign(db: sa.Connection) -> None:
    blame_and_rechain(db)
    record = Record(
        event=Event.KEY, at=NOW, who=Subject(name="console"), detail={"key": public_key(FOREIGN)}
    )
    ledger.append(db, record)
    sign_foreign(db)


def cut(seq: int) -> Forge:
    def forge(db: sa.Connection) -> None:
        digest = db.execute(sa.select(LEDGER.c.digest).where(LEDGER.c.seq == seq)).scalar_one()
        db.execute(sa.delete(LEDGER).where(LEDGER.c.seq > seq))
        db.execute(sa.update(LEDGER_HEAD).values(seq=seq, digest=digest))
        drop_checkpoints(db, seq)

    return forge


def all_foreign(db: sa.Connection) -> None:
    """Name a foreign key in the first record, and sign everything with it."""
    first = db.execute(sa.select(LEDGER).where(LEDGER.c.seq == 1)).one()
    told = json.loads(first.body)
    _name_foreign(told)
    body = canonical(told)
    db.execute(sa.update(LEDGER).where(LEDGER.c.seq == 1).values(body=body, digest=digest_of(body)))
    rewrite(db, 2)
    drop_checkpoints(db, 0)
    sign_foreign(db, Head(1, digest_of(body)))
    sign_foreign(db)


def all_anew(db: sa.Connection) -> None:
    """Begin another ledger, with another id."""
    db.execute(sa.delete(LEDGER))
    drop_checkpoints(db, 0)
    db.execute(sa.update(LEDGER_HEAD).values(id=b"\x09" * 32, seq=0, digest=b"\x09" * 32))
    detail = {"key": public_key(FOREIGN)}
    ledger.append(db, Record(event=Event.KEY, at=NOW, who=Subject(name="console"), detail=detail))
    sign_foreign(db)
    for _ in range(20):
        ledger.append(db, Record(event=Event.SIGNED_IN, at=NOW, who=Subject(name="local:ops")))
    sign_foreign(db)


def emptied(db: sa.Connection) -> None:
    db.execute(sa.delete(LEDGER))
    drop_checkpoints(db, 0)
    ident = ledger.ledger_id(db)
    db.execute(sa.update(LEDGER_HEAD).values(seq=0, digest=ident))


def _run(*statements: sa.Executable) -> Forge:
    def change(db: sa.Connection) -> None:
        for statement in statements:
            db.execute(statement)

    return change


def column(seq: int, **values: object) -> Forge:
    return _run(sa.update(LEDGER).where(LEDGER.c.seq == seq).values(**values))


def row_at(seq: int) -> Forge:
    """Put a record where no record belongs, a copy of another."""

    def forge(db: sa.Connection) -> None:
        row = db.execute(sa.select(LEDGER).where(LEDGER.c.seq == 3)).mappings().one()
        db.execute(sa.insert(LEDGER).values({**row, "seq": seq}))

    return forge


def chained_beyond_the_head(db: sa.Connection) -> None:
    """Append a record in its place, and put the end back to where it was."""
    before = ledger.end(db)
    ledger.append(db, Record(event=Event.SIGNED_IN, at=NOW, who=Subject(name="local:ops")))
    db.execute(sa.update(LEDGER_HEAD).values(seq=before.seq, digest=before.digest))


def pretended_archive(db: sa.Connection) -> None:
    """Remove the first records, and say as an archive does that they were moved to a file."""
    digest = db.execute(sa.select(LEDGER.c.digest).where(LEDGER.c.seq == 7)).scalar_one()
    bodies = db.execute(sa.select(LEDGER.c.body).where(LEDGER.c.seq == 1)).scalars()
    (key,) = (json.loads(body)["detail"]["key"] for body in bodies)
    detail = {"first": "1", "last": "7", "digest": digest.hex(), "keys": key}
    detail |= {"file": "ledger-000000000001-000000000007.jsonl", "sha256": "00" * 32}
    who = Subject(name="shell:root")
    ledger.append(db, Record(event=Event.ARCHIVED, at=NOW, who=who, detail=detail))
    values = {"seq": 7, "digest": digest, "keys": key, "file": detail["file"], "at": NOW}
    db.execute(sa.insert(ARCHIVED).values(values))
    db.execute(sa.delete(LEDGER).where(LEDGER.c.seq <= 7))
    db.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.seq < 7))


def signed_pretended_archive(db: sa.Connection) -> None:
    """Likewise, signed with a foreign key that the ledger names."""
    detail = {"key": public_key(FOREIGN)}
    ledger.append(db, Record(event=Event.KEY, at=NOW, who=Subject(name="console"), detail=detail))
    pretended_archive(db)
    sign_foreign(db)


def second_head(db: sa.Connection) -> None:
    db.execute(sa.insert(LEDGER_HEAD).values(id=b"\x08" * 32, seq=3, digest=b"\x08" * 32))


def sent_further(db: sa.Connection) -> None:
    values = {"key": "c" * 64, "seq": 99, "signed": 99, "fault": "", "at": NOW}
    db.execute(sa.insert(SINK).values(values))


def a_checkpoint_of_tomorrow(db: sa.Connection) -> None:
    """Name a record far away as signed, so that nothing seems to be new."""
    sign_foreign(db, Head(1_000_000, b"\0" * 32))


LAST = 11
"""The number of the last record of the ledgers that these are done to; 1, 7 and 10 are signed."""
FORGERIES = (
    Forgery("an actor changed, chain anew, later checkpoints deleted", blame_and_rechain, 7, True),
    Forgery("an actor changed, and signed by a key that joined", blame_and_sign_foreign, 7, True),
    Forgery("everything signed by a foreign key", all_foreign, 1, True),
    Forgery("another ledger in its place", all_anew, 1, True),
    Forgery("an empty ledger in its place", emptied, 1),
    Forgery("a tail cut with its checkpoints", cut(8), 9, True),
    Forgery("a tail cut down to the first record", cut(1), 2, True),
    Forgery("the column actor", column(4, actor="local:somebody"), 4),
    Forgery("the column actor, emptied", column(4, actor=""), 4),
    Forgery("the column event", column(4, event="session.signed_out"), 4),
    Forgery("the column at", column(4, at=NOW - 86_400), 4),
    Forgery("the column subject", column(4, subject="0" * 32), 4),
    Forgery("the column subject, emptied", column(4, subject=None), 4),
    Forgery("what a subject is", _run(sa.update(LEDGER_SUBJECT).values(server="other")), 2),
    Forgery("the column at, of the last record", column(LAST, at=0.0), LAST),
    Forgery("a record beyond the end", row_at(500), LAST + 1),
    Forgery("a record beyond the end, in the chain", chained_beyond_the_head, LAST + 1),
    Forgery("a record before the first", row_at(0), 1),
    Forgery("a record far before the first", row_at(-7), 1),
    Forgery("a record removed", _run(sa.delete(LEDGER).where(LEDGER.c.seq == 4)), 4, True),
    Forgery("the end: another number", _run(sa.update(LEDGER_HEAD).values(seq=9)), 10),
    Forgery("the end: a higher number", _run(sa.update(LEDGER_HEAD).values(seq=90)), LAST + 1),
    Forgery(
        "the end: another digest", _run(sa.update(LEDGER_HEAD).values(digest=b"\1" * 32)), LAST
    ),
    Forgery("the end: another id", _run(sa.update(LEDGER_HEAD).values(id=b"\1" * 32)), 1),
    Forgery("the end: removed", _run(sa.delete(LEDGER_HEAD)), 1),
    Forgery("the end: twice", second_head, 1),
    Forgery(
        "a checkpoint deleted in the middle",
        _run(sa.delete(CHECKPOINT).where(CHECKPOINT.c.seq == 7)),
        7,
    ),
    Forgery("all checkpoints deleted", _run(sa.delete(CHECKPOINT)), 1),
    Forgery("a checkpoint spoilt", _run(sa.update(CHECKPOINT).values(body="{}")), 1),
    Forgery(
        "the number beside a checkpoint",
        _run(sa.update(CHECKPOINT).where(CHECKPOINT.c.seq == 7).values(seq=8)),
        7,
    ),
    Forgery(
        "the signature beside a checkpoint",
        _run(sa.update(CHECKPOINT).where(CHECKPOINT.c.seq == 7).values(signature="00")),
        7,
    ),
    Forgery("a checkpoint by nobody's key", sign_foreign, LAST),
    Forgery("a checkpoint of a record to come", a_checkpoint_of_tomorrow, LAST + 1),
    Forgery("records removed, and said to be archived", pretended_archive, LAST + 1),
    Forgery(
        "records said to be archived, by a key that joined", signed_pretended_archive, LAST + 2
    ),
    Forgery("a place that has more than there is", sent_further, LAST + 1),
)
LOOSE = (
    Forgery("a number that is text", _run(sa.text("UPDATE ledger SET seq = 'x' WHERE seq = 4")), 4),
    Forgery("a number that is none", _run(sa.text("UPDATE ledger SET seq = 4.5 WHERE seq = 4")), 4),
    Forgery(
        "a body that is a number", _run(sa.text("UPDATE ledger SET body = 9 WHERE seq = 4")), 4
    ),
    Forgery("a body that is text", _run(sa.text("UPDATE ledger SET body = '{}' WHERE seq = 4")), 4),
    Forgery(
        "a digest that is text", _run(sa.text("UPDATE ledger SET digest='x' WHERE seq = 4")), 4
    ),
    Forgery("a time that is text", _run(sa.text("UPDATE ledger SET at = 'x' WHERE seq = 4")), 4),
    Forgery("a time without end", _run(sa.text("UPDATE ledger SET at = 9e999 WHERE seq = 4")), 4),
    Forgery(
        "an actor in bytes",
        _run(sa.text("UPDATE ledger SET actor = CAST(actor AS BLOB) WHERE seq = 4")),
        4,
    ),
    Forgery(
        "an actor that is no text",
        _run(sa.text("UPDATE ledger SET actor = CAST(x'ff' AS TEXT) WHERE seq = 4")),
        4,
    ),
    Forgery("an end that is text", _run(sa.text("UPDATE ledger_head SET seq = 'x'")), 1),
    Forgery("a checkpoint in bytes", _run(sa.text("UPDATE checkpoint SET body = x'ff'")), 1),
    Forgery(
        "an archive that is text",
        _run(sa.text("INSERT INTO archived VALUES ('x', 'x', 'x', 'x', 0.0)")),
        1,
    ),
    Forgery(
        "a place that is text",
        _run(sa.text("INSERT INTO sink VALUES ('x', 'x', 'x', 'x', 0.0)")),
        LAST + 1,
    ),
)
"""What only a database does that holds anything in any column, as SQLite does."""
