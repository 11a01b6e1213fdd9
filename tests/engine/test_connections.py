"""A connection from its greeting to its end (fwp.md §1, §2), beside what test_commands.py has."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path
from unittest import mock

import pytest

from glasshouse.engine import session, timers, waiting
from glasshouse.engine.run import Timers
from glasshouse.model.parameters import changed
from tests.steady import LONG, stated

from .certificate import needs_openssl
from .peer import Clock, Peer, Running, running
from .power import PowerVFS

BY_HAND = Timers(due=3600, reap=3600, status=0.02, probe=0.05)


async def closed(peer: Peer) -> bool:
    """Tell whether the server closes without another word."""
    try:
        return await asyncio.wait_for(peer.reader.read(), LONG) == b""
    except ConnectionResetError:
        return True  # it had closed before it saw what was said last


async def test_lines_that_end_with_a_bare_lf_are_commands(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.raw()
        await peer.reply()
        job = b'PUSH {"jid":"job-00001","jobtype":"T","args":[]}\n'
        peer.writer.write(b'HELLO {"v":2}\n' + job + b"FETCH default\n")
        assert await peer.reply() == "+OK"
        assert await peer.reply() == "+OK"
        assert isinstance(await peer.reply(), bytes)


async def test_commands_written_at_once_are_answered_one_by_one_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        peer.send(
            'PUSH {"jid":"job-00001","jobtype":"T","args":[]}',
            "FETCH default",
            "QUEUE DANCE",
            'ACK {"jid":"job-00001"}',
            "FLUSH",
            'FAIL {"jid":"job-00001"}',
            "QUEUE LATENCY",
        )
        assert await peer.reply() == "+OK"
        assert json.loads(await peer.reply() or b"")["jid"] == "job-00001"
        assert await peer.reply() == "-ERR no such QUEUE subcommand: DANCE"
        assert await peer.reply() == "+OK"
        assert await peer.reply() == "+OK"
        assert await peer.reply() == "-ERR Job not found job-00001"
        assert await peer.reply() == b"{}"


async def test_twenty_thousand_jobs_fit_on_one_line(tmp_path: Path) -> None:
    jobs = [{"jid": f"job-{n:08}", "jobtype": "T", "args": ["x" * 130]} for n in range(20_000)]
    async with running(tmp_path) as engine:
        peer = await engine.peer()
        assert await peer.ask("PUSHB " + json.dumps(jobs)) == b"{}"
        assert (await peer.info())["faktory"]["queues"] == {"default": 20_000}


async def test_each_connection_gets_a_salt_and_a_number_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path, password="secret") as engine:
        facts = []
        for _ in range(8):
            greeting = await (await engine.raw()).reply()
            assert isinstance(greeting, str)
            facts.append(json.loads(greeting.removeprefix("+HI ")))
    assert all(4000 <= fact["i"] <= 8095 for fact in facts)
    assert all(0 <= int(fact["s"], 16) < 2**63 for fact in facts)
    assert len({fact["s"] for fact in facts}) == 8


async def test_a_client_that_does_not_say_hello_in_time_is_closed_without_a_word(
    tmp_path: Path,
) -> None:
    assert stated(session, "HELLO_WITHIN") == 2.0
    with mock.patch.object(session, "HELLO_WITHIN", 0.05):
        async with running(tmp_path) as engine:
            silent, slow = await engine.raw(), await engine.raw()
            for peer in (silent, slow):
                await peer.reply()
            slow.writer.write(b'HELLO {"v":')
            assert await closed(silent)
            assert await closed(slow)


@pytest.mark.parametrize("hello", ['{"v":3}', '{"v":0}', "{}", '{"wid":"","labels":null}'])
async def test_other_versions_and_bare_hellos_are_welcome(tmp_path: Path, hello: str) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.raw()
        await peer.reply()
        assert await peer.ask(f"HELLO {hello}") == "+OK"
        assert await peer.ask("HELLO {}") == "-ERR unknown command HELLO"
        assert (await peer.info())["faktory"]["tasks"]["Workers"]["size"] == 0


async def test_a_connection_past_the_limit_is_welcomed_told_and_closed(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        limit = changed(engine.engine.memory.parameters, {"most_connections": 10})
        engine.engine.configure(limit)
        # Who has not said HELLO takes nobody's place.
        for _ in range(20):
            await (await engine.raw()).reply()
        peers = [await engine.peer() for _ in range(10)]
        late = await engine.peer()
        assert await late.reply() == "-ERR too many connections: 11"
        assert await closed(late)
        peers[1].send("END")
        assert await closed(peers[1])
        await (await engine.peer()).push("job-00001")


async def test_the_first_hello_of_a_wid_describes_the_worker(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        await engine.peer(wid="w1", hostname="one", pid=1, labels=["a"])
        await engine.peer(wid="w1", hostname="two", pid=2, labels=["b"])
        [worker] = engine.engine.status("").workers
        assert (worker.hostname, worker.pid, worker.labels) == ("one", 1, ("a",))


async def test_a_worker_goes_with_its_last_connection(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        first, second = await engine.peer(wid="w1"), await engine.peer(wid="w1")
        watcher = await engine.peer()
        first.send("END")
        assert await closed(first)
        assert await watcher.ask('BEAT {"wid":"w1"}') == "+OK"
        second.send("END")
        assert await closed(second)
        assert await watcher.ask('BEAT {"wid":"w1"}') == "-ERR unknown worker w1"


async def test_a_silent_worker_loses_its_record_and_all_its_connections(tmp_path: Path) -> None:
    began = time.time()
    now = began
    async with running(tmp_path, clock=lambda: now, timers=BY_HAND) as engine:
        silent = [await engine.peer(wid="silent"), await engine.peer(wid="silent")]
        alive, producer = await engine.peer(wid="alive"), await engine.peer(wid="")
        await producer.push("job-00001")
        assert await silent[0].fetch() is not None
        now = began + 59
        timers.reap(engine.engine)
        assert await alive.ask('BEAT {"wid":"alive"}') == "+OK"
        assert await alive.ask('BEAT {"wid":"alive"}') == "+OK"
        now = began + 62
        timers.reap(engine.engine)
        for peer in silent:
            assert await closed(peer)
        assert await producer.ask('BEAT {"wid":"silent"}') == "-ERR unknown worker silent"
        info = (await producer.info())["faktory"]
        assert info["tasks"]["Workers"] == {"size": 1, "reaped": 1}
        assert info["sets"]["working"] == 1


async def test_a_producer_may_be_silent_for_days(tmp_path: Path) -> None:
    clock = Clock()
    async with running(tmp_path, clock=clock, timers=BY_HAND) as engine:
        producer = await engine.peer()
        clock.ahead = 3 * 86400
        timers.reap(engine.engine)
        await producer.push("job-00001")


async def test_after_shutdown_began_commands_are_refused_and_the_rest_still_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "FETCH_WAITS", LONG)
    vfs = PowerVFS("power-shutdown")
    async with running(tmp_path / "data", disk=vfs.as_disk()) as engine:
        pusher, waiter, other = [await engine.peer() for _ in range(3)]
        waiter.send("INFO", "FETCH nothing")
        await waiter.reply()
        vfs.disk.gate.clear()
        pusher.send('PUSH {"jid":"job-00001","jobtype":"T","args":[]}')
        while (await other.info())["faktory"]["total_enqueued"] == 0:
            pass
        engine.stop.set()
        assert await waiter.reply() is None
        assert await other.ask("INFO") == "-ERR shutdown in progress"
        assert await closed(other)
        vfs.disk.gate.set()
        assert await pusher.reply() == "+OK"
        assert await closed(pusher)


@needs_openssl
async def test_tls_is_spoken_and_a_plain_client_sees_no_greeting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    async with running(data, certificate=tmp_path, password="secret") as engine:
        peer = await engine.peer(wid="w1")
        await peer.push("job-00001", args=["x" * 200_000])
        assert len((await peer.fetch() or {})["args"][0]) == 200_000
        plain = Running(data, engine.port, None)
        stranger = await plain.raw()
        stranger.send('HELLO {"v":2}')
        try:
            seen = await asyncio.wait_for(stranger.reader.read(), 60)
        except ConnectionError:
            seen = b""
        assert b"HI" not in seen
        await plain.close()
        assert await peer.ask('ACK {"jid":"job-00001"}') == "+OK"


async def test_a_client_that_vanishes_disturbs_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        other = await engine.peer()
        for end in (b"", b"PUSH {", b'PUSH {"jid":"job-00009","jobtype":"T","args":[]}\r\nFETCH q'):
            peer = await engine.peer(wid="w1")
            peer.writer.write(end)
            transport = peer.writer.transport
            sock: socket.socket = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            transport.abort()
            await other.push("job-00001")
