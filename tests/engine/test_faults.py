"""What goes wrong under an engine is told, never a traceback, and loses nothing acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import msgspec
import pytest

from glasshouse.engine import schema, timers, waiting
from glasshouse.engine.backup import backup
from glasshouse.engine.check import check
from glasshouse.engine.disk import Disk, PlainFile
from glasshouse.engine.journal import FILES
from glasshouse.engine.migrations import MIGRATIONS
from glasshouse.engine.run import run_engine
from glasshouse.model.errors import StoreError
from glasshouse.model.times import format_time
from tests.steady import LONG

from .folders import contents, fill, killed
from .peer import FAST, Peer, Running, running
from .process import PATIENT, process, refused_start

PAGE = 4096


def jids(folder: Path) -> set[str]:
    db = schema.open_writer(folder)
    try:
        return {jid for (jid,) in db.execute("SELECT jid FROM job")}
    finally:
        db.close()


async def push_until_closed(engine: Running, name: str, acknowledged: set[str]) -> str:
    """Push one by one until the connection ends; return the last word of the engine."""
    peer, number = await engine.peer(), 0
    try:
        while True:
            number += 1
            jid = f"{name}-{number:06}"
            answer = await peer.ask(f'PUSH {{"jid":"{jid}","jobtype":"T","args":[]}}')
            if answer != "+OK":
                return str(answer)
            acknowledged.add(jid)
    except ConnectionError:
        return "closed"


# -- damaged files -------------------------------------------------------------


async def _many(folder: Path) -> set[str]:
    async with running(folder) as engine:
        peer = await engine.peer()
        for number in range(60):
            await peer.push(f"job-{number:05}", args=["x" * 900])
    return {f"job-{number:05}" for number in range(60)}


def _write(file: Path, offset: int, data: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        opened.write(data)


def _flip(file: Path, offset: int) -> None:
    """Change a byte, whatever it is."""
    _write(file, offset, bytes([file.read_bytes()[offset] ^ 0xFF]))


def _flip_both(file: Path) -> None:
    """Damage what a file of the journal says of itself, in both of its copies."""
    _flip(file, 12)
    _flip(file, 512 + 12)


def _leaf(file: Path) -> int:
    """Return where a page of the table of jobs begins, in the middle of the file."""
    data = file.read_bytes()
    leaves = [
        at
        for at in range(PAGE, len(data), PAGE)
        if data[at] == 0x0D and b"x" * 500 in data[at : at + PAGE]
    ]
    return leaves[len(leaves) // 2]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: _write(file, 0, b"not a database" * 9), "is damaged: file is not a database"),
        (lambda file: os.truncate(file, file.stat().st_size // 2 // PAGE * PAGE), "is damaged"),
        (lambda file: os.truncate(file, 1000), "is damaged"),
        (lambda file: os.truncate(file, 0), "is empty, though an engine has run"),
    ],
    ids=["header", "half", "a-piece", "nothing"],
)
async def test_a_damaged_file_is_refused_at_start_with_what_to_do(
    damage: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    await _many(tmp_path / "data")
    file = tmp_path / "data" / schema.FILE
    damage(file)
    before = file.read_bytes()
    told = refused_start(tmp_path / "data")
    assert words in told
    assert "Keep a copy of the folder" in told
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM journal",
        "UPDATE journal SET lineage = 5",
        "INSERT INTO tally VALUES ('never', 'none')",
        "INSERT INTO parameter VALUES ('dead_timeout', 'none')",
    ],
)
async def test_values_that_no_engine_has_written_are_refused_at_start_with_what_to_do(
    change: str, tmp_path: Path
) -> None:
    await _many(tmp_path / "data")
    file = tmp_path / "data" / schema.FILE
    with contextlib.closing(apsw.Connection(str(file))) as db:
        db.execute(change)
        assert db.changes()
    told = refused_start(tmp_path / "data")
    assert "is damaged" in told
    assert "Keep a copy of the folder" in told


async def test_a_log_without_its_database_is_not_thrown_away(tmp_path: Path) -> None:
    killed(tmp_path / "data", 5)
    file = tmp_path / "data" / schema.FILE
    log = file.with_name(f"{schema.FILE}-wal").read_bytes()
    file.unlink()
    assert "is missing, though an engine has run" in refused_start(tmp_path / "data")
    assert file.with_name(f"{schema.FILE}-wal").read_bytes() == log


async def test_a_damaged_page_stops_the_engine_when_it_is_met_and_the_check_finds_it(
    tmp_path: Path,
) -> None:
    await _many(tmp_path / "data")
    file = tmp_path / "data" / schema.FILE
    _write(file, _leaf(file), b"\xa5" * PAGE)
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        with contextlib.suppress(ConnectionError):
            while True:
                await peer.fetch()
        assert await engine.ended() == 1
        told = engine.told()
    assert "is damaged" in told
    assert "glasshouse engine check" in told
    assert "Traceback" not in told
    assert {problem.kind for problem in check(tmp_path / "data").problems} == {"pages"}


async def test_a_damaged_page_met_by_a_timer_stops_the_engine_too(tmp_path: Path) -> None:
    now = time.time()
    async with running(tmp_path / "data", clock=lambda: now) as engine:
        peer = await engine.peer()
        for number in range(60):
            at = format_time(now + 60)
            await peer.push(f"job-{number:05}", args=["x" * 900], at=at)
    file = tmp_path / "data" / schema.FILE
    _write(file, _leaf(file), b"\xa5" * PAGE)

    async def run() -> None:
        nonlocal now
        async with running(tmp_path / "data", clock=lambda: now) as engine:
            peer = await engine.peer()
            now += 120
            assert await peer.reader.read() == b""

    with pytest.raises(StoreError, match="is damaged"):
        await run()


@pytest.mark.parametrize("keep", [0, 0.5], ids=["all", "half"])
async def test_a_lost_log_is_no_loss_while_the_journal_has_what_it_held(
    keep: float, tmp_path: Path
) -> None:
    killed(tmp_path / "data", 40)
    log = tmp_path / "data" / f"{schema.FILE}-wal"
    os.truncate(log, int(log.stat().st_size * keep))
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        assert (await peer.info())["faktory"]["total_enqueued"] == 40
        assert await engine.terminate() == 0
    assert len(jids(tmp_path / "data")) == 40


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data, other: shutil.copy(other / FILES[0], data / FILES[0]), "another database"),
        (lambda data, _: shutil.copy(data / "older.db", data / schema.FILE), "the database needs"),
        (lambda data, _: _flip_both(data / FILES[0]), "is damaged: the beginning"),
        (lambda data, _: os.truncate(data / FILES[0], 30), "is damaged: the beginning"),
    ],
    ids=["another's", "newer", "header", "cut"],
)
async def test_a_journal_that_does_not_belong_to_the_database_is_refused_and_kept(
    damage: Callable[[Path, Path], object], words: str, tmp_path: Path
) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    await fill(other)
    await fill(data)
    shutil.copy(data / schema.FILE, data / "older.db")
    async with running(data) as engine:
        await (await engine.peer()).push("job-more-1")
    async with running(data) as engine:
        await (await engine.peer()).push("job-more-2")
    damage(data, other)
    before = contents(data)
    told = refused_start(data)
    assert words in told
    assert {**contents(data), "engine.lock": b""} == {**before, "engine.lock": b""}


async def test_a_copy_restored_beside_an_older_journal_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await fill(data)
    backup(data, tmp_path / "copy.db", force=False)
    async with running(data) as engine:
        assert await (await engine.peer()).ask("FLUSH") == "+OK"
    shutil.copy(tmp_path / "copy.db", data / schema.FILE)
    told = refused_start(data)
    assert "belongs to another database" in told
    assert "begin with an empty folder" in told
    for name in FILES:
        (data / name).unlink(missing_ok=True)
    assert len(jids(data)) == 6
    async with running(data) as engine:
        assert ((await (await engine.peer()).fetch()) or {})["jid"] == "job-waits-1"


# -- other versions, others' files -------------------------------------------------


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (0, "is not one of Glasshouse. Choose another data folder"),
        (1, "is not one of Glasshouse"),
        (len(MIGRATIONS), "is not one of Glasshouse"),
        (len(MIGRATIONS) + 1, "newer than this program's"),
    ],
)
def test_somebody_elses_database_and_a_newer_one_are_refused_and_not_touched(
    version: int, words: str, tmp_path: Path
) -> None:
    file = tmp_path / schema.FILE
    db = apsw.Connection(str(file))
    db.execute("CREATE TABLE somebody (elses)")
    db.pragma("user_version", version)
    db.close()
    before = file.read_bytes()
    assert words in refused_start(tmp_path)
    assert file.read_bytes() == before


async def test_a_file_of_the_first_version_is_brought_up_to_date_with_its_jobs(
    tmp_path: Path,
) -> None:
    db = apsw.Connection(str(tmp_path / schema.FILE))
    db.pragma("journal_mode", "wal")
    db.execute(MIGRATIONS[0])
    db.pragma("user_version", 1)
    payload = b'{"jid":"job-old-01","jobtype":"Old","args":[1],"queue":"q","retry":3}'
    for number, (state, queue) in enumerate([(1, "q"), (1, "q"), (2, "q"), (4, "q")], 1):
        db.execute(
            "INSERT INTO job VALUES (?, ?, ?, ?, ?, 'Old', 3, 0, 1.7e9, NULL, NULL, ?)",
            (number, state, 9e9 + number, queue, f"job-old-0{number}",
             payload.replace(b"old-01", b"old-0%d" % number)),
        )  # fmt: skip
    db.execute("INSERT INTO queue VALUES ('q', 2, 1); INSERT INTO tally VALUES ('processed', 77)")
    db.close()
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        info = (await peer.info())["faktory"]
        assert (info["queues"], info["total_processed"]) == ({"q": 2}, 77)
        assert (info["sets"]["scheduled"], info["sets"]["dead"]) == (1, 1)
        assert await peer.ask("QUEUE RESUME q") == "+OK"
        assert ((await peer.fetch("q")) or {})["jid"] == "job-old-01"
        assert await peer.ask('ACK {"jid":"job-old-01"}') == "+OK"
    report = check(tmp_path)
    assert (report.version, report.finished) == (len(MIGRATIONS), 1)
    assert [p for p in report.problems if p.kind != "permissions"] == []
    assert (tmp_path / schema.FILE).stat().st_mode & 0o777 == 0o600


# -- rights ------------------------------------------------------------------------


@pytest.fixture
def others() -> Iterator[Path]:
    """A folder that another user may pass through; tests' own folders are closed to others."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _refused_to_another(data: Path) -> str:
    """Let another user start an engine on ``data``; return what it says."""
    result, end = os.pipe()
    child = os.fork()
    if child == 0:
        # Forked, not executed: another user may not be allowed to run this Python.
        signal.alarm(120)
        try:
            os.setgid(65534)
            os.setuid(65534)
            asyncio.run(
                run_engine(
                    data=data, host="127.0.0.1", port=0, password=None,
                    on_ready=lambda _host, _port: None, stop=asyncio.Event(),
                )
            )  # fmt: skip
        except StoreError as error:
            os.write(end, f"{error.detail} {error.remedy}".encode())
        finally:
            os._exit(0)
    os.close(end)
    os.waitpid(child, 0)
    with os.fdopen(result) as told:
        return told.read()


