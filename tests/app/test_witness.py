"""The witness through a console's life: begun, behind, torn, lost, and among several consoles."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from glasshouse.app.ledger import CONSOLE, kept, key_of, renew_key, sign
from glasshouse.ledger.checkpoint import public_key
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.model.errors import StoreError
from glasshouse.storage import archive, ledger, ledger_key, verification, witness
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.tables import LEDGER_HEAD
from glasshouse.storage.verification import Verified, evidence
from tests.cli.forgeries import a_checkpoint_of_tomorrow, blame_and_rechain, cut

NOW = 1_800_000_000.0
KEY = b"\x05" * 32


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(sqlite_url(tmp_path / "state"))
    yield made
    made.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def note(database: Database, count: int = 1) -> None:
    record = Record(event=Event.SIGNED_IN, at=NOW, who=Subject(name="local:ops"))
    database.call(ledger.append, *([record] * count))


def verified(database: Database, state: Path, *keys: str) -> Verified:
    return verification.verify(database, evidence(state, keys))


def earlier(database: Database, state: Path) -> None:
    """Make what a console of an earlier version leaves: a ledger and a key, no witness."""
    ledger_key.keep(state, KEY)
    detail = {"key": public_key(KEY)}
    database.call(ledger.append, Record(event=Event.KEY, at=NOW, who=CONSOLE, detail=detail))
    database.call(ledger.checkpoint, KEY, NOW)
    note(database, 3)
    database.call(ledger.checkpoint, KEY, NOW)


async def run(database: Database, state: Path) -> None:
    async with kept(database, state):
        pass


def lines(state: Path) -> list[bytes]:
    return (state / witness.FILE).read_bytes().splitlines()


async def test_each_checkpoint_is_in_the_database_and_in_the_witness(
    database: Database, state: Path
) -> None:
    await run(database, state)
    await run(database, state)
    known = witness.load(state)
    assert known is not None
    assert (known.begun.begins, known.begun.again, known.damaged) == (1, False, 0)
    found = verified(database, state)
    assert found.verdict.fault is None
    assert {one.signature for one in known.checkpoints} == {one.signature for one in found.kept}
    assert found.verdict.signed == found.verdict.head.seq == 3
    assert (state / witness.FILE).stat().st_mode & 0o777 == 0o600
    trusted = (state / ledger_key.TRUSTED).read_text().split()
    assert trusted == [public_key(key_of(database, state))]


async def test_a_ledger_of_an_earlier_version_goes_on_and_says_where_its_witness_begins(
    database: Database, state: Path
) -> None:
    earlier(database, state)
    before = verified(database, state)
    assert (before.verdict.fault, before.verdict.signed) == (None, 4)
    assert not evidence(state).lost
    await run(database, state)
    known = witness.load(state)
    assert known is not None
    assert (known.begun.begins, known.begun.again) == (5, False)
    assert [one.seq for one in known.checkpoints] == [5]
    assert verified(database, state).verdict.fault is None
    # What the witness never saw is borne out by what it did see.
    database.call(blame_and_rechain)
    fault = verified(database, state).verdict.fault
    assert fault is not None
    assert fault.seq == 5


async def test_a_crash_between_the_database_and_the_witness_is_no_damage(
    database: Database, state: Path
) -> None:
    await run(database, state)
    note(database)
    key = key_of(database, state)
    made = database.call(ledger.checkpoint, key, NOW)
    assert verified(database, state).verdict.fault is None
    count = len(database.call(ledger.checkpoints))
    before = len(lines(state))
    sign_new = kept(database, state)
    async with sign_new:
        pass
    known = witness.load(state)
    assert known is not None
    assert known.last is not None
    assert known.last.seq > made.seq
    assert len(lines(state)) == before + len(database.call(ledger.checkpoints)) - count
    assert verified(database, state).verdict.fault is None


def test_a_checkpoint_that_the_witness_does_not_take_is_made_and_told(
    database: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(database, state)
    note(database)
    full = _no_room(monkeypatch)
    signed = sign(database, state)
    assert signed.unwitnessed is not None
    assert "No space left" in signed.unwitnessed.detail
    assert full() > 0
    assert all(line.endswith(b"}") for line in lines(state))
    found = verified(database, state).verdict
    assert (found.fault, found.signed) == (None, 2)
    monkeypatch.undo()
    sign(database, state)
    known = witness.load(state)
    assert known is not None
    assert known.damaged == 0
    assert known.last is not None
    assert known.last.seq == 2


async def test_what_the_witness_lacks_is_appended_and_not_signed_again(
    database: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse.app.ledger.EVERY", 0.01)
    async with kept(database, state):
        with monkeypatch.context() as patch:
            full = _no_room(patch)
            note(database)
            while not full():
                await asyncio.sleep(0.01)
        known = None
        while known is None or known.last is None or known.last.seq < 3:
            await asyncio.sleep(0.01)
            known = witness.load(state)
    signed = database.call(ledger.checkpoints)
    assert len([text for text in signed if '"seq":3' in text]) == 1
    assert len(lines(state)) == 1 + len(signed)


def _no_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let writing the witness take ten bytes and then find no room."""
    written: list[int] = []
    write = os.write

    def some(descriptor: int, data: bytes) -> int:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(write(descriptor, bytes(data[:10])))
        return written[0]

    monkeypatch.setattr("glasshouse.storage.witness.os.write", some)
    return lambda: len(written)


