"""Old records move to files with their checkpoints; what is left is verified, and so are both."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.ledger.checkpoint import Checkpoint, public_key, read
from glasshouse.ledger.export import read as read_record
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.ledger.verify import Verdict, verify
from glasshouse.model.errors import InvalidError, StoreError
from glasshouse.storage import archive, ledger
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.tables import ARCHIVED, CHECKPOINT, LEDGER

KEY, NOW = b"k" * 32, 1_800_000_000.0
EVER = NOW + 1e6
SHELL = Subject(name="shell:root")


class Book:
    """A ledger with a key, and where its records are moved to."""

    def __init__(self, folder: Path) -> None:
        self.database, self.files = Database(sqlite_url(folder / "state")), folder / "archive"
        self.now = NOW
        for key in (KEY, b"l" * 32):
            detail = {"key": public_key(key)}
            record = Record(event=Event.KEY, at=NOW, who=Subject(), detail=detail)
            self.database.call(ledger.append, record)

    def write(self, count: int, *, sign: bool = True) -> None:
        for _ in range(count):
            self.now += 1
            record = Record(event=Event.SIGNED_IN, at=self.now, who=Subject(name="local:ops"))
            self.database.call(ledger.append, record)
        if sign:
            self.database.call(ledger.checkpoint, KEY, self.now)

    def move(self, before: float = EVER) -> archive.Archived | None:
        proven = [read(text) for text in self.database.call(ledger.checkpoints)]
        return archive.archive(
            self.database, self.files, before=before, who=SHELL, now=self.now, proven=proven,
            key=KEY,
        )  # fmt: skip

    def verdict(self, kept: Iterable[Checkpoint] = (), *, whole: bool = False) -> Verdict:
        call = self.database.call
        own = [*kept, *(read(text) for text in call(ledger.checkpoints))]
        start, links = call(archive.start), ledger.walk(self.database)
        if whole:
            own, start = [*archive.checkpoints(self.files), *own], None
            links = itertools.chain(archive.links(self.files), links)
        return verify(call(ledger.ledger_id), links, own, call(ledger.end), start)

    def sql(self, text: str) -> None:
        self.database.call(lambda db: db.execute(sa.text(text)))

    def numbers(self) -> list[int]:
        return [link.seq for link in ledger.walk(self.database)]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path)
    made.write(5)
    yield made
    made.database.close()


def test_records_move_up_to_the_last_checkpoint_before_a_time(book: Book) -> None:
    signed_at = book.now
    book.write(2)
    book.write(1, sign=False)
    assert book.move(signed_at) is None
    moved = book.move(signed_at + 1)
    assert moved is not None
    assert (moved.first, moved.last) == (1, 7)
    assert book.numbers() == [8, 9, 10, 11]
    assert book.verdict().fault is None
    assert book.verdict(whole=True) == book.verdict()._replace(checkpoints=3)
    book.write(3)
    again = book.move()
    assert again is not None
    assert (again.first, again.last) == (8, 14)
    assert book.move() is None
    book.write(1)
    assert (book.verdict().fault, book.verdict(whole=True).fault) == (None, None)
    assert book.verdict(whole=True).head == book.verdict().head
    assert sorted(file.stat().st_mode & 0o777 for file in book.files.iterdir()) == [0o600] * 4


def test_checkpoints_of_records_that_are_not_here_say_nothing_and_disturb_nothing(
    book: Book,
) -> None:
    book.move()
    book.write(1)
    book.move()
    book.write(1)
    older = archive.checkpoints(book.files)
    assert [checkpoint.seq for checkpoint in older] == [7, 9]
    assert book.verdict(older).fault is None
    assert book.verdict(older).checkpoints == 3


def test_a_move_that_was_cut_off_is_done_again(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_leave", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            book.move()
    assert book.numbers() == list(range(1, 8))
    assert book.verdict().fault is None
    assert book.move() is not None
    assert book.verdict(whole=True).fault is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("DELETE FROM ledger WHERE seq = 8", "record 8 is missing"),
        ("DELETE FROM ledger WHERE seq <= 9", "record 8 is missing"),
        ("DELETE FROM ledger", "no record says"),
        ("UPDATE archived SET digest = x'00'", "has another digest"),
        ("UPDATE archived SET keys = ''", "a key that this ledger does not know"),
        ("UPDATE archived SET keys = keys || ' 00'", "ended otherwise"),
        ("UPDATE archived SET seq = 8", "record 9 is missing"),
        ("DELETE FROM archived", "record 1 is missing"),
    ],
)
def test_what_was_moved_cannot_hide_what_was_removed(book: Book, spoil: str, said: str) -> None:
    book.move()
    book.write(2)
    book.sql(spoil)
    fault = book.verdict().fault
    assert fault is not None
    assert said in fault.what


def test_rows_removed_without_an_archive_are_missed(book: Book) -> None:
    def pretend(db: sa.Connection) -> None:
        digest = db.execute(sa.select(LEDGER.c.digest).where(LEDGER.c.seq == 4)).scalar_one()
        row = {"seq": 4, "digest": digest, "keys": public_key(KEY), "file": "x", "at": 0.0}
        db.execute(sa.insert(ARCHIVED).values(row))
        db.execute(sa.delete(LEDGER).where(LEDGER.c.seq <= 4))
        db.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.seq < 4))

    book.database.call(pretend)
    fault = book.verdict().fault
    assert fault == (5, "no record says that the records up to 4 were archived")


def test_only_the_record_of_this_archive_says_so(book: Book) -> None:
    start = book.move()
    assert start is not None
    (link, *_) = ledger.walk(book.database)
    told = read_record(link)["detail"]
    book.sql("DELETE FROM ledger")
    head = book.database.call(archive.start)
    assert head is not None
    (digest,) = {head.head.digest}
    rewind = sa.text("UPDATE ledger_head SET seq = 7, digest = :digest")
    book.database.call(lambda db: db.execute(rewind, {"digest": digest}))
    for event, detail in (
        (Event.SIGNED_IN, told),
        (Event.ARCHIVED, {**told, "last": "6", "digest": "00"}),
    ):
        record = Record(event=event, at=NOW, who=SHELL, detail=detail)
        book.database.call(ledger.append, record)
        fault = book.verdict().fault
        assert fault is not None
        assert "no record says" in fault.what
    record = Record(event=Event.ARCHIVED, at=NOW, who=SHELL, detail=told)
    book.database.call(ledger.append, record)
    assert book.verdict().fault is None


def test_a_changed_file_is_found_and_no_file_is_written_over(book: Book) -> None:
    moved = book.move()
    assert moved is not None
    text = moved.file.read_text()
    moved.file.write_text(text.replace("local:ops", "local:bob", 1))
    fault = book.verdict(whole=True).fault
    assert fault is not None
    assert "it was changed" in fault.what
    moved.file.write_text("no record\n")
    with pytest.raises(InvalidError, match="no record of a ledger"):
        book.verdict(whole=True)
    book.write(1)
    other = book.files / "ledger-000000000008-000000000009.jsonl"
    other.write_text("something else")
    with pytest.raises(StoreError, match="holds something else"):
        book.move()
    assert book.numbers() == [8, 9]


def test_a_broken_ledger_is_not_moved(book: Book) -> None:
    book.sql("UPDATE ledger SET body = x'7b7d' WHERE seq = 3")
    with pytest.raises(StoreError, match="broken at record 3"):
        book.move()
    assert book.numbers() == list(range(1, 8))
    with pytest.raises(StoreError, match="no file of an archive"):
        book.verdict(whole=True)