async def test_a_folder_that_one_may_not_write_is_told_at_start(others: Path) -> None:
    await fill(others / "data")
    assert "cannot be used: Permission denied" in _refused_to_another(others / "data")
    (others / "data").chmod(0o755)
    assert "cannot be used: Permission denied" in _refused_to_another(others / "data")


async def test_a_database_that_one_may_not_open_is_told_at_start(others: Path) -> None:
    await fill(others / "data")
    os.chown(others / "data", 65534, 65534)
    for path in (others / "data").iterdir():
        if path.name != schema.FILE:
            os.chown(path, 65534, 65534)
    told = _refused_to_another(others / "data")
    assert "cannot be written: unable to open database file" in told
    (others / "data" / schema.FILE).chmod(0o644)
    told = _refused_to_another(others / "data")
    assert "cannot be written: attempt to write a readonly database" in told


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, that a test may make read-only."""
    at = tmp_path / "disk"
    at.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a file system needs root")
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(at)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)


def make_read_only(at: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(at)], check=True)


async def test_a_read_only_disk_is_told_at_start(disk: Path) -> None:
    await fill(disk / "data")
    make_read_only(disk)
    told = refused_start(disk / "data")
    assert "cannot be used: Read-only file system" in told
    assert check(disk / "data").jobs is not None


# -- syncs that fail ---------------------------------------------------------------


class _Failing(PlainFile):
    """A journal whose syncs fail as a broken disk's once ``left`` are used up."""

    left = 0

    def sync(self) -> None:
        if self.path.name in FILES:
            if type(self).left == 0:
                raise OSError(5, "Input/output error")
            type(self).left -= 1
        super().sync()


