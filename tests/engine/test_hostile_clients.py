"""Slow, half-open and greedy clients: they disturb nobody, and cost little."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from unittest import mock

import pytest

from glasshouse.engine import engine as engine_module
from glasshouse.engine import session

from .peer import Peer, running
from .process import EngineProcess, process

CROWD = 2_000
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def _many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * CROWD + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this user may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def rss_mb(engine: EngineProcess) -> float:
    status = Path(f"/proc/{engine.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def cpu(engine: EngineProcess) -> float:
    stat = Path(f"/proc/{engine.process.pid}/stat").read_text(encoding="ascii")
    return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / 100


def open_files(engine: EngineProcess) -> int:
    return len(list(Path(f"/proc/{engine.process.pid}/fd").iterdir()))


async def opened(port: int, first: bytes) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    return reader, writer


@contextlib.asynccontextmanager
async def crowd(port: int, first: bytes, count: int) -> AsyncIterator[list[Streams]]:
    """Connect many who say ``first`` and nothing more."""
    streams: list[Streams] = []
    try:
        for start in range(0, count, 200):
            batch = [opened(port, first) for _ in range(start, min(count, start + 200))]
            streams += await asyncio.gather(*batch)
        yield streams
    finally:
        for _, writer in streams:
            writer.transport.abort()


async def work(peer: Peer, jobs: int, name: str) -> None:
    """Push, fetch and acknowledge."""
    for number in range(jobs):
        jid = f"{name}-{number:06}"
        await peer.push(jid)
        assert ((await peer.fetch()) or {})["jid"] == jid
        assert await peer.ask(f'ACK {{"jid":"{jid}"}}') == "+OK"


@pytest.mark.usefixtures("_many_files")
@pytest.mark.parametrize(
    "first",
    [
        b'HELLO {"v":2}\r\nPUSH {"jid":"12',
        b'HELLO {"v":2,"wid":"w"}\r\nFETCH nothing\r\n',
        b'HELLO {"v":2}\r\nPUSH {"args":["' + b"x" * 20_000,
    ],
    ids=["half a line", "waiting", "much of a line"],
)
async def test_two_thousand_slow_clients_disturb_nobody(first: bytes, tmp_path: Path) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (8192, 8192))
        peer = await engine.peer()
        before = rss_mb(engine)
        async with crowd(engine.port, first, CROWD - 10) as streams:
            worked = asyncio.create_task(work(peer, 300, "job"))
            turn = 0
            while not worked.done():
                # One byte each, round and round, of a line that never ends.
                if b"FETCH" not in first:
                    streams[turn % len(streams)][1].write(b"x")
                turn += 1
                await asyncio.sleep(0)
            await worked
            assert (await peer.info())["server"]["connections"] >= CROWD - 10
            assert rss_mb(engine) - before < 200
        assert await engine.terminate() == 0
        assert "Traceback" not in engine.told()


@pytest.mark.usefixtures("_many_files")
async def test_clients_that_never_say_hello_are_closed_and_others_are_let_in(
    tmp_path: Path,
) -> None:
    with mock.patch.object(session, "HELLO_WITHIN", 0.3):
        async with running(tmp_path) as engine, crowd(engine.port, b"HEL", CROWD) as streams:
            await work(await engine.peer(), 20, "job")
            for reader, _ in streams:
                assert b"HI" in await reader.readline()
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""


async def test_beyond_a_bound_a_stranger_is_not_even_greeted(tmp_path: Path) -> None:
    with mock.patch.object(engine_module, "MOST_STRANGERS", 20):
        async with running(tmp_path) as engine, crowd(engine.port, b"", 20):
            for _ in range(5):
                reader, writer = await opened(engine.port, b"")
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()
        async with running(tmp_path) as engine:
            await (await engine.peer()).push("job-00001")


async def test_one_who_reads_no_answer_is_read_no_further(tmp_path: Path) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        greedy = await engine.peer()
        before = rss_mb(engine)
        line = b"INFO\r\n" * 1000
        sent = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while sent < 60 << 20:
                    greedy.writer.write(line)
                    await greedy.writer.drain()
                    sent += len(line)
        await work(peer, 50, "job")
        assert sent < 60 << 20
        assert rss_mb(engine) - before < 100
        greedy.writer.transport.abort()
        assert await engine.terminate() == 0


async def test_an_engine_out_of_file_descriptors_goes_on_and_recovers(tmp_path: Path) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        used = open_files(engine)
        resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (used + 5, 4096))
        async with crowd(engine.port, b"", 40):
            await work(peer, 100, "full")
            spent = cpu(engine)
            assert await peer.fetch("nothing") is None  # two seconds
            assert cpu(engine) - spent < 1.0
        resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(ConnectionError, AssertionError):
                    await work(await engine.peer(), 5, "after")
                    break
        assert await engine.terminate() == 0


async def test_a_line_without_end_is_cut_off_at_its_bound(tmp_path: Path) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer, endless = await engine.peer(), await engine.peer()
        piece = b"x" * (1 << 20)
        endless.writer.write(b"PUSH ")
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                endless.writer.write(piece)
                await endless.writer.drain()
            assert b"ERR" in await endless.reader.read()
        await work(peer, 20, "job")
        assert rss_mb(engine) < 250
        assert await engine.terminate() == 0
