"""Clients that are slow, half there or mean harm: nobody else notices, and memory has a bound."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import resource
import select
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from glasshouse.engine import door, session
from glasshouse.engine.session import Session
from tests.steady import LONG, stated

from .peer import Peer, running
from .process import EngineProcess, process

JOB = b'{"jid":"job-%05d","jobtype":"T","args":["%b"],"queue":"%b"}'
HELLO = b'HELLO {"v":2}\r\n'
MB = 1 << 20

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let this process, the clients' side, have 2,000 sockets and the rest."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 5000:
        pytest.skip(f"needs 5,000 descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 5000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory_mb(engine: EngineProcess) -> int:
    """Return how much memory the process has now."""
    status = Path(f"/proc/{engine.process.pid}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) >> 10


def open_files(engine: EngineProcess) -> int:
    """Return how many descriptors the process has open."""
    return len(list(Path(f"/proc/{engine.process.pid}/fd").iterdir()))


def cpu_seconds(engine: EngineProcess) -> float:
    """Return how long the process has been computing."""
    text = Path(f"/proc/{engine.process.pid}/stat").read_text(encoding="utf-8")
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Crowd(list[socket.socket]):
    """Connections that never block, all closed in the end."""

    def connected(self, engine: EngineProcess) -> socket.socket:
        """Return a connection on which nothing was said or read."""
        self.append(socket.create_connection(("127.0.0.1", engine.port)))
        self[-1].setblocking(False)
        return self[-1]

    def welcomed(self, engine: EngineProcess) -> socket.socket:
        """Return a connection after its HELLO; another where the machine stood still meanwhile."""
        for _ in range(5):
            made, began = self.connected(engine), time.monotonic()
            made.settimeout(LONG)
            with contextlib.suppress(ConnectionError):
                made.recv(1000)
                made.sendall(HELLO)
                if answer := made.recv(1000):
                    assert answer == b"+OK\r\n"
                    made.setblocking(False)
                    return made
            assert time.monotonic() - began >= stated(session, "HELLO_WITHIN")
        raise AssertionError("nobody answers a HELLO")

    def close(self) -> None:
        for client in self:
            client.close()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    made = Crowd()
    yield made
    made.close()


def put(client: socket.socket, data: bytes) -> int:
    """Send what the connection takes; return how much that was."""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        return client.send(data)
    return 0


def is_closed(client: socket.socket, within: float = 0) -> bool:
    """Tell whether the server has closed it, by ``within`` seconds from now."""
    until = time.monotonic() + within
    # Not select(): it knows no descriptor above 1023.
    poll = select.poll()
    poll.register(client, select.POLLIN)
    while True:
        try:
            if not poll.poll(1000 * max(0, until - time.monotonic())):
                return False
            if client.recv(MB) == b"":
                return True
        except ConnectionError:
            return True


def reading(peer: Peer) -> asyncio.ReadTransport:
    """Return what can be told to read no more."""
    transport = peer.writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    return transport


async def typical_job(peer: Peer) -> float:
    """Return how long a job takes, in the middle, before anybody does harm."""
    return statistics.median([await one_job(peer, 100_000 + number) for number in range(21)])


def undisturbed(took: list[float], before: float) -> bool:
    """Tell whether jobs took about as long as before: a slow disk or machine slows a few.

    Whoever is held up by others' bytes or by answers that nobody reads is so each time.
    """
    print(f"\njobs {before * 1000:.1f} ms before, {statistics.median(took) * 1000:.1f} ms after")
    late = statistics.quantiles(took, n=10)[-1]
    return statistics.median(took) < max(1.0, 20 * before) and late < max(4.0, 100 * before)


async def one_job(peer: Peer, number: int) -> float:
    """Push, fetch and acknowledge a job; return how long that took."""
    started = time.perf_counter()
    jid = f"mine-{number:06}"
    await peer.push(jid, queue="mine")
    assert (await peer.fetch("mine") or {})["jid"] == jid
    assert await peer.ask(json.dumps({"jid": jid}).join(("ACK ", ""))) == "+OK"
    return time.perf_counter() - started


@on_linux
async def test_two_thousand_slow_and_half_open_clients_disturb_nobody(
    tmp_path: Path, crowd: Crowd, many_descriptors: None
) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        usual, before = await typical_job(peer), memory_mb(engine)
        silent = [crowd.connected(engine) for _ in range(400)]
        half = [crowd.connected(engine) for _ in range(400)]
        for client in half:
            put(client, b'HELLO {"v":')
        slow, deaf, endless = ([crowd.welcomed(engine) for _ in range(400)] for _ in range(3))
        for client in endless:
            put(client, b'PUSH {"jid":"')
        took = []
        drip = itertools.cycle(b'PUSH {"jid":"abcdefgh","jobtype":"T","args":[]}\r\nwhat\r\n')
        for number in range(150):
            byte = bytes([next(drip)])
            for client in slow:
                put(client, byte)
            for client in deaf[number % 10 :: 10]:
                put(client, b"INFO\r\nFETCH nothing\r\n" * 50)
            for client in endless[number % 10 :: 10]:
                put(client, b"x" * 100_000)
            took.append(await one_job(peer, number))
        taken = memory_mb(engine) - before
        print(f"\n{taken} MB")
        assert undisturbed(took, usual)
        # 600 MB of lines without end are more than are let in.
        assert taken < 900
        assert all(is_closed(client, within=LONG) for client in silent + half)
        assert not any(is_closed(client) for client in slow)
        assert (await peer.info())["faktory"]["queues"]["mine"] == 0
        await one_job(await engine.peer(), 999)


@on_linux
async def test_lines_without_end_have_a_bound_in_all_and_the_longest_goes_first(
    tmp_path: Path, crowd: Crowd
) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        usual, before = await typical_job(peer), memory_mb(engine)
        small = crowd.welcomed(engine)
        put(small, b'PUSH {"jid":"')
        hogs = [crowd.welcomed(engine) for _ in range(40)]
        filler, sent, took = b"x" * MB, 0, []
        while sent < 900 * MB:
            moved = sum(put(client, filler) for client in hogs)
            sent += moved
            took.append(await one_job(peer, sent))
            if not moved:
                break
        assert memory_mb(engine) - before < 800
        assert undisturbed(took, usual)
        assert any(is_closed(client) for client in hogs)
        put(small, b'abcdefgh","jobtype":"T","args":[]}\r\n')
        small.settimeout(LONG)
        assert small.recv(100) == b"+OK\r\n"


@on_linux
@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"INFO\r\n" * 20_000, id="INFO"),
        pytest.param(b"FETCH big\r\n" * 10_000, id="FETCH"),
        pytest.param((b"FETCH nothing\r\n" + b"PUSH " + JOB % (1, b"x" * 200_000, b"q") + b"\r\n")
                     * 5, id="behind a FETCH that waits"),
        pytest.param(b"what" * 50 + b"\r\n", id="errors"),
    ],
)  # fmt: skip
async def test_a_client_that_never_reads_does_not_grow_memory(
    tmp_path: Path, crowd: Crowd, said: bytes
) -> None:
    async with process(tmp_path / "data", tmp_path / "log") as engine:
        peer = await engine.peer()
        for number in range(100):
            await peer.push(f"job-{number:05}", queue=f"queue-{number}")
            await peer.push(f"big-{number:05}", queue="big", args=["x" * 500_000])
        usual, before = await typical_job(peer), memory_mb(engine)
        deaf, took = crowd.welcomed(engine), []
        for number in range(120):
            put(deaf, said)
            took.append(await one_job(peer, number))
        print(f"\n{memory_mb(engine) - before} MB")
        assert memory_mb(engine) - before < 60
        assert undisturbed(took, usual)


async def test_whoever_reads_at_last_gets_every_answer_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        pusher, slow = await engine.peer(), await engine.peer()
        for number in range(300):
            await pusher.push(f"job-{number:05}", args=["x" * 20_000])
        slow.send(*(line for _ in range(300) for line in ("INFO", "FETCH default", "WHAT")))
        slow.send("FETCH nothing", "END")
        await pusher.info()
        for number in range(300):
            assert isinstance(await slow.reply(), bytes)
            assert json.loads(await slow.reply() or b"")["jid"] == f"job-{number:05}"
            assert await slow.reply() == "-ERR unknown command WHAT"
        assert await slow.reply() is None
        assert await slow.reader.read() == b""


async def test_jobs_whose_answers_never_left_go_back_and_only_those(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        pusher, deaf = await engine.peer(), await engine.peer()
        for number in range(100):
            await pusher.push(f"job-{number:05}", args=["x" * 300_000])
        reading(deaf).pause_reading()
        deaf.send(*["FETCH default"] * 100)
        while not (stuck := [each for each in engine.engine.sessions if each._stalled]):
            await pusher.info()
        [held] = stuck
        left = held._sent - 1  # the first answer was to the HELLO
        assert 0 < left < 100
        deaf.writer.transport.abort()
        while held in engine.engine.sessions:
            await pusher.info()
        assert (await pusher.info())["faktory"]["queues"]["default"] == 100 - left
        assert (await pusher.info())["faktory"]["sets"]["working"] == left


async def test_a_client_that_never_reads_is_not_waited_for_at_the_end(tmp_path: Path) -> None:
    with mock.patch.object(session, "LAST_WORDS_WITHIN", 0.05):
        async with running(tmp_path) as engine:
            other, deaf = await engine.peer(), await engine.peer()
            await other.push("job-00001", args=["x" * 20 * MB])
            reading(deaf).pause_reading()
            deaf.send("FETCH default", "END")
            while len(engine.engine.sessions) > 1:
                await other.info()


async def test_who_has_not_said_hello_is_let_in_up_to_a_number(tmp_path: Path) -> None:
    assert door.MOST_UNWELCOMED == 4000
    with mock.patch.object(door, "MOST_UNWELCOMED", 10):
        async with running(tmp_path) as engine:
            welcome = [await engine.peer() for _ in range(15)]
            first = [await engine.raw() for _ in range(10)]
            for peer in first:
                assert await peer.reply() == '+HI {"v":2}'
            late = await engine.raw()
            with contextlib.suppress(ConnectionError):
                assert await late.reader.read() == b""
            assert await first[0].ask(HELLO.strip()) == "+OK"
            assert await (await engine.raw()).reply() == '+HI {"v":2}'
            await welcome[0].push("job-00001")


async def test_a_vanished_machine_is_looked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        await engine.peer()
        [served] = engine.engine.sessions
        assert isinstance(served, Session)
        assert served._transport is not None
        sock = served._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@on_linux
@pytest.mark.parametrize("early", [True, False], ids=["from the start", "all at once"])
async def test_without_descriptors_it_goes_on_does_not_spin_and_recovers(
    tmp_path: Path, crowd: Crowd, early: bool
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if early:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    limit = 100
    data, log = tmp_path / "data", tmp_path / "log"
    async with process(data, log) as engine:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        peer = await engine.peer()
        computed = cpu_seconds(engine)
        for number in range(40):
            await one_job(peer, 1000 + number)
            await asyncio.sleep(0.02)
        usual = cpu_seconds(engine) - computed
        if not early:
            limit = open_files(engine) + 5
        resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        for _ in range(150):
            crowd.connected(engine)
        started, computed = time.monotonic(), cpu_seconds(engine)
        for number in range(40):
            await one_job(peer, number)
            await asyncio.sleep(0.02)
        spent, passed = cpu_seconds(engine) - computed, time.monotonic() - started
        # An engine that asks again and again whether it may accept computes all the time.
        assert spent < 3 * usual + 0.25 * passed
        assert sum(is_closed(client) for client in crowd) >= 150 - limit
        crowd.close()
        for attempt in itertools.count():
            try:
                await one_job(await engine.peer(), 9000 + attempt)
                break
            except ConnectionError:
                assert attempt < 1000
        assert await engine.terminate() == 0
    assert "Traceback" not in log.read_text(encoding="utf-8")