# A start syncs both files.
AT_START = 2


@pytest.mark.parametrize("left", range(AT_START))
async def test_a_sync_that_fails_at_the_start_is_told_then(left: int, tmp_path: Path) -> None:
    class Log(_Failing):
        pass

    Log.left = left
    with pytest.raises(StoreError, match=r"cannot be used: Input/output error") as told:
        async with running(tmp_path / "data", disk=Disk(log=Log)):
            pass
    assert "Check the disk" in told.value.remedy


@pytest.mark.parametrize("calls", [0, 1, 20])
@pytest.mark.parametrize("swift", [True, False])
async def test_a_failing_sync_stops_the_engine_and_nothing_unsynced_was_acknowledged(
    calls: int, tmp_path: Path, *, swift: bool
) -> None:
    class Log(_Failing):
        left = AT_START + calls

    acknowledged: set[str] = set()
    words: list[str] = []

    async def push() -> None:
        async with running(tmp_path / "data", disk=Disk(log=Log, swift=swift)) as engine:
            words.extend(
                await asyncio.gather(
                    *(push_until_closed(engine, f"p{n}", acknowledged) for n in range(6))
                )
            )

    with pytest.raises(StoreError, match=r"The disk under .* failed: .*Input/output error") as told:
        await push()
    assert all(word == "closed" or word.startswith("-ERR storage") for word in words)
    assert "start again" in told.value.remedy
    assert bool(acknowledged) == (calls > 0)
    async with running(tmp_path / "data"):
        pass
    assert acknowledged <= jids(tmp_path / "data")


