"""Places that get the ledger: what they take is there, what they do not take is told."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from glasshouse.integrations import ledger_receivers
from glasshouse.integrations.ledger_receivers import (
    FileReceiver,
    HttpReceiver,
    SinkError,
    SyslogReceiver,
)
from glasshouse.ledger.chain import Head, Link, sealed
from glasshouse.ledger.export import line
from glasshouse.ledger.record import Event, Record, Subject
from tests.upstream.standin import Answering

SIGNED = b'{"ledger":"ab","seq":3,"signature":"cd"}\n'
START = Head(0, b"\1" * 32)


def links(count: int) -> list[Link]:
    record = Record(event=Event.SIGNED_IN, at=1_700_000_000.0, who=Subject(name="local:ä\n"))
    return list(sealed(START, [record] * count))


def lines(count: int) -> list[bytes]:
    return list(map(line, links(count)))


async def test_a_file_grows_and_says_what_it_has(tmp_path: Path) -> None:
    file = FileReceiver(tmp_path / "audit.jsonl")
    assert await file.last() is None
    told = lines(5)
    await file.send(told[:3], [SIGNED])
    await file.send(told[3:], [])
    assert (tmp_path / "audit.jsonl").read_bytes() == b"".join(told)
    assert (tmp_path / "audit.checkpoints.jsonl").read_bytes() == SIGNED
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600
    assert await file.last() == links(5)[-1]


@pytest.mark.parametrize("torn", [b"{", lines(3)[2][:-1]])
async def test_what_a_crash_left_half_written_is_cut(tmp_path: Path, torn: bytes) -> None:
    path, told = tmp_path / "audit.jsonl", lines(3)
    signed = tmp_path / "audit.checkpoints.jsonl"
    path.write_bytes(b"".join(told[:2]) + torn)
    signed.write_bytes(SIGNED + SIGNED[:-9])
    file = FileReceiver(path)
    assert await file.last() == links(2)[-1]
    await file.send(told[2:], [SIGNED])
    assert path.read_bytes() == b"".join(told)
    assert signed.read_bytes() == SIGNED + SIGNED


FOREIGN = [
    b"Dear all,\n",
    b'{"important": 1}',
    b"one\nkey = 5\nlast",
    b'{"digest":"x"}\n',
    b"x" * 9000,
]


@pytest.mark.parametrize("held", FOREIGN)
@pytest.mark.parametrize("name", ["audit.jsonl", "audit.checkpoints.jsonl"])
async def test_a_file_of_something_else_is_left_as_it_is(
    tmp_path: Path, name: str, held: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(held)
    file = FileReceiver(tmp_path / "audit.jsonl")
    for look in (file.probe, file.last):
        with pytest.raises(SinkError, match="not an audit log"):
            await look()
    assert path.read_bytes() == held


async def test_a_probe_leaves_what_is_being_written_alone(tmp_path: Path) -> None:
    path, told = tmp_path / "audit.jsonl", lines(2)
    half = told[0] + told[1][:50]
    path.write_bytes(half)
    await FileReceiver(path).probe()
    assert path.read_bytes() == half


@pytest.mark.parametrize(
    ("where", "said"),
    [("/dev/full", "no space left"), ("/nowhere/at/all/audit.jsonl", "folder does not exist")],
)
async def test_a_file_that_cannot_be_written_says_why(where: str, said: str) -> None:
    with pytest.raises(SinkError, match=said):
        await FileReceiver(Path(where)).send(lines(1), [])


async def test_syslog_gets_a_message_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    receiver = SyslogReceiver(path)
    with pytest.raises(SinkError, match="no messages"):
        await receiver.send(lines(1), [])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(str(path))
        taken.settimeout(60)
        await receiver.send(lines(2), [b'{"signature":"ab"}\n'])
        found = [taken.recv(1 << 16) for _ in range(3)]
    assert all(message.startswith(b"<85>") and b" glasshouse[" in message for message in found)
    bodies = [message.split(b"]: ", 1)[1] for message in found]
    assert bodies == [*(told[:-1] for told in lines(2)), b'{"signature":"ab"}']


@contextlib.asynccontextmanager
async def collector(answers: list[int], got: list[web.Request]) -> AsyncIterator[str]:
    """Yield the address of a collector that answers with these statuses in turn."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        got.append(request)
        status = answers.pop(0)
        return web.Response(status=status, headers={"location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        (address,) = runner.addresses
        yield f"http://127.0.0.1:{address[1]}/hook/s3cret"
    finally:
        await runner.cleanup()


async def test_a_collector_gets_all_lines_at_once_with_its_token() -> None:
    got: list[web.Request] = []
    async with collector([204], got) as url:
        receiver = HttpReceiver(url, "w0rd")
        await receiver.send(lines(3), [b'{"signature":"ab"}\n'])
        await receiver.close()
    (request,) = got
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.headers["authorization"] == "Bearer w0rd"
    assert await request.read() == b"".join(lines(3)) + b'{"signature":"ab"}\n'


async def test_a_collector_that_is_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_receivers, "_SECONDS", 0.05)

    async def listens(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with Answering(listens).running() as server:
        receiver = HttpReceiver(f"http://127.0.0.1:{server.port}/hook", None)
        with pytest.raises(SinkError, match="does not answer in time"):
            await receiver.send(lines(1), [])
        await receiver.close()
        await server.until_closed()


@pytest.mark.parametrize(
    ("status", "said"), [(302, "rejects"), (400, "rejects"), (503, "with an error")]
)
async def test_a_collector_that_does_not_take_them_is_told_without_its_address(
    status: int, said: str
) -> None:
    got: list[web.Request] = []
    async with collector([status], got) as url:
        receiver = HttpReceiver(url, "w0rd")
        with pytest.raises(SinkError, match=said) as caught:
            await receiver.send(lines(1), [])
        await receiver.close()
    assert len(got) == 1
    assert str(status) in caught.value.remedy
    assert "s3cret" not in receiver.name + receiver.key + caught.value.detail


async def test_a_name_that_is_none_is_told() -> None:
    receiver = HttpReceiver("https://logs..example.com/in")
    with pytest.raises(SinkError):
        await receiver.send(lines(1), [])
    await receiver.close()


async def test_a_collector_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        receiver = HttpReceiver(f"http://127.0.0.1:{free.getsockname()[1]}/s3cret")
        with pytest.raises(SinkError, match="Nothing answers") as caught:
            await receiver.send(lines(1), [])
        await receiver.close()
    assert "s3cret" not in caught.value.detail


async def test_a_file_is_whole_whoever_is_called_off_while_it_is_written(tmp_path: Path) -> None:
    file, told = FileReceiver(tmp_path / "audit.jsonl"), lines(400)
    for start in range(0, 400, 100):
        work = asyncio.create_task(file.send(told[start : start + 100], []))
        await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        last = await file.last()
        if last is None or last.seq < start + 100:
            await file.send(told[0 if last is None else last.seq : start + 100], [])
    assert (tmp_path / "audit.jsonl").read_bytes() == b"".join(told)


async def test_a_probe_tells_and_sends_nothing(tmp_path: Path) -> None:
    file = FileReceiver(tmp_path / "audit.jsonl")
    await file.probe()
    assert not (tmp_path / "audit.jsonl").exists()
    with pytest.raises(SinkError, match="not allowed"):
        await FileReceiver(tmp_path / "no/audit.jsonl").probe()
    with pytest.raises(SinkError, match="no messages"):
        await SyslogReceiver(tmp_path / "log").probe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(str(tmp_path / "log"))
        await SyslogReceiver(tmp_path / "log").probe()
        taken.setblocking(False)
        with pytest.raises(BlockingIOError):
            taken.recv(1)
    got: list[web.Request] = []
    async with collector([405], got) as url:
        receiver = HttpReceiver(url, "w0rd")
        await receiver.probe()
        await receiver.close()
    assert [request.method for request in got] == ["HEAD"]


async def test_a_file_that_somebody_holds_is_not_waited_for(tmp_path: Path) -> None:
    file = FileReceiver(tmp_path / "audit.jsonl")
    await file.send(lines(1), [])
    with (tmp_path / "audit.jsonl").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for ask in (file.last, file.probe, lambda: file.send(lines(1), [])):
            with pytest.raises(SinkError, match="locked by another process"):
                await ask()
    assert await file.last() == links(1)[0]


async def test_a_name_that_is_too_long_is_told() -> None:
    with pytest.raises(SinkError):
        await FileReceiver(Path("/tmp") / ("x" * 300)).probe()