async def test_a_console_goes_on_without_room_for_its_witness_and_says_so(
    database: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(database, state)
    _no_room(monkeypatch)
    with structlog.testing.capture_logs() as said:
        async with kept(database, state):
            note(database)
    assert any("not in the witness" in one["event"] for one in said)
    assert verified(database, state).verdict.fault is None
    monkeypatch.undo()
    await run(database, state)
    found = verified(database, state).verdict
    assert (found.fault, found.signed) == (None, found.head.seq)


def test_a_line_that_was_cut_off_stays_and_says_nothing(database: Database, state: Path) -> None:
    sign(database, state)
    path = state / witness.FILE
    whole = path.read_bytes()
    torn = whole + whole.splitlines()[-1][:100]
    path.write_bytes(torn)
    known = witness.load(state)
    assert known is not None
    assert known.damaged == 1
    assert verified(database, state).verdict.fault is None
    note(database)
    sign(database, state)
    assert path.read_bytes().startswith(torn + b"\n")
    known = witness.load(state)
    assert known is not None
    assert known.damaged == 1
    assert known.last is not None
    assert known.last.seq == 2
    database.call(cut(1))
    fault = verified(database, state).verdict.fault
    assert fault is not None
    assert fault.seq == 2


async def test_a_witness_that_was_lost_is_said_to_be_and_begun_again(
    database: Database, state: Path
) -> None:
    await run(database, state)
    (state / witness.FILE).unlink()
    assert evidence(state).lost
    assert verified(database, state).verdict.fault is None
    await run(database, state)
    known = witness.load(state)
    assert known is not None
    assert known.begun.again
    assert known.begun.begins == 3
    assert verified(database, state).verdict.fault is None


@pytest.mark.parametrize("left", [b"", b'{"witness":1,"led', b"\0" * 300])
async def test_a_witness_of_which_a_loss_of_power_left_nothing_is_begun_again(
    database: Database, state: Path, left: bytes
) -> None:
    await run(database, state)
    (state / witness.FILE).write_bytes(left)
    await run(database, state)
    known = witness.load(state)
    assert known is not None
    assert known.begun.again
    assert known.damaged == bool(left)
    assert verified(database, state).verdict.fault is None


@pytest.mark.parametrize("forge", [blame_and_rechain, cut(2)])
async def test_a_changed_ledger_is_recorded_in_but_not_signed(
    database: Database, state: Path, forge: Callable[[sa.Connection], None]
) -> None:
    await run(database, state)
    note(database, 3)
    sign(database, state)
    database.call(forge)
    signed = database.call(ledger.checkpoints)
    before = lines(state)
    with structlog.testing.capture_logs() as said:
        async with kept(database, state):
            note(database)
    assert {one["event"] for one in said} == {"the ledger was changed, and is not signed"}
    with pytest.raises(witness.ConflictError) as refused:
        sign(database, state)
    assert "audit verify" in refused.value.remedy
    with pytest.raises(witness.ConflictError):
        renew_key(database, state, CONSOLE)
    assert database.call(ledger.checkpoints) == signed
    assert lines(state) == before
    assert verified(database, state).verdict.fault is not None


async def test_another_database_is_not_signed_until_the_witness_is_moved_away(
    database: Database, state: Path, tmp_path: Path
) -> None:
    await run(database, state)
    other = Database(sqlite_url(tmp_path / "other"))
    await run(other, state)
    assert other.call(ledger.checkpoints) == []
    fault = verified(other, state).verdict.fault
    assert fault is not None
    assert "another ledger" in fault.what
    (state / witness.FILE).rename(state / "kept-elsewhere")
    await run(other, state)
    found = verified(other, state).verdict
    assert (found.fault, found.signed) == (None, found.head.seq)
    other.close()


async def test_a_forged_checkpoint_keeps_nothing_from_being_signed(
    database: Database, state: Path
) -> None:
    await run(database, state)
    database.call(a_checkpoint_of_tomorrow)
    await run(database, state)
    known = witness.load(state)
    assert known is not None
    assert known.last is not None
    assert known.last.seq == 3


async def test_consoles_that_share_a_database_sign_and_are_told_apart(
    database: Database, state: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / ledger_key.TRUSTED).write_text("# whom we shall trust\n")
    async with kept(database, state), kept(database, second):
        note(database)
    begun = witness.load(second)
    assert begun is not None
    assert not begun.begun.again
    note(database)
    sign(database, second)
    mine, theirs = (public_key(key_of(database, folder)) for folder in (state, second))
    found = verified(database, state).verdict
    assert (found.fault, found.others) == (None, frozenset({theirs}))
    assert found.signed < found.head.seq
    assert verified(database, second).verdict.others == {mine}
    both = verified(database, state, theirs).verdict
    assert (both.fault, both.signed, both.others) == (None, both.head.seq, frozenset())
    ledger_key.trust(state, theirs)
    assert verified(database, state).verdict == both


async def test_a_key_signs_its_successor(database: Database, state: Path) -> None:
    await run(database, state)
    first = public_key(key_of(database, state))
    renew_key(database, state, CONSOLE)
    note(database)
    sign(database, state)
    renew_key(database, state, CONSOLE)
    known = evidence(state)
    assert len(known.keys) == 3
    root = known._replace(keys=frozenset({first}))
    found = verification.verify(database, root).verdict
    assert (found.fault, found.others) == (None, frozenset())
    assert found.signed == found.head.seq
    foreign = verification.verify(database, root._replace(keys=frozenset({"00" * 32}))).verdict
    assert foreign.fault == (1, "no record names a key that is trusted: it was written anew")


async def test_a_key_that_the_ledger_does_not_name_is_named(
    database: Database, state: Path
) -> None:
    ledger_key.keep(state, KEY)
    await run(database, state)
    assert ledger_key.load(state) == KEY
    found = verified(database, state).verdict
    assert (found.fault, found.signed) == (None, 2)


def _move(database: Database, state: Path, folder: Path) -> archive.Archived | None:
    found = verified(database, state)
    key = ledger_key.load(state)
    assert key is not None
    return archive.archive(
        database, folder, before=NOW * 2, who=CONSOLE, now=NOW, proven=found.kept, key=key
    )


async def test_an_archive_is_signed_by_the_console_that_made_it(
    database: Database, state: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    async with kept(database, state), kept(database, second):
        note(database)
    assert _move(database, state, tmp_path / "archive") is not None
    found = verified(database, state)
    assert found.verdict.fault is None
    assert found.start is not None
    mine = public_key(key_of(database, state))
    fault = verified(database, second).verdict.fault
    assert fault is not None
    assert "no key that is trusted signed that" in fault.what
    assert verified(database, second, mine).verdict.fault is None
    await run(database, state)
    assert verified(database, state).verdict.fault is None


async def test_an_archive_of_an_earlier_version_needs_no_signature(
    database: Database, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier(database, state)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "signed_by", lambda _ledger, detail, _key: detail)
        assert _move(database, state, tmp_path / "archive") is not None
    assert verified(database, state).verdict.fault is None
    await run(database, state)
    found = verified(database, state).verdict
    assert (found.fault, found.signed) == (None, found.head.seq)


def test_a_folder_without_a_key_says_nothing_of_a_ledger(
    database: Database, state: Path, tmp_path: Path
) -> None:
    assert not verified(database, tmp_path / "none").named
    sign(database, state)
    found = verified(database, tmp_path / "none")
    assert found.named
    assert found.verdict.signed == 0


def test_keys_that_are_trusted_stand_in_a_file_that_people_may_write_too(tmp_path: Path) -> None:
    path = tmp_path / ledger_key.TRUSTED
    mine, other = public_key(KEY), public_key(b"\x06" * 32)
    path.write_text(f"# both consoles\n\n{other.upper()} the one in the cellar")
    ledger_key.trust(tmp_path, mine)
    ledger_key.trust(tmp_path, mine)
    assert path.read_text().splitlines()[2:] == [f"{other.upper()} the one in the cellar", mine]
    assert ledger_key.trusted(tmp_path) == {mine, other}
    path.write_text("no key\n")
    with pytest.raises(StoreError, match="'no' is no public key"):
        ledger_key.trusted(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        ledger_key.trusted(tmp_path)


def test_a_witness_that_cannot_be_read_is_told(database: Database, state: Path) -> None:
    (state / witness.FILE).mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        sign(database, state)
    assert database.call(lambda db: db.execute(sa.select(LEDGER_HEAD.c.seq)).scalar()) == 0
