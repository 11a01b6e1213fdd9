"""Text of any characters is kept, found and given back, the same on both kinds of database."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.ledger.verify import verify
from glasshouse.model.retention import Bounds
from glasshouse.storage import accounts, ledger, operations, sessions, tokens, trash
from glasshouse.storage.database import Database
from glasshouse.storage.ledger import RecordFilter
from glasshouse.storage.operations import NewOperation, Preview, RunningOperation
from glasshouse.storage.tables import ATTEMPT, METADATA, TOUCHED
from glasshouse.storage.text import MARK, PortableText, decode, encode
from glasshouse.storage.trash import TrashedJob

from .conftest import at_version
from .test_storage import NOW, account, session, token

ODD = ("nul \0 and \0\0", "lone \ud800 and \udfff", f"{MARK} the mark {MARK}{MARK}", "\0", "\udc80")
TEXT = st.text(st.sampled_from(["a", "\0", "\ud800", "\udfff", MARK, "\U00100000", "\U0010fffe"]))


@given(TEXT, TEXT)
def test_the_form_that_is_kept_is_read_as_what_was_meant_and_begins_alike(
    text: str, more: str
) -> None:
    kept = encode(text)
    assert decode(kept) == text
    assert len(kept) <= 2 * len(text)
    assert "\0" not in kept
    kept.encode()
    assert encode(text + more).startswith(kept)
    assert encode(more).startswith(kept) is more.startswith(text)


def test_plain_text_is_kept_as_it_is() -> None:
    for text in ("", "plain", "é \U0001f600 \U0010fffe %_\\/", "\ufffd\uffff"):
        assert encode(text) == text == decode(text)


def test_every_column_of_text_takes_any_text() -> None:
    """A new one is a ``PortableText``, and ``sa.Text`` where its migration makes it."""
    plain = [
        str(column)
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.String)
    ]
    assert plain == []


def any_of_them(_: object) -> bool:
    return True


def _filled(column: sa.Column[object], text: str) -> object:
    kind = column.type
    if isinstance(kind, PortableText):
        return (text * 400)[: kind.length or 400]
    return b"x" if isinstance(kind, sa.LargeBinary) else 1


@pytest.mark.parametrize("text", ODD)
def test_every_table_gives_back_what_it_was_given(database: Database, text: str) -> None:
    for table in METADATA.sorted_tables:
        row: dict[str, object] = {c.name: _filled(c, text) for c in table.columns}

        def there_and_back(
            db: sa.Connection, table: sa.Table = table, row: dict[str, object] = row
        ) -> None:
            db.execute(sa.delete(table))
            db.execute(sa.insert(table).values(row))
            assert dict(db.execute(sa.select(table)).mappings().one()) == row

        database.call(there_and_back)


@pytest.mark.parametrize("odd", ODD)
def test_an_operation_on_odd_jobs_is_kept_and_found(database: Database, odd: str) -> None:
    preview = Preview(id="p", actor=odd, server="main", asked=b"{}", summary=b"{}", created_at=NOW)
    database.call(operations.show, preview, [b"x"])
    assert database.call(operations.shown, "p", NOW) == preview
    assert database.call(operations.shown, odd, NOW) is None
    running = RunningOperation(
        id="p", record=1, server="main", operation="queue.clear", queue=odd, actor=odd,
        reason=odd, asked=b"{}", who=b"{}", steps=1, detail=odd, started_at=NOW,
        lease_expires_at=NOW,
    )  # fmt: skip
    begun = NewOperation(running, [odd], [], previewed=True, lease=0.0)
    database.call(operations.begin, NOW, begun)
    assert database.call(operations.find, "p") == running
    assert database.call(operations.find, odd) is None
    assert database.call(operations.on_job, "main", odd, 9, any_of_them) == [running]
    assert database.call(operations.on_queue, "main", odd, 9, any_of_them) == [running]
    assert database.call(operations.on_job, "main", odd + "a", 9, any_of_them) == []
    job = TrashedJob(number=1, queue=odd, state=1, score=0.0, jid=odd, jobtype=odd, body=b"{}")
    database.call(trash.throw, "p", "main", [job], NOW, Bounds())
    assert database.call(trash.jobs, "p") == [(1, job)]
    (batch,) = database.call(trash.batches, "main", 9, any_of_them)
    assert (batch.queue, batch.actor, batch.reason) == (odd, odd, odd)
    database.call(operations.end, msgspec.structs.replace(running, outcome="done", ended_at=NOW))
    assert database.call(operations.unended) == []


@pytest.mark.parametrize("odd", ODD)
def test_people_with_odd_names_are_kept_and_found(database: Database, odd: str) -> None:
    database.call(accounts.add, account(odd))
    assert database.call(accounts.find_all, [odd, "other"]) == {odd: account(odd)}
    actor = "htpasswd:" + odd
    held = session(actor=actor, agent=odd, groups=(odd,))
    database.call(sessions.start, held)
    assert database.call(sessions.of, actor, NOW) == (held,)
    assert not database.call(sessions.end_one, actor, odd)
    made = token(actor=actor, label=odd, scope=(odd,))
    database.call(tokens.add, made)
    assert database.call(tokens.of, actor, NOW) == (made,)
    assert not database.call(tokens.remove, actor, odd)


def test_the_ledger_is_whole_and_filtered_with_odd_names(database: Database) -> None:
    names = [*ODD, "nul ", "lone ", "NUL ", "100%", "100_"]
    records = [
        Record(
            event=Event.ACCOUNT, at=NOW, who=Subject(name=name), detail={"reason": f"why {name}"}
        )
        for name in names
    ]
    database.call(ledger.append, *records)
    head = database.call(ledger.end)
    links = list(ledger.walk(database))
    assert verify(database.call(ledger.ledger_id), links, (), head).fault is None
    for number, name in enumerate(names, 1):
        plain = name.encode("utf-8", "replace").decode()
        found = database.call(ledger.page, RecordFilter(actor=plain), after=0)
        assert [link.seq for link in found] == [number]
        starts = [n for n, other in enumerate(names, 1) if _plain(other).startswith(plain)]
        found = database.call(ledger.page, RecordFilter(actor=plain + "*"), after=0)
        assert [link.seq for link in found] == starts
        found = database.call(ledger.page, RecordFilter(text=f"why {name}"), after=0)
        assert number in [link.seq for link in found]
    for odd in ODD:
        database.call(ledger.latest, RecordFilter(event=odd, actor=odd, text=odd), most=9)
        database.call(ledger.count, RecordFilter(event=odd + "*", actor=odd + "*", text=odd))


def _plain(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def test_ids_and_queues_of_any_length_are_kept_and_found(database: Database) -> None:
    """What a database cannot put into an index, because it is too long, is found all the same."""
    chance = random.Random(7)
    long = "".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789", k=50_000))
    running = RunningOperation(
        id="p", record=1, server="main", operation="queue.clear", queue=long, actor="a",
        reason="", asked=b"{}", who=b"{}", steps=1, started_at=NOW, lease_expires_at=NOW,
    )  # fmt: skip
    begun = NewOperation(running, [long, long + "x"], [], previewed=False, lease=0.0)
    database.call(operations.begin, NOW, begun)
    assert database.call(operations.on_job, "main", long + "x", 9, any_of_them) == [running]
    assert database.call(operations.on_job, "main", long + "y", 9, any_of_them) == []
    assert database.call(operations.on_queue, "main", long, 9, any_of_them) == [running]


def test_what_was_kept_before_is_read_and_found_as_before(url: str) -> None:
    """Rows of a version that kept such text as it is, where the database took it."""
    old = ["plain", f"{MARK}", f"{MARK}\U00100000"]
    if url.startswith("sqlite"):
        old += ["nul \0 and \0"]
    with at_version(url, "005") as connection:
        touched = sa.table("touched", *(sa.column(c.name) for c in TOUCHED.columns))
        attempt = sa.table("attempt", *(sa.column(c.name) for c in ATTEMPT.columns))
        for place, text in enumerate(old):
            row = {"operation": "o", "place": place, "server": "main", "jid": text}
            connection.execute(sa.insert(touched).values(row))
            connection.execute(sa.insert(attempt).values(key=text, count=1, ends_at=1.0))
    database = Database(url)
    try:
        for place, text in enumerate(old):
            found = sa.select(TOUCHED.c.place, TOUCHED.c.jid).where(TOUCHED.c.jid == text)
            assert database.call(_rows, found) == [(place, text)]
            known = sa.select(ATTEMPT.c.key).where(ATTEMPT.c.key == text)
            assert database.call(_rows, known) == [(text,)]
    finally:
        database.close()


def _rows(db: sa.Connection, asked: sa.Select[Any]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in db.execute(asked)]
