"""A journal that a disk has damaged, or that is gone: what was acknowledged is missed in words."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest

from glasshouse.engine import journal, schema
from glasshouse.engine.backup import backup
from glasshouse.engine.batch import Batch
from glasshouse.engine.check import check
from glasshouse.engine.journal import FILES, Journal
from glasshouse.engine.journal_format import FIRST_RECORD, unpack_header, unpack_records
from glasshouse.engine.journal_reading import JournalDamagedError, read
from glasshouse.engine.migrations import MIGRATIONS
from glasshouse.model.errors import StoreError
from tests.steady import LONG

from .folders import contents, fill, killed
from .peer import running
from .process import GLASSHOUSE, process, refused_start
from .test_journal import BODY, LINEAGE, Paper

JOBS = 60
ACCEPTING = [*GLASSHOUSE, "engine", "--accept-loss", "--listen", "127.0.0.1:0", "--data"]


def salvage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*GLASSHOUSE, "engine", "salvage", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False)


def offset_of(text: bytes, number: int) -> tuple[int, int]:
    """Return where the body of a file's record lies, counted from its first, and its length."""
    header, _ = unpack_header(text)
    assert header is not None
    body = list(unpack_records(text, header))[number].body
    return text.index(body, FIRST_RECORD), len(body)


def flip(file: Path, offset: int) -> None:
    text = bytearray(file.read_bytes())
    text[offset] ^= 0x10
    file.write_bytes(text)


def lost_power(folder: Path) -> Path:
    """Leave what a loss of power may leave: a whole journal, and a database that lags behind it."""
    killed(folder, JOBS)
    (folder / f"{schema.FILE}-wal").unlink()
    (folder / f"{schema.FILE}-shm").unlink(missing_ok=True)
    return folder


