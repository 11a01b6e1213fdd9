"""The ledger's rows: one chain, whoever writes, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from glasshouse.ledger.checkpoint import public_key, read, written
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.ledger.verify import Verdict, verify
from glasshouse.model.errors import StoreError
from glasshouse.storage import ledger, ledger_key
from glasshouse.storage.database import Database
from glasshouse.storage.ledger import RecordFilter
from glasshouse.storage.tables import CHECKPOINT, LEDGER
from tests.steady import LONG

NOW = 1_800_000_000.0
KEY = b"\x05" * 32


def record(event: Event = Event.SIGNED_IN, name: str = "local:ops", **detail: str) -> Record:
    return Record(event=event, at=NOW, who=Subject(name=name), detail=detail)


def verdict(database: Database) -> Verdict:
    name, head = database.call(ledger.ledger_id), database.call(ledger.end)
    signed = [read(text) for text in database.call(ledger.checkpoints)]
    return verify(name, ledger.walk(database), signed, head)


def test_records_are_read_as_they_were_written(database: Database) -> None:
    database.call(ledger.append, record(Event.KEY, key=public_key(KEY)))
    database.call(ledger.append, record(by="ü\n\0"), record())
    made = database.call(ledger.checkpoint, KEY, NOW)
    assert made.seq == 3
    others = frozenset({public_key(KEY)})
    assert verdict(database) == Verdict(database.call(ledger.end), 1, None, 0, others)
    assert [link.seq for link in ledger.walk(database, upto=2)] == [1, 2]


def test_an_append_is_all_or_nothing(database: Database) -> None:
    def half(db: sa.Connection) -> None:
        ledger.append(db, record())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.call(half)
    assert database.call(ledger.end).seq == 0
    assert verdict(database).fault is None


def test_several_consoles_write_one_chain(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # SQLite's waiting is not fair: who waits may be passed over for as long as a disk is slow.
    monkeypatch.setattr("glasshouse.storage.database.BUSY_MS", int(LONG * 1000))
    others = [Database(url) for _ in range(4)]
    start = threading.Barrier(len(others))

    def write(number: int) -> None:
        start.wait()
        for turn in range(25):
            others[number].call(ledger.append, record(by=f"{number} {turn}"))

    with ThreadPoolExecutor(len(others)) as threads:
        list(threads.map(write, range(len(others))))
    found = verdict(others[0])
    assert found.fault is None
    assert found.head.seq == 100
    for other in others:
        other.close()


def test_the_last_record_is_signed_by_whoever_did_and_nobody_else(database: Database) -> None:
    mine = public_key(KEY)
    database.call(ledger.append, record(Event.KEY, key=mine))
    assert database.call(ledger.signed_by, mine) is None
    made = database.call(ledger.checkpoint, KEY, NOW)
    forged = msgspec.structs.replace(made, signature="00")
    row = {"signature": "00", "seq": 1, "body": written(forged)}
    database.call(lambda db: db.execute(sa.insert(CHECKPOINT).values(row)))
    database.call(
        lambda db: db.execute(sa.insert(CHECKPOINT).values(signature="x", seq=1, body=""))
    )
    assert database.call(ledger.signed_by, mine) == made
    assert database.call(ledger.signed_by, public_key(b"\x06" * 32)) is None
    database.call(ledger.append, record())
    assert database.call(ledger.signed_by, mine) is None


def test_keys_are_named_by_their_own_records_alone(database: Database) -> None:
    mine = public_key(KEY)
    assert not database.call(ledger.names, mine)
    database.call(ledger.append, record(key=mine), record(Event.KEY, key="00"))
    assert not database.call(ledger.names, mine)
    database.call(lambda db: db.execute(sa.update(LEDGER).values(body=b"[", event="ledger.key")))
    assert not database.call(ledger.names, mine)
    database.call(ledger.append, record(Event.KEY, key=mine))
    assert database.call(ledger.names, mine)


def test_many_records_are_walked_in_steps(database: Database) -> None:
    database.call(ledger.append, *(record() for _ in range(1203)))
    assert [link.seq for link in ledger.walk(database, upto=1203)] == list(range(1, 1204))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RecordFilter(), [4, 3, 2, 1]),
        (RecordFilter(event="session.signed_in"), [4, 1]),
        (RecordFilter(event="session.*"), [4, 2, 1]),
        (RecordFilter(event="session.%"), []),
        (RecordFilter(actor="local:ops"), [2, 1]),
        (RecordFilter(actor="local:*"), [3, 2, 1]),
        (RecordFilter(text='ü"'), [1]),
        (RecordFilter(text="%"), []),
        (RecordFilter(since=NOW), [4, 3, 2, 1]),
        (RecordFilter(since=NOW + 1), []),
        (RecordFilter(until=NOW), []),
        (RecordFilter(until=NOW + 1, actor="oidc:jane"), [4]),
    ],
)
def test_records_are_found(database: Database, wanted: RecordFilter, found: list[int]) -> None:
    database.call(
        ledger.append,
        record(by='"ü"'),
        record(Event.SIGN_IN_REFUSED),
        record(Event.ACCOUNT, "local:root"),
        record(name="oidc:jane"),
    )
    links = database.call(ledger.latest, wanted, most=10)
    assert [link.seq for link in links] == found
    assert [link.seq for link in ledger.walk(database, wanted, upto=10)] == found[::-1]
    assert [link.seq for link in database.call(ledger.latest, wanted, most=1)] == found[:1]


def test_a_row_that_is_gone_is_missed(database: Database) -> None:
    database.call(ledger.append, record(), record(), record())
    database.call(lambda db: db.execute(sa.delete(LEDGER).where(LEDGER.c.seq == 3)))
    fault = verdict(database).fault
    assert fault is not None
    assert fault.seq == 3


def test_the_key_is_its_owners_alone_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert ledger_key.load(folder) is None
    ledger_key.keep(folder, KEY)
    assert ledger_key.load(folder) == KEY
    ledger_key.keep(folder, b"\x06" * 32)
    assert ledger_key.load(folder) == b"\x06" * 32
    path = folder / ledger_key.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == [ledger_key.FILE]


@pytest.mark.parametrize("text", ["", "zz", "00" * 31, "00" * 33])
def test_a_file_that_holds_no_key_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / ledger_key.FILE).write_text(text)
    with pytest.raises(StoreError, match="holds no key"):
        ledger_key.load(tmp_path)


def test_a_key_that_cannot_be_read_or_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / ledger_key.FILE).mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        ledger_key.load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        ledger_key.keep(tmp_path / "file" / "x", KEY)
