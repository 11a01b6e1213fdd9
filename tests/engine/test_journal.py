"""The journal's two files: what a restart reads from them, whatever an earlier life left there."""

from __future__ import annotations

from pathlib import Path

import pytest

from glasshouse.engine import journal
from glasshouse.engine.journal import Journal
from glasshouse.engine.journal_reading import read
from glasshouse.model.errors import StoreError

LINEAGE = b"one database's.."
BODY = b"x" * 100


class Paper:
    """A file of which only what was synced is there after a loss of power."""

    def __init__(self) -> None:
        self.now = bytearray()
        self.durable = b""

    def read(self) -> bytes:
        return bytes(self.now)

    def fit(self, size: int) -> None:
        self.now = self.now[:size].ljust(size, b"\0")

    def write(self, offset: int, data: bytes) -> None:
        self.now[offset : offset + len(data)] = data

    def sync(self) -> None:
        self.durable = bytes(self.now)

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT", 2048)


def found(files: tuple[Paper, Paper], after: int = 0) -> list[tuple[int, bytes]]:
    return list(read([file.read() for file in files], LINEAGE, after, Path("data")).sound())


def test_records_come_back_in_order_over_both_files() -> None:
    files = Paper(), Paper()
    written = Journal(files, LINEAGE, 0)
    bodies = [b"%d" % number * 60 for number in range(1, 15)]
    for body in bodies:
        written.append(body)
        written.sync_work()()
    assert written.wanted > 0
    assert found(files) == list(enumerate(bodies, 1))
    assert found(files, after=12) == list(enumerate(bodies, 1))[12:]


def test_a_file_that_the_database_still_needs_is_not_begun_anew() -> None:
    files = Paper(), Paper()
    written = Journal(files, LINEAGE, 0)
    for _ in range(60):
        written.append(BODY)
        written.sync_work()()
    assert [seq for seq, _ in found(files)] == list(range(1, 61))
    written.release(written.wanted)
    for _ in range(5):
        written.append(BODY)
        written.sync_work()()
    assert [seq for seq, _ in found(files, after=60)] == list(range(61, 66))


def test_a_file_whose_forerunner_lost_its_end_says_nothing_in_this_life_or_the_next() -> None:
    files = first, _ = Paper(), Paper()
    written = Journal(files, LINEAGE, 0)
    written.append(b"synced")
    written.sync_work()()
    while not written.wanted:
        written.append(BODY)
    lost_from, begins = 2, written.wanted + 1
    # The power goes: of what was not synced, the second file has reached the disk.
    first.now = bytearray(first.durable)
    assert found(files) == [(1, b"synced")]
    again = Journal(files, LINEAGE, 1)
    for seq in range(lost_from, begins):
        assert again.append(b"of the second life") == seq
        assert found(files, after=1)[-1] == (seq, b"of the second life")


def test_no_record_of_an_earlier_life_is_on_the_disk_once_a_new_one_has_begun() -> None:
    files = Paper(), Paper()
    written = Journal(files, LINEAGE, 0)
    while not written.wanted:
        written.append(BODY)
        written.sync_work()()
    Journal(files, LINEAGE, written.seq)
    for file in files:
        file.now = bytearray(file.durable)
    assert found(files, after=written.seq) == []
    with pytest.raises(StoreError, match=f"begins at record {written.seq + 1}, the database needs"):
        found(files)