# -- two engines; ends ---------------------------------------------------------------


async def test_a_second_engine_on_a_folder_is_refused_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        await peer.push("job-00001")
        told = await asyncio.to_thread(refused_start, tmp_path / "data")
        assert "Another engine runs on the data folder" in told
        assert "--data" in told
        assert ((await peer.fetch()) or {})["jid"] == "job-00001"
        assert await engine.terminate() == 0


async def test_sigterm_under_load_is_in_time_and_keeps_every_acknowledged_push(
    tmp_path: Path,
) -> None:
    acknowledged: set[str] = set()
    async with process(tmp_path / "data", tmp_path / "log", PATIENT) as engine:
        pushers = [
            asyncio.create_task(push_until_closed(engine, f"p{n}", acknowledged)) for n in range(10)
        ]
        idle = await engine.peer()
        waiting = await engine.peer()
        waiting.send("FETCH nothing")
        async with asyncio.timeout(LONG):
            while len(acknowledged) < 500:
                await asyncio.sleep(0.001)
        engine.process.terminate()
        words = await asyncio.gather(*pushers)
        assert set(words) <= {"closed", "-ERR shutdown in progress"}
        assert await idle.reader.read() == b""
        assert await waiting.reader.read() in {b"$-1\r\n", b""}
        # An engine that waited for who is idle, or for a FETCH, would not end within the hour.
        assert await engine.ended() == 0
        assert "Traceback" not in engine.told()
    there = jids(tmp_path / "data")
    assert acknowledged <= there
    assert len(there - acknowledged) <= 10
    assert check(tmp_path / "data").problems == []