def damage_the_midst(folder: Path) -> None:
    at, size = offset_of((folder / FILES[0]).read_bytes(), JOBS // 2)
    flip(folder / FILES[0], at + size // 2)


def jobs_in(file: Path) -> int:
    db = apsw.Connection(str(file))
    try:
        return int(db.execute("SELECT count(*) FROM job").get)
    finally:
        db.close()


# -- one bit ------------------------------------------------------------------------


def test_one_flipped_bit_in_a_record_that_others_follow_is_refused_and_kept(tmp_path: Path) -> None:
    folder = lost_power(tmp_path / "data")
    damage_the_midst(folder)
    before = contents(folder)
    told = refused_start(folder)
    assert "1 of its records cannot be read" in told
    assert "glasshouse engine salvage" in told
    assert "--accept-loss" in told
    assert {**contents(folder), "engine.lock": b""} == {**before, "engine.lock": b""}
    problems = [p for p in check(folder).problems if p.kind == "journal"]
    assert len(problems) == 1
    assert "1 of its records cannot be read" in problems[0].detail
    with pytest.raises(StoreError, match="1 of its records cannot be read"):
        backup(folder, tmp_path / "copy.db", force=False)
    assert not (tmp_path / "copy.db").exists()


async def test_a_loss_that_is_accepted_costs_what_cannot_be_read_and_no_more(
    tmp_path: Path,
) -> None:
    folder = lost_power(tmp_path / "data")
    damage_the_midst(folder)
    damaged = (folder / FILES[0]).read_bytes()
    async with process(folder, tmp_path / "log", ACCEPTING) as engine:
        peer = await engine.peer()
        info = (await peer.info())["faktory"]
        assert info["total_enqueued"] == JOBS - 1
        await peer.push("job-after-1")
        assert await engine.terminate() == 0
        assert "what could not be read is lost" in engine.told()
    (kept,) = folder.glob(f"{FILES[0]}.damaged-*")
    assert kept.read_bytes() == damaged
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [p for p in check(folder).problems if p.kind != "permissions"] == []
    async with running(folder) as again:
        info = (await (await again.peer()).info())["faktory"]
        assert info["total_enqueued"] == JOBS


def test_salvage_makes_a_backup_of_what_is_readable_and_says_what_is_not(tmp_path: Path) -> None:
    folder = lost_power(tmp_path / "data")
    damage_the_midst(folder)
    before = contents(folder)
    done = salvage("--json", str(folder), str(tmp_path / "saved.db"))
    assert done.returncode == 1
    told = json.loads(done.stdout)
    (hole,) = told["lost"]
    assert hole[0] == hole[1]
    assert told["jobs"]["enqueued"] == jobs_in(tmp_path / "saved.db") == JOBS - 1
    assert contents(folder) == before
    (tmp_path / "new").mkdir(mode=0o700)
    shutil.copy(tmp_path / "saved.db", tmp_path / "new" / schema.FILE)
    (tmp_path / "new" / schema.FILE).chmod(0o600)
    assert check(tmp_path / "new").problems == []


def test_a_salvage_of_a_sound_folder_is_a_backup(tmp_path: Path) -> None:
    folder = lost_power(tmp_path / "data")
    done = salvage(str(folder), str(tmp_path / "saved.db"))
    assert done.returncode == 0, done.stderr
    assert jobs_in(tmp_path / "saved.db") == JOBS


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT", 2048)


@pytest.mark.usefixtures("small")
def test_no_bit_of_what_was_known_to_be_on_the_disk_is_lost_without_a_word() -> None:
    files = Paper(), Paper()
    written = Journal(files, LINEAGE, 0)
    while not written.wanted:
        written.append(BODY)
        written.sync_work()()
    for _ in range(3):
        written.append(BODY)
        written.sync_work()()
    texts = [file.read() for file in files]
    whole = read(texts, LINEAGE, 0, Path("data"), 1)
    assert whole.faults == whole.blemishes == []
    wanted = list(whole.sound())
    # The last one has nobody behind it: it may as well not have been written yet.
    last = texts[1].index(wanted[-1][1], FIRST_RECORD)
    for number, text in enumerate(texts):
        end = last if number else len(text.rstrip(b"\0"))
        begins = next(at for at in range(FIRST_RECORD, len(text)) if text[at])
        for at in range(begins, end - (40 if number else 0)):
            damaged = [bytearray(one) for one in texts]
            damaged[number][at] ^= 1 << at % 8
            found = read([bytes(one) for one in damaged], LINEAGE, 0, Path("data"), 1)
            assert found.faults, (number, at)
            missing = {seq for first, last in found.lost for seq in range(first, last + 1)}
            assert missing | {seq for seq, _ in found.records} >= {seq for seq, _ in wanted}
            with pytest.raises(JournalDamagedError):
                found.sound()


# -- files that are gone, or others ---------------------------------------------------


def _both_gone(folder: Path) -> None:
    for name in FILES:
        (folder / name).unlink()


def _older(folder: Path) -> None:
    shutil.copy(folder / "older", folder / FILES[0])


FILE_FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "both gone": (_both_gone, "journal-0 is gone"),
    "first gone": (lambda f: (f / FILES[0]).unlink(), "journal-0 is gone"),
    "second gone": (lambda f: (f / FILES[1]).unlink(), "journal-1 is gone"),
    "emptied": (lambda f: (f / FILES[0]).write_bytes(b""), "journal-0 is gone, or empty"),
    "zeros": (lambda f: (f / FILES[0]).write_bytes(bytes(4 << 20)), "the beginning of journal-0"),
    "cut": (
        lambda f: (f / FILES[0]).write_bytes((f / FILES[0]).read_bytes()[:70_000]),
        "was cut to 70,000 bytes",
    ),
    "older": (_older, "is older than the database"),
}


@pytest.mark.parametrize("name", FILE_FAULTS)
async def test_a_journal_file_that_is_gone_cut_or_from_before_is_refused_until_it_is_accepted(
    name: str, tmp_path: Path
) -> None:
    damage, words = FILE_FAULTS[name]
    folder = tmp_path / "data"
    await fill(folder)
    shutil.copy(folder / FILES[0], tmp_path / "older")
    lost_power(folder)
    shutil.move(tmp_path / "older", folder / "older")
    damage(folder)
    assert words in refused_start(folder)
    assert any(words in p.detail for p in check(folder).problems if p.kind == "journal")
    async with process(folder, tmp_path / "log", ACCEPTING) as engine:
        await (await engine.peer()).push("job-after-1")
        assert await engine.terminate() == 0
    assert {p.kind for p in check(folder).problems} <= {"permissions"}
    async with running(folder):
        pass


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = lost_power(tmp_path / "data")
    (folder / FILES[1]).unlink()
    (folder / FILES[1]).mkdir()
    with pytest.raises(StoreError, match=r"journal-1 of the journal cannot be read"):
        check(folder)


async def test_a_journal_is_not_missed_where_the_engine_ended_in_good_order(
    tmp_path: Path,
) -> None:
    await fill(tmp_path / "data")
    for name in FILES:
        (tmp_path / "data" / name).unlink()
    assert check(tmp_path / "data").problems == []
    async with running(tmp_path / "data") as engine:
        assert ((await (await engine.peer()).fetch()) or {})["jid"] == "job-waits-1"


async def test_one_damaged_copy_of_a_header_costs_nothing_and_is_told(tmp_path: Path) -> None:
    folder = lost_power(tmp_path / "data")
    flip(folder / FILES[0], 12)
    (told,) = [p for p in check(folder).problems if p.kind != "permissions"]
    assert told.kind == "header"
    assert "Nothing is lost" in told.remedy
    async with running(folder) as engine:
        info = (await (await engine.peer()).info())["faktory"]
        assert info["total_enqueued"] == JOBS


# -- what earlier versions wrote ------------------------------------------------------


async def test_a_folder_of_an_earlier_version_starts_with_all_that_its_journal_holds(
    tmp_path: Path,
) -> None:
    db = apsw.Connection(str(tmp_path / schema.FILE))
    db.pragma("journal_mode", "wal")
    for step in MIGRATIONS[:3]:
        db.execute(step)
    db.pragma("user_version", 3)
    lineage = bytes(db.execute("SELECT lineage FROM journal").get)
    db.close()
    text = bytearray(4 << 20)
    header = struct.pack("<8s16sQQ", b"GLASSJN1", lineage, 77, 1)
    text[: len(header) + 4] = header + struct.pack("<I", zlib.crc32(header))
    at = 64
    for seq in (1, 2):
        jid = f"job-old-{seq}"
        payload = json.dumps({"jid": jid, "jobtype": "T", "args": [], "queue": "q"}).encode()
        row = (seq, 1, float(seq), "q", jid, "T", 25, 0, 1.7e9, None, None, payload)
        batch = Batch(inserts=[row], queues=[("q", seq, False)])
        body = msgspec.msgpack.encode(batch)
        checksum = zlib.crc32(body, zlib.crc32(struct.pack("<QIQ", 77, len(body), seq)))
        record = struct.pack("<IIQ", checksum, len(body), seq) + body
        text[at : at + len(record)] = record
        at += len(record)
    (tmp_path / FILES[0]).write_bytes(text)
    (tmp_path / FILES[1]).write_bytes(bytes(4 << 20))
    report = check(tmp_path)
    assert report.waiting == 2
    assert [p for p in report.problems if p.kind != "permissions"] == []
    backup(tmp_path, tmp_path.parent / "copy.db", force=True)
    assert jobs_in(tmp_path.parent / "copy.db") == 2
    async with running(tmp_path) as engine:
        assert ((await (await engine.peer()).fetch("q")) or {})["jid"] == "job-old-1"
    assert (tmp_path / FILES[0]).read_bytes().startswith(b"GLASSJN2")


# -- no false alarm -------------------------------------------------------------------


async def test_a_running_engine_that_writes_while_it_is_looked_at_is_never_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SEGMENT", 8 << 10)
    async with running(tmp_path / "data") as engine:
        peer = await engine.peer()
        for number in range(40):
            for more in range(10):
                await peer.push(f"job-{number:03}-{more}", args=["x" * 300])
            assert check(engine.data).problems == []
    backed = backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    assert backed.faults == []
    assert re.fullmatch(r"\d+", str(backed.jobs["enqueued"]))
