"""The control socket: what it does, who may ask, and what becomes of bad requests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from glasshouse.engine import schema
from glasshouse.engine.acts import Configure, Signal
from glasshouse.engine.attachment import Attachment, RefusedError
from glasshouse.engine.control import (
    FILE,
    LONGEST_LINE,
    ReadParameters,
    Settle,
    address,
)
from glasshouse.model.errors import StoreError
from glasshouse.model.parameters import Parameters
from tests.steady import LONG

from .peer import Running, running
from .process import process


@contextlib.asynccontextmanager
async def attached(folder: Path, patience: float = LONG) -> AsyncIterator[Attachment]:
    attachment = Attachment(folder, patience=patience)
    try:
        yield attachment
    finally:
        await attachment.close()


def count(folder: Path) -> int:
    db = schema.open_reader(folder)
    try:
        return int(db.execute("SELECT count(*) FROM job").get)
    finally:
        db.close()


async def raw(engine: Running, line: bytes) -> dict[str, dict[str, str]]:
    reader, writer = await asyncio.open_unix_connection(str(engine.data / FILE))
    try:
        writer.write(line)
        return msgspec.json.decode(await reader.readline(), type=dict[str, dict[str, str]])
    finally:
        writer.close()


async def test_after_settling_a_reader_sees_everything_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        peer = await engine.peer()
        for number in range(1, 41):
            await peer.push(f"job-{number:05}")
            assert await attachment.settle()
            assert count(tmp_path) == number


async def test_settling_at_once_from_many_sides_is_few_requests(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        asked = 0
        settle = engine.engine.committer.settle

        def counted() -> bool:
            nonlocal asked
            asked += 1
            return settle()

        engine.engine.committer.settle = counted  # type: ignore[method-assign]
        await (await engine.peer()).push("job-00001")
        assert all(await asyncio.gather(*(attachment.settle() for _ in range(200))))
        assert count(tmp_path) == 1
        assert asked < 20


async def test_parameters_are_set_at_once_and_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        assert await attachment.ask(ReadParameters()) == msgspec.structs.asdict(Parameters())
        told = await attachment.ask(Configure({"default_retry": 3, "dead_lifetime": 7200}))
        assert (told["default_retry"], told["dead_lifetime"]) == (3, 7200.0)
        peer = await engine.peer()
        await peer.push("job-00001")
        assert await peer.fetch() is not None
        await peer.ask('FAIL {"jid":"job-00001"}')
        assert (await peer.info())["faktory"]["sets"]["retries"] == 1
    async with running(tmp_path), attached(tmp_path) as attachment:
        assert (await attachment.ask(ReadParameters()))["default_retry"] == 3


async def test_parameters_out_of_bounds_are_refused_and_none_is_set(tmp_path: Path) -> None:
    async with running(tmp_path), attached(tmp_path) as attachment:
        with pytest.raises(RefusedError, match="due_period must be between") as caught:
            await attachment.ask(Configure({"default_retry": 3, "due_period": 1e6}))
        assert caught.value.code == "invalid"
        with pytest.raises(RefusedError, match="parameter 'speed' does not exist") as caught:
            await attachment.ask(Configure({"speed": 3}))
        assert "dead_lifetime" in caught.value.remedy
        assert await attachment.ask(ReadParameters()) == msgspec.structs.asdict(Parameters())


async def test_a_worker_is_told_by_the_answer_to_its_beat_on_all_connections(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        first, second = await engine.peer(wid="w1"), await engine.peer(wid="w1")
        other = await engine.peer(wid="w2")
        assert await attachment.ask(Signal("quiet", "w1")) == {"told": 1}
        for peer in (first, second):
            assert await peer.ask('BEAT {"wid":"w1"}') == b'{"state":"quiet"}'
        assert await other.ask('BEAT {"wid":"w2"}') == "+OK"
        assert await attachment.ask(Signal("terminate", None)) == {"told": 2}
        assert await other.ask('BEAT {"wid":"w2"}') == b'{"state":"terminate"}'
        with pytest.raises(RefusedError, match="No worker 'w9'") as caught:
            await attachment.ask(Signal("quiet", "w9"))
        assert caught.value.code == "not_found"


async def test_a_parameter_that_the_disk_does_not_take_is_an_error(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:

        def refuse(body: bytes) -> int:
            raise OSError(28, f"No space left for {len(body)} bytes")

        engine.engine.committer._journal.append = refuse  # type: ignore[method-assign]
        for _ in range(2):
            with pytest.raises(RefusedError, match="the disk is full"):
                await attachment.ask(Configure({"default_retry": 3}))


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"settle\n",
        b'{"do":"drop"}\n',
        b'{"do":"configure"}\n',
        b'{"do":"configure","changes":{"default_retry":"3"}}\n',
        b'{"do":"settle","more":1}\n',
        b'{"do":"signal","wid":"w1","state":"running"}\n',
        b'{"do":"signal","state":"quiet"}\n',
        b"[" * 100_000 + b"\n",
        b"\xff\n",
    ],
)
async def test_what_is_no_request_is_told_and_changes_nothing(line: bytes, tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        worker = await engine.peer(wid="w1")
        error = (await raw(engine, line))["error"]
        assert error["code"] == "invalid"
        assert error["detail"].startswith("This is no request")
        assert await worker.ask('BEAT {"wid":"w1"}') == "+OK"
        assert await attachment.ask(ReadParameters()) == msgspec.structs.asdict(Parameters())


async def test_a_line_without_an_end_closes_its_connection_only(tmp_path: Path) -> None:
    async with running(tmp_path), attached(tmp_path) as attachment:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / FILE))
        writer.write(b"x" * (2 * LONGEST_LINE + 1))
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert await attachment.settle()


async def test_the_socket_is_its_owners_only(tmp_path: Path) -> None:
    async with running(tmp_path):
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / FILE).is_socket()
    assert not (tmp_path / FILE).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
async def test_another_user_gets_no_answer_even_where_the_mode_would_let_him(
    tmp_path: Path,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running(folder):
            open_to_all(folder)
            assert await asyncio.to_thread(settle_as, 65534, folder) == b""
            assert b"done" in await asyncio.to_thread(settle_as, 0, folder)


def open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / FILE).chmod(0o666)


def settle_as(user: int, folder: Path) -> bytes:
    """Return what the engine answers to a process of another user."""
    result, end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(user)
            with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(ConnectionError):
                sock.connect(str(folder / FILE))
                sock.sendall(b'{"do":"settle"}\n')
                os.write(end, sock.recv(100))
        finally:
            os._exit(0)
    os.close(end)
    os.waitpid(child, 0)
    with os.fdopen(result, "rb") as answer:
        return answer.read()


async def test_a_socket_that_a_killed_engine_left_is_taken_over(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with process(data, tmp_path / "log") as engine:
        engine.process.kill()
        await engine.ended()
    assert (data / FILE).exists()
    async with attached(data) as attachment:
        with pytest.raises(StoreError, match="No engine answers on"):
            await attachment.ask(Settle())
        assert not await attachment.settle()
        async with process(data, tmp_path / "log"):
            assert await attachment.settle()
        async with process(data, tmp_path / "log"):
            assert await attachment.settle()


async def test_a_path_longer_than_the_kernel_takes_works_too(tmp_path: Path) -> None:
    data = tmp_path / ("deep" * 40) / ("deeper" * 20)
    data.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(OSError, match="too long"):
        sock.connect(str(data / FILE))
    with address(data) as where:
        assert len(where) < 100
    async with running(data) as engine, attached(data) as attachment:
        await (await engine.peer()).push("job-00001")
        assert await attachment.settle()
        assert count(data) == 1
    assert not (data / FILE).exists()


async def test_settling_tells_when_the_database_does_not_follow(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, attached(tmp_path) as attachment:
        await (await engine.peer()).push("job-00001")
        assert await attachment.settle()
        engine.engine._store.db.pragma("query_only", True)
        await (await engine.peer()).push("job-00002")
        assert not await attachment.settle()
        engine.engine._store.db.pragma("query_only", False)
        while not await attachment.settle():
            await asyncio.sleep(0)
        assert count(tmp_path) == 2


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(tmp_path: Path) -> None:
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(tmp_path / FILE))
    silent.listen()
    async with attached(tmp_path, patience=0.05) as attachment:
        with pytest.raises(StoreError, match="No engine answers"):
            await attachment.ask(Settle())
        silent.close()
        (tmp_path / FILE).unlink()
        attachment._patience = LONG
        async with running(tmp_path):
            told = await attachment.ask(ReadParameters())
            assert told["default_retry"] == 25