class _Once(PlainFile):
    """A journal that refuses one record, after those that are ``allowed``."""

    allowed: int | None = None

    def write(self, offset: int, data: bytes) -> None:
        kind = type(self)
        if kind.allowed == 0:
            kind.allowed = None
            raise OSError(28, "No space left on device")
        if kind.allowed is not None:
            kind.allowed -= 1
        super().write(offset, data)


async def test_a_record_refused_in_the_middle_of_a_long_command_is_not_taken_for_done(
    tmp_path: Path,
) -> None:
    class Log(_Once):
        pass

    async with running(tmp_path / "data", disk=Disk(log=Log)) as engine:
        peer = await engine.peer()
        at = format_time(time.time() + 9999)
        jobs = [{"jid": f"job-{n:06}", "jobtype": "T", "args": [], "at": at} for n in range(20_000)]
        assert await peer.ask("PUSHB " + json.dumps(jobs)) == b"{}"
        Log.allowed = 3
        answer = await peer.ask('MUTATE {"cmd":"discard","target":"scheduled","filter":{}}')
        assert answer == "-ERR storage failed, only a part was done"
        push = 'PUSH {"jid":"job-after","jobtype":"T","args":[]}'
        while str(await peer.ask(push)).startswith("-ERR storage failed"):
            await asyncio.sleep(0.01)
        left = (await peer.info())["faktory"]["sets"]["scheduled"]
        assert 0 < left < 20_000
    assert len(jids(tmp_path / "data")) == left + 1


# -- clocks --------------------------------------------------------------------------


async def test_a_clock_that_jumps_back_an_hour_loses_nothing_and_timers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "FETCH_WAITS", LONG)
    now = time.time()
    # Reaped by hand: a worker that is silent for that hour may be found before its BEAT is.
    by_hand = msgspec.structs.replace(FAST, reap=3600)
    async with running(tmp_path / "data", clock=lambda: now, timers=by_hand) as engine:
        peer = await engine.peer(wid="worker-1")
        await peer.push("job-before", queue="a")
        assert (await peer.fetch("a")) is not None
        await peer.push("job-later-1", queue="b", at=format_time(now + 30))
        now -= 3600
        await peer.push("job-back-01", queue="a")
        await peer.push("job-later-2", queue="b", at=format_time(now + 30))
        assert await peer.ask('BEAT {"wid":"worker-1"}') == "+OK"
        assert await peer.ask('ACK {"jid":"job-before"}') == "+OK"
        assert ((await peer.fetch("a")) or {})["jid"] == "job-back-01"
        assert json.loads(str(await _latency(peer, "a"))) == {"a": 0.0}
        now += 31
        assert ((await peer.fetch("b")) or {})["jid"] == "job-later-2"
        now += 3600
        assert await peer.ask('BEAT {"wid":"worker-1"}') == "+OK"
        assert ((await peer.fetch("b")) or {})["jid"] == "job-later-1"
        timers.reap(engine.engine)
        # What was reserved after the jump has expired by now and waits for its retry.
        async with asyncio.timeout(LONG):
            while (info := (await peer.info())["faktory"])["sets"]["retries"] < 2:
                await asyncio.sleep(0.01)
        assert info["sets"] == {"scheduled": 0, "retries": 2, "dead": 0, "working": 1}
    assert check(tmp_path / "data").problems == []


async def _latency(peer: Peer, queue: str) -> str:
    body = await peer.ask(f"QUEUE LATENCY {queue}")
    assert isinstance(body, bytes)
    return body.decode()
