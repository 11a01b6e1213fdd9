"""Records and operations are found by what they are about, those of older versions too."""

from __future__ import annotations

import sqlalchemy as sa

from glasshouse.ledger.chain import Head, seal
from glasshouse.ledger.record import Event, Record
from glasshouse.ledger.subject import Subject
from glasshouse.ledger.verify import verify
from glasshouse.storage import ledger, operations, trash
from glasshouse.storage.database import Database
from glasshouse.storage.ledger import RecordFilter

from .conftest import at_version
from .test_ledger import NOW, record

DETAILS: tuple[dict[str, str], ...] = (
    {},
    {"server": "main", "queue": "mail"},
    {"server": "main", "queue": "mail"},
    {"server": "main"},
    {"server": "other", "queue": "mail"},
)


def test_records_are_chosen_by_what_they_are_about(database: Database) -> None:
    database.call(
        ledger.append, *(record(Event.INTENT, "local:ops", **detail) for detail in DETAILS)
    )
    database.call(ledger.append, record(Event.INTENT, "local:ops", **DETAILS[1]))
    known = database.call(ledger.subjects)
    assert sorted(known.values(), key=str) == [
        Subject("main", ("mail",)), Subject("main", None), Subject("other", ("mail",)),
    ]  # fmt: skip
    key = Subject("main", ("mail",)).key
    for wanted, expected in (
        (RecordFilter(), [1, 2, 3, 4, 5, 6]),
        (RecordFilter(about=()), []),
        (RecordFilter(about=(), console=True), [1]),
        (RecordFilter(about=(key,)), [2, 3, 6]),
        (RecordFilter(about=(key,), console=True), [1, 2, 3, 6]),
        (RecordFilter(about=("gone" * 8,)), []),
        (RecordFilter(about=tuple(known), console=True), [1, 2, 3, 4, 5, 6]),
        (RecordFilter(about=(*(f"{n:032}" for n in range(1500)), key)), [2, 3, 6]),
    ):
        assert [link.seq for link in database.call(ledger.page, wanted, after=0)] == expected
        newest = database.call(ledger.latest, wanted, most=9)
        assert [link.seq for link in newest] == expected[::-1]
        assert database.call(ledger.count, wanted) == len(expected)


def test_no_text_is_looked_for_in_a_pushed_job_for_whom_anything_is_hidden(
    database: Database,
) -> None:
    said = 'as in "job":"x"'
    database.call(
        ledger.append,
        record(server="main", queue="mail", job='{"args":["needle"]}', reason="hay"),
        record(server="main", queue="mail", reason=f"needle {said}"),
    )
    for text, guarded, expected in (
        ("needle", False, [1, 2]), ("needle", True, [2]), ("hay", True, []), (said, True, [2]),
        ("nothing", True, []),
    ):  # fmt: skip
        wanted = RecordFilter(text=text, guarded=guarded)
        assert [link.seq for link in database.call(ledger.page, wanted, after=0)] == expected
        assert database.call(ledger.count, wanted) == len(expected)


def test_what_an_older_version_recorded_is_about_what_it_names(url: str) -> None:
    with at_version(url, "005") as connection:
        head = Head(
            0, bytes(connection.execute(sa.text("SELECT id FROM ledger_head")).scalar_one())
        )
        for detail in DETAILS * 150:
            link = seal(head, Record(event=Event.INTENT, at=NOW, detail=detail))
            head = link.head
            connection.execute(
                sa.text("INSERT INTO ledger VALUES (:seq, :body, :digest, 1, 'e', 'a')"),
                link._asdict(),
            )
        connection.execute(
            sa.text("UPDATE ledger_head SET seq = :seq, digest = :digest"), head._asdict()
        )
        for number, (kind, queue) in enumerate(
            (("job.retry", "mail"), ("set.clear", "mail"), ("job.retry", ""))
        ):
            connection.execute(
                sa.text(
                    "INSERT INTO operation (id, record, server, operation, queue, actor, reason,"
                    " asked, who, steps, step, total, done, moved, examples, stop, outcome, detail,"
                    " started_at) VALUES (:id, :n, 'main', :kind, :queue, 'a', '', :none, :none,"
                    " 1, 0, 0, 0, 0, :none, 0, '', '', 1)"
                ),
                {"id": f"op-{number}", "n": number, "kind": kind, "queue": queue, "none": b""},
            )
    made = Database(url)
    try:
        key = Subject("main", ("mail",)).key
        assert made.call(ledger.count, RecordFilter(about=(key,))) == 300
        assert made.call(ledger.count, RecordFilter(about=(), console=True)) == 150
        assert made.call(ledger.count, RecordFilter(about=tuple(made.call(ledger.subjects)))) == 600
        assert set(made.call(ledger.subjects).values()) == {
            Subject("main", ("mail",)), Subject("main", None), Subject("other", ("mail",)),
        }  # fmt: skip
        assert verify(made.call(ledger.ledger_id), ledger.walk(made)).fault is None
        made.call(ledger.append, record(Event.INTENT, "local:ops", **DETAILS[1]))
        assert made.call(ledger.count, RecordFilter(about=(key,))) == 301
        done = made.call(operations.on_server, "main", 5, lambda _: True)
        assert [one.queues for one in done] == ["", "", '["mail"]']
        assert made.call(trash.batches, "main", 5, lambda _: True) == []
    finally:
        made.close()


def test_the_newest_that_are_seen_are_found_behind_others(database: Database) -> None:
    base = {
        "server": "main", "operation": "job.retry", "actor": "a", "reason": "", "asked": b"",
        "who": b"", "steps": 0, "started_at": 1.0,
    }  # fmt: skip
    begun = [
        operations.NewOperation(
            operations.RunningOperation(
                id=f"{number}", record=number, queue="mail" if number % 60 == 0 else "pay", **base  # type: ignore[arg-type]
            ),
            (), (), previewed=False, lease=0.0,
        )
        for number in range(200)
    ]  # fmt: skip
    database.call(operations.begin, 1.0, *begun)
    found = database.call(operations.on_server, "main", 3, lambda one: one.queue == "mail")
    assert [one.record for one in found] == [180, 120, 60]
    assert database.call(operations.on_server, "main", 3, lambda _: False) == []
    assert len(database.call(operations.on_queue, "main", "pay", 3, lambda _: True)) == 3
