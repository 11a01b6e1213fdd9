"""``engine backup``: a whole copy of one moment, or none; the engine goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path

import apsw
import pytest

from glasshouse.engine import schema
from glasshouse.engine.backup import backup
from glasshouse.engine.check import check
from glasshouse.engine.migrations import VERSION
from glasshouse.model.errors import StoreError

from .folders import contents, fill, killed, tamper
from .peer import Running, running


def restored(copy: Path, folder: Path) -> Path:
    """Put a backup where an engine may start, as the documentation says."""
    folder.mkdir(mode=0o700)
    shutil.copy(copy, folder / schema.FILE)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def jids(folder: Path) -> set[str]:
    db = schema.open_reader(folder)
    try:
        return {jid for (jid,) in db.execute("SELECT jid FROM job")}
    finally:
        db.close()


async def test_a_stopped_engine_is_copied_whole_and_left_as_it_was(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    before = contents(tmp_path / "data")
    copy = backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    assert contents(tmp_path / "data") == before
    assert copy.jobs == {"enqueued": 2, "scheduled": 1, "retries": 1, "dead": 1, "working": 1}
    assert (copy.version, copy.bytes) == (VERSION, (tmp_path / "copy.db").stat().st_size)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["copy.db", "data"]


async def test_an_engine_goes_on_from_a_restored_copy(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    folder = restored(tmp_path / "copy.db", tmp_path / "again")
    async with running(folder) as engine:
        peer = await engine.peer()
        assert ((await peer.fetch()) or {})["jid"] == "job-waits-1"
        assert await peer.ask('ACK {"jid":"job-working-1"}') == "+OK"
        sets = (await peer.info())["faktory"]["sets"]
        assert sets == {"scheduled": 1, "retries": 1, "dead": 1, "working": 1}
    assert check(folder).problems == []


def test_a_killed_engines_log_is_in_the_copy(tmp_path: Path) -> None:
    killed(tmp_path / "data", 25)
    before = contents(tmp_path / "data")
    copy = backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    assert copy.jobs["enqueued"] == 25
    assert contents(tmp_path / "data") == before


async def _push(engine: Running, number: int, acknowledged: set[str], enough: int) -> float:
    """Push one by one until there are ``enough``; return the longest wait for an answer."""
    peer, longest, turn = await engine.peer(), 0.0, 0
    loop = asyncio.get_running_loop()
    while len(acknowledged) < enough:
        turn += 1
        jid, start = f"jid-{number}-{turn:06}", loop.time()
        await peer.push(jid, queue=f"q{number}", args=["x" * 300])
        longest = max(longest, loop.time() - start)
        acknowledged.add(jid)
    return longest


async def test_a_copy_under_load_has_every_push_acknowledged_before_it_began(
    tmp_path: Path,
) -> None:
    acknowledged: set[str] = set()
    known: list[set[str]] = []
    async with running(tmp_path / "data") as engine:
        pushers = [
            asyncio.create_task(_push(engine, number, acknowledged, 3_000)) for number in range(6)
        ]
        for turn in range(4):
            while len(acknowledged) < 700 * turn + 100:
                await asyncio.sleep(0.001)
            known.append(set(acknowledged))
            await asyncio.to_thread(backup, engine.data, tmp_path / f"{turn}.db", force=False)
        waits = await asyncio.gather(*pushers)
    assert max(waits) < 30
    for turn, before in enumerate(known):
        folder = restored(tmp_path / f"{turn}.db", tmp_path / f"again-{turn}")
        assert check(folder).problems == []
        async with running(folder) as engine:
            there = jids(folder)
            assert before <= there
            peer = await engine.peer()
            assert (await peer.info())["faktory"]["total_enqueued"] == len(there)
    assert acknowledged <= jids(tmp_path / "data")


async def test_an_older_copy_is_replaced_only_by_force(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    target = tmp_path / "copy.db"
    target.write_text("an older one")
    with pytest.raises(StoreError, match="exists already") as caught:
        backup(tmp_path / "data", target, force=False)
    assert "--force" in caught.value.remedy
    assert target.read_text() == "an older one"
    backup(tmp_path / "data", target, force=True)
    assert target.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("data/engine.db", "the engine's own folder"),
        ("data/../data/copy.db", "the engine's own folder"),
        ("folder", "is a folder"),
        ("missing/copy.db", "No such file"),
    ],
)
async def test_a_target_that_cannot_be_is_refused(target: str, words: str, tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    (tmp_path / "folder").mkdir()
    before = contents(tmp_path / "data")
    with pytest.raises(StoreError, match=words):
        backup(tmp_path / "data", tmp_path / target, force=True)
    assert contents(tmp_path / "data") == before


async def test_a_damaged_database_gives_an_error_and_no_copy(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    database = tmp_path / "data" / schema.FILE
    root = _root_page(database, "job")
    with database.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    (tmp_path / "copy.db").write_text("the last good one")
    with pytest.raises(StoreError, match="damaged"):
        backup(tmp_path / "data", tmp_path / "copy.db", force=True)
    assert (tmp_path / "copy.db").read_text() == "the last good one"
    assert names(tmp_path) == ["copy.db", "data"]


def _root_page(database: Path, table: str) -> int:
    db = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get)
    finally:
        db.close()


@pytest.mark.parametrize("error", [apsw.FullError("full"), OSError(5, "Input/output error")])
async def test_a_failing_disk_under_the_copy_leaves_nothing_behind(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path / "data")

    def fail(_: int) -> None:
        raise error

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(StoreError, match=r"cannot be written: (its disk is full|Input/output)"):
        backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    assert names(tmp_path) == ["data"]


async def test_the_copy_is_synced_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path / "data")
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_sync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        order.append(f"sync {kind}")
        fsync(descriptor)

    def note_rename(source: Path, target: Path) -> None:
        order.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_rename)
    backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    assert order == ["sync file", "rename", "sync folder"]


async def test_a_foreign_database_is_not_copied(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    tamper(tmp_path / "data", "DROP TABLE tally")
    with pytest.raises(StoreError, match="not one of Glasshouse"):
        backup(tmp_path / "data", tmp_path / "copy.db", force=False)
    assert names(tmp_path) == ["data"]
