"""``engine check`` finds what is wrong, says it plainly, and changes nothing."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from glasshouse.engine import schema
from glasshouse.engine.check import CheckReport, check
from glasshouse.engine.findings import REMEDIES, Findings
from glasshouse.engine.journal import FILES
from glasshouse.engine.migrations import MIGRATIONS, VERSION
from glasshouse.model.errors import StoreError
from glasshouse.model.parameters import Parameters
from tests.steady import LONG

from .folders import contents, fill, killed, tamper
from .peer import running


async def test_a_sound_folder_is_well_and_its_jobs_are_counted(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    report = check(tmp_path / "data")
    assert report.problems == []
    assert report.well
    assert report.jobs == {"enqueued": 2, "scheduled": 1, "retries": 1, "dead": 1, "working": 1}
    assert (report.version, report.running) == (VERSION, False)
    assert (report.queues, report.finished) == (2, 2)
    assert report.free_bytes > 0


async def test_a_stopped_folder_is_not_changed_by_a_byte(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    before = contents(tmp_path / "data")
    assert check(tmp_path / "data").well
    assert contents(tmp_path / "data") == before


def test_the_log_and_the_journal_of_a_killed_engine_are_read_too_and_stay(tmp_path: Path) -> None:
    killed(tmp_path / "data", 30)
    for _ in range(2):
        before = contents(tmp_path / "data")
        report = check(tmp_path / "data")
        assert report.problems == []
        assert report.jobs is not None
        assert 15 <= report.jobs["enqueued"] <= 30
        assert report.jobs["enqueued"] + report.waiting >= 30
        assert contents(tmp_path / "data") == before
        # A copied folder may lack the log's index.
        (tmp_path / "data" / f"{schema.FILE}-shm").unlink(missing_ok=True)


async def test_a_running_engine_is_checked_at_one_moment_while_it_works(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine:
        peer = await engine.peer()
        busy = asyncio.Event()
        done = False

        async def work() -> None:
            number = 0
            while not done:
                number += 1
                await peer.push(f"job-{number:06}", queue=f"q{number % 7}")
                if number % 3 == 0:
                    assert await peer.fetch(*(f"q{n}" for n in range(7))) is not None
                if number == 20:
                    busy.set()

        task = asyncio.create_task(work())
        await busy.wait()
        reports = [await asyncio.to_thread(check, engine.data) for _ in range(20)]
        async with asyncio.timeout(LONG):
            while _counted(reports[-1]) <= _counted(reports[0]):
                reports.append(await asyncio.to_thread(check, engine.data))
        done = True
        await task
    assert [problem for report in reports for problem in report.problems] == []
    assert all(report.running for report in reports)
    counted = [_counted(report) for report in reports]
    assert counted == sorted(counted)


def _counted(report: CheckReport) -> int:
    return sum((report.jobs or {}).values())


TAMPERED = [
    ("UPDATE queue SET size = 7 WHERE name = 'other'", "queue", "says 7 jobs and has 1"),
    ("DELETE FROM queue WHERE name = 'other'", "queue", "'other' has 1 jobs and is not in"),
    ("UPDATE queue SET paused = 5 WHERE name = 'other'", "queue", "pause mark 5"),
    ("UPDATE tally SET value = 9 WHERE name = 'size:3'", "tally", "retries says 9 jobs and has 1"),
    ("UPDATE tally SET value = -1 WHERE name = 'failures'", "tally", "'failures' is -1"),
    ("UPDATE job SET state = 8 WHERE jid = 'job-later-1'", "state", "state 8 that does not exist"),
    ("UPDATE job SET score = 9e999 WHERE jid = 'job-later-1'", "state", "no finite time"),
    ("UPDATE job SET enqueued_at = NULL WHERE jid = 'job-waits-1'", "state", "waits in a queue"),
    ("UPDATE job SET reserved_at = NULL WHERE state = 5", "state", "'job-working-1'"),
    ("UPDATE job SET payload = x'7b7d00' WHERE jid = 'job-dead-1'", "payload", "is no job"),
    ("UPDATE job SET payload = 'text' WHERE jid = 'job-dead-1'", "payload", "no bytes"),
    ("UPDATE job SET jid = 'job-other-1' WHERE jid = 'job-dead-1'", "payload", "another jid"),
    ("UPDATE job SET jobtype = 'X' WHERE jid = 'job-dead-1'", "payload", "another jobtype"),
    ("UPDATE job SET queue = 'x' WHERE jid = 'job-dead-1'", "payload", "another queue"),
    (
        "UPDATE job SET queue = 'other', score = 7 WHERE state = 1",
        "order",
        "'other' has 2 jobs at one place",
    ),
    ("UPDATE finished SET id = 90 WHERE id = 2", "finished", "gaps: 2 entries from 1 to 90"),
    ("UPDATE finished SET outcome = 9", "finished", "2 entries of the finished log have an"),
    ("INSERT INTO parameter VALUES ('due_period', 1e9)", "parameter", "due_period must be"),
    ("INSERT INTO parameter VALUES ('speed', 1)", "parameter", "parameter 'speed' does not exist"),
]


@pytest.mark.parametrize(("statement", "kind", "words"), TAMPERED)
async def test_what_the_engine_would_not_have_written_is_found(
    statement: str, kind: str, words: str, tmp_path: Path
) -> None:
    await fill(tmp_path / "data")
    tamper(tmp_path / "data", statement)
    found = check(tmp_path / "data").problems
    told = [problem for problem in found if problem.kind == kind]
    assert any(words in problem.detail for problem in told), found
    assert all(problem.remedy == REMEDIES[kind] for problem in told)


async def test_a_finished_log_beyond_its_bound_is_found(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    most = Parameters().finished_most + 21_000
    tamper(
        tmp_path / "data",
        f"WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
        " INSERT INTO finished SELECT i, 'j', 't', 'q', NULL, NULL, 0, 0, 1, NULL, NULL FROM n",
    )
    found = check(tmp_path / "data").problems
    assert [problem.kind for problem in found] == ["finished"]
    assert "121,000 entries; its bound is 100,000" in found[0].detail


def _overwrite_header(file: Path) -> None:
    with file.open("r+b") as database:
        database.write(b"not a database at all" * 5)


def _overwrite_middle(file: Path) -> None:
    with file.open("r+b") as database:
        database.seek(file.stat().st_size // 2 // 4096 * 4096)
        database.write(b"\xa5" * 4096)


def _cut_off(file: Path) -> None:
    with file.open("r+b") as database:
        database.truncate(file.stat().st_size // 2)


def _cut_to_nothing(file: Path) -> None:
    with file.open("r+b") as database:
        database.truncate(0)


@pytest.mark.parametrize("damage", [_overwrite_header, _overwrite_middle, _cut_off])
async def test_a_damaged_database_is_found(damage: Callable[[Path], None], tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine:
        peer = await engine.peer()
        for number in range(60):
            await peer.push(f"job-{number:05}", args=["x" * 900])
    damage(tmp_path / "data" / schema.FILE)
    found = check(tmp_path / "data").problems
    assert {problem.kind for problem in found} == {"pages"}
    assert "restore a backup" in found[0].remedy


async def test_a_database_cut_to_nothing_is_told_from_a_new_one(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    _cut_to_nothing(tmp_path / "data" / schema.FILE)
    with pytest.raises(StoreError, match="is empty, though an engine has run") as caught:
        check(tmp_path / "data")
    assert "restore a backup" in caught.value.remedy


@pytest.mark.parametrize("size", [0, 32, 5000])
def test_a_log_that_is_lost_is_no_loss_while_the_journal_has_what_it_held(
    size: int, tmp_path: Path
) -> None:
    killed(tmp_path / "data", 40)
    (tmp_path / "data" / f"{schema.FILE}-wal").write_bytes(b"garbage!" * size)
    report = check(tmp_path / "data")
    assert report.problems == []
    assert report.waiting >= 40


async def test_a_journal_that_begins_behind_the_database_is_found(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    async with running(tmp_path / "data") as engine:
        peer = await engine.peer()
        await peer.push("job-more-1")
    tamper(tmp_path / "data", "UPDATE journal SET applied = 2")
    report = check(tmp_path / "data")
    assert [problem.kind for problem in report.problems] == ["journal"]
    assert "the database needs 3" in report.problems[0].detail


async def test_the_journal_of_another_folder_is_found(tmp_path: Path) -> None:
    for name in ("data", "other"):
        await fill(tmp_path / name)
    shutil.copy(tmp_path / "other" / FILES[0], tmp_path / "data" / FILES[0])
    report = check(tmp_path / "data")
    assert [problem.kind for problem in report.problems] == ["journal"]
    assert "belongs to another database" in report.problems[0].detail


async def test_files_that_others_may_read_are_found(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    (tmp_path / "data").chmod(0o755)
    (tmp_path / "data" / schema.FILE).chmod(0o640)
    found = check(tmp_path / "data").problems
    assert [problem.kind for problem in found] == ["permissions"] * 2
    assert "mode 755" in found[0].detail
    assert "mode 640" in found[1].detail


async def test_a_disk_that_is_nearly_full_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path / "data")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 << 20))
    found = check(tmp_path / "data").problems
    assert [problem.kind for problem in found] == ["space"]
    assert "3.0 MiB left" in found[0].detail


def test_a_folder_without_a_database_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database of an engine") as caught:
        check(tmp_path)
    assert "--data" in caught.value.remedy


@pytest.mark.parametrize(
    ("version", "words"), [(0, "not one of Glasshouse"), (2, "not one of"), (99, "newer than")]
)
def test_a_foreign_file_and_one_of_a_newer_version_are_errors(
    version: int, words: str, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / schema.FILE) as db:
        db.execute("CREATE TABLE somebody (elses)")
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(StoreError, match=words):
        check(tmp_path)


def test_an_older_version_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with sqlite3.connect(tmp_path / schema.FILE) as db:
        db.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1")
        db.execute("INSERT INTO queue VALUES ('q', 3, 0)")
    db.close()
    (tmp_path / schema.FILE).chmod(0o600)
    report = check(tmp_path)
    assert (report.version, report.finished) == (1, None)
    assert [problem.kind for problem in report.problems] == ["queue"]


def test_many_findings_of_a_kind_are_counted_not_listed() -> None:
    findings = Findings()
    for number in range(1500):
        findings.add("payload", f"number {number}")
    told = findings.all()
    assert len(told) == 11
    assert told[-1].detail == "There are 1,490 more of this kind."


async def test_an_engine_may_start_meanwhile_and_it_looks_again(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    looks = 0

    def start(text: str) -> None:
        nonlocal looks
        if text.startswith("Reading the pages"):
            looks += 1
            if looks == 1:
                killed(tmp_path / "data", 3)

    report = check(tmp_path / "data", start)
    assert looks == 2
    assert report.jobs is not None
    assert report.jobs["enqueued"] + report.waiting >= 5
