"""The ledger sent on: every record reaches every place, in order, whatever happened meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from glasshouse.app.ledger import key_of
from glasshouse.app.shipping import Shipper, shipping
from glasshouse.integrations.ledger_receivers import FileReceiver, SinkError
from glasshouse.ledger.chain import Link
from glasshouse.ledger.export import line
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.storage import ledger, sinks
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.sinks import SinkPosition
from tests.control.console import Console, console
from tests.engine.peer import running

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_ledger.py"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(sqlite_url(tmp_path / "state"))
    key_of(made, tmp_path / "state")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what comes last take as long as a busy machine needs."""
    monkeypatch.setattr("glasshouse.app.shipping._LAST_WORD", 60.0)


def note(database: Database, count: int = 1) -> None:
    record = Record(event=Event.SIGNED_IN, at=1_700_000_000.0, who=Subject(name="local:ops"))
    for start in range(0, count, 500):
        database.call(ledger.append, *([record] * min(500, count - start)))


def sign(database: Database, folder: Path) -> None:
    database.call(ledger.checkpoint, key_of(database, folder / "state"), 1_700_000_000.0)


def everything(database: Database) -> bytes:
    return b"".join(map(line, ledger.walk(database)))


class Flaky:
    """A place that takes lines only while it is ``up``; it cannot say what it has."""

    name, key = "flaky", "f" * 64

    def __init__(self) -> None:
        self.up, self.got, self.signed = True, b"", b""

    async def last(self) -> Link | None:
        return None

    async def send(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
        if not self.up:
            raise SinkError("It answered 503.")
        self.got += b"".join(records)
        self.signed += b"".join(signed)

    async def probe(self) -> None:
        pass

    async def close(self) -> None:
        pass


async def drained(shipper: Shipper) -> None:
    while await shipper.send_some():
        pass


@contextlib.asynccontextmanager
async def going(shipper: Shipper) -> AsyncIterator[None]:
    task = asyncio.create_task(shipper.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_file_gets_all_of_it_and_is_verified_without_us(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "audit.jsonl"
    note(database, 1200)
    sign(database, tmp_path)
    async with shipping(database, [FileReceiver(path)]):
        note(database, 3)
    sign(database, tmp_path)
    async with shipping(database, [FileReceiver(path)]):
        pass
    assert path.read_bytes() == everything(database)
    told = await asyncio.create_subprocess_exec(
        sys.executable, VERIFIER, path, tmp_path / "audit.checkpoints.jsonl",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await told.communicate()
    assert said.startswith(b"Whole: 1204 records, 3 checkpoints.\n")


async def test_what_comes_while_it_runs_is_sent_without_being_asked(
    tmp_path: Path, database: Database
) -> None:
    place = Flaky()
    async with asyncio.timeout(60), going(Shipper(database, place, look=0.01)):
        for _ in range(3):
            note(database)
            while place.got != everything(database):
                await asyncio.sleep(0.01)


async def test_a_place_that_was_away_misses_nothing_and_that_is_told(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.app.shipping._WAITS", (0.01,))
    place = Flaky()
    note(database, 5)
    shipper = Shipper(database, place, look=0.01)
    await drained(shipper)
    place.up = False
    note(database, 700)

    async def told(fault: str) -> None:
        while database.call(sinks.places, (place.key,))[place.key].fault != fault:
            await asyncio.sleep(0.01)

    async with asyncio.timeout(60), going(shipper):
        await told("It answered 503.")
        assert database.call(sinks.places, (place.key,))[place.key].seq == 6
        place.up = True
        await told("")
        while place.got != everything(database):
            await asyncio.sleep(0.01)


async def test_after_a_restart_it_goes_on_where_it_was(tmp_path: Path, database: Database) -> None:
    place = Flaky()
    for count in (3, 0, 2):
        if count:
            note(database, count)
            sign(database, tmp_path)
        await drained(Shipper(database, place))
    assert place.got == everything(database)
    assert place.signed.count(b'"signature"') == 3


@pytest.mark.parametrize("what", ["cut", "moved away", "one more"])
async def test_a_file_is_believed_in_what_it_has(
    tmp_path: Path, database: Database, what: str
) -> None:
    path = tmp_path / "audit.jsonl"
    note(database, 4)
    await drained(Shipper(database, FileReceiver(path)))
    first = path.read_bytes()
    if what == "cut":
        # The machine lost power: what is known of the file is ahead of it.
        path.write_bytes(first[:-100])
    elif what == "moved away":
        path.rename(tmp_path / "audit.jsonl.1")
    note(database, 2)
    if what == "one more":
        # It was written, and the power went before that was known.
        path.write_bytes(first + everything(database)[len(first) :].splitlines(keepends=True)[0])
    await drained(Shipper(database, FileReceiver(path)))
    before = first if what == "moved away" else b""
    assert before + path.read_bytes() == everything(database)


async def test_a_file_of_another_ledger_is_left_alone(tmp_path: Path, database: Database) -> None:
    path = tmp_path / "audit.jsonl"
    other = Database(sqlite_url(tmp_path / "other"))
    note(other, 9)
    await drained(Shipper(other, FileReceiver(path)))
    other.close()
    before = path.read_bytes()
    for more in (3, 20):
        note(database, more)
        with pytest.raises(SinkError, match="another audit log"):
            await Shipper(database, FileReceiver(path)).send_some()
    assert path.read_bytes() == before


def add_sink(settings: Path) -> None:
    with settings.open("a") as more:
        more.write('[ledger]\nsinks = ["database", "file:audit.jsonl"]\n')


async def lived(made: Console) -> tuple[bytes, list[str]]:
    """Let a console start and end; return all records, and what signs them."""
    await made.start()
    await made.close()
    database = Database(sqlite_url(made.state))
    try:
        return everything(database), database.call(ledger.checkpoints)
    finally:
        database.close()


async def test_a_console_sends_on_what_its_settings_name_also_what_comes_last(
    tmp_path: Path,
) -> None:
    data = tmp_path / "engine"
    async with running(data), console(tmp_path / "console", data) as made:
        add_sink(made.folder / "glasshouse.toml")
        whole, signed = await lived(made)
        there = made.folder / "audit.jsonl"
        for _ in range(4):
            if there.exists() and there.read_bytes() == whole:
                break
            # A slow disk took longer than the end of a console waits for it.
            whole, signed = await lived(made)
    assert b'"console.started"' in whole
    assert (made.folder / "audit.jsonl").read_bytes() == whole
    told = (made.folder / "audit.checkpoints.jsonl").read_text().splitlines()
    assert told == signed


async def test_a_place_that_cannot_be_understood_is_tried_again_and_the_others_go_on(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.app.shipping._WAITS", (0.01,))

    class Odd(Flaky):
        name, key = "odd", "e" * 64

        async def send(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
            if not self.up:
                raise ValueError("nobody thought of this")
            await super().send(records, signed)

    odd, place = Odd(), Flaky()
    odd.up = False
    async with asyncio.timeout(60), shipping(database, [odd, place]):
        while place.got != everything(database):
            await asyncio.sleep(0.01)
        while not database.call(sinks.places, (odd.key,)).get(odd.key, SinkPosition()).fault:
            await asyncio.sleep(0.01)
        odd.up = True
        while odd.got != everything(database):
            await asyncio.sleep(0.01)


async def test_what_comes_last_is_sent_once(tmp_path: Path, database: Database) -> None:
    place = Flaky()
    async with shipping(database, [place]):
        note(database, 1100)
    assert place.got == everything(database)
