"""The command port of a server that answers well, and of one that does not."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from pathlib import Path

import pytest

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.upstream import faktory_port
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort, PasswordError
from tests.engine.certificate import client_context, needs_openssl, server_context
from tests.engine.peer import running
from tests.steady import LONG

from .standin import Answering, Talk

SECRET = "do not tell anybody"
HI = b'+HI {"v":2}\r\n'
SETS = {"scheduled": 1, "retries": 2, "dead": 3, "working": 4}


def told(queues: dict[str, int], **more: object) -> bytes:
    """What INFO answers."""
    totals = {"queues": queues, "total_processed": 9, "total_failures": 4, "sets": SETS}
    faktory = {name: value for name, value in (totals | more).items() if value is not None}
    return json.dumps({"faktory": faktory, "server": {}}).encode()


def port_of(port: int, **more: object) -> CommandPort:
    return CommandPort("127.0.0.1", port, budget=Budget(1000), **{"patience": LONG, **more})  # type: ignore[arg-type]


async def test_totals_and_latency_are_those_of_the_server_and_no_worker_appears(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as engine:
        peer = await engine.peer(wid="worker-1")
        for number in range(3):
            await peer.push(f"job-{number:08}", queue="mail")
        port = port_of(engine.port)
        info = await port.info()
        assert info.faktory.queues == {"mail": 3}
        assert info.faktory.total_processed == 0
        assert info.server.faktory_version
        latency = await port.latency(["mail", "nowhere"])
        assert latency is not None
        assert 0 <= latency["mail"] < 60
        assert await port.latency([]) == {}
        assert (await peer.info())["faktory"]["tasks"]["Workers"]["size"] == 1
        assert (await port.info()).server.connections == 2
        await port.close()
        with pytest.raises(UpstreamUnavailableError, match="not asked any more"):
            await port.info()


async def test_a_password_is_used_and_a_wrong_one_is_said_without_telling_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(tmp_path, password="right") as engine:
        good = port_of(engine.port, password=b"right")
        assert (await good.info()).faktory.queues == {}
        await good.close()
        for password in (SECRET.encode(), None):
            bad = port_of(engine.port, password=password)
            with pytest.raises(PasswordError) as told:
                await bad.info()
            assert SECRET not in f"{told.value} {told.value.remedy} {told.value.__cause__}"
            await bad.close()
    assert SECRET not in caplog.text


def saying(*lines: bytes) -> Talk:
    """Greet, take what comes, and answer with each of ``lines`` in turn."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(lines[0])
        for line in lines[1:]:
            await reader.readline()
            writer.write(line)
        await reader.read()

    return talk


BAD = {
    "no Faktory": (saying(b"HTTP/1.1 400 Bad Request\r\n"), "does not greet as Faktory"),
    "garbage for an answer": (saying(HI, b"+OK\r\n", b"\x00\x01\x02\r\n"), "none of"),
    "no JSON": (
        saying(HI, b"+OK\r\n", b"$3\r\n{{{\r\n"),
        "answers INFO with something Faktory never sends",
    ),
    "JSON of another kind": (
        saying(HI, b"+OK\r\n", b"$2\r\n[]\r\n"),
        "something Faktory never sends",
    ),
    "an error": (saying(HI, b"+OK\r\n", b"-ERR no\r\n"), "does not answer like Faktory"),
    "too much": (saying(HI, b"+OK\r\n", b"$2\r\n{}\r\n$2\r\n{}\r\n"), "more than was requested"),
    "a flood": (saying(HI, b"+OK\r\n", b"$99999999999\r\n"), "too long"),
    "rounds without end": (saying(b'+HI {"v":2,"s":"a","i":99999999}\r\n'), "hash rounds"),
    "silence": (saying(b""), "did not answer within"),
    "silence after INFO": (saying(HI, b"+OK\r\n"), "did not answer within"),
}


@pytest.mark.parametrize("name", list(BAD))
async def test_what_is_no_answer_is_a_clear_fault_and_the_connection_is_dropped(name: str) -> None:
    talk, words = BAD[name]
    async with Answering(talk).running() as server:
        port = port_of(server.port, patience=0.3 if "silence" in name else LONG)
        with pytest.raises(UpstreamUnavailableError, match=words):
            await port.info()
        await server.until_closed()
        await port.close()


async def test_nobody_there_is_said_with_the_address() -> None:
    async with Answering(saying(HI)).running() as server:
        where = server.port
    port = port_of(where)
    with pytest.raises(UpstreamUnavailableError, match=rf"127\.0\.0\.1:{where} refuses"):
        await port.info()


async def test_a_server_that_comes_back_is_asked_again_over_a_new_connection() -> None:
    once = True

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal once
        writer.write(HI)
        await reader.readline()
        writer.write(b"+OK\r\n")
        if once:
            once = False
            await reader.readline()
            return
        body = told({"q": 1})
        while await reader.readline():
            writer.write(b"$%d\r\n%b\r\n" % (len(body), body))

    async with Answering(talk).running() as server:
        port = port_of(server.port)
        with pytest.raises(UpstreamUnavailableError, match="closed the connection"):
            await port.info()
        for _ in range(3):
            assert (await port.info()).faktory.queues == {"q": 1}
        assert server.connections == 2
        await port.close()
        await server.until_closed()


async def test_an_answer_that_nobody_waits_for_any_more_is_never_taken_for_another() -> None:
    asked = asyncio.Event()
    go = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HI)
        await reader.readline()
        writer.write(b"+OK\r\n")
        line = await reader.readline()
        asked.set()
        await go.wait()
        body = b'{"late":1}' if b"LATENCY" in line else told({})
        writer.write(b"$%d\r\n%b\r\n" % (len(body), body))
        await reader.read()

    async with Answering(talk).running() as server:
        port = port_of(server.port)
        waiting = asyncio.create_task(port.latency(["q"]))
        await asked.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        go.set()
        assert (await port.info()).faktory.queues == {}
        assert server.connections == 2
        await port.close()


def latencies(reply: dict[str, bytes]) -> Talk:
    """Answer QUEUE LATENCY by the names that are asked for."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HI)
        await reader.readline()
        writer.write(b"+OK\r\n")
        while line := await reader.readline():
            names = line.decode().split()[2:]
            bad = [name for name in names if name in reply]
            if bad:
                writer.write(reply[bad[0]])
                continue
            body = json.dumps(dict.fromkeys(names, 1.5)).encode()
            writer.write(b"$%d\r\n%b\r\n" % (len(body), body))

    return talk


async def test_one_queue_that_cannot_tell_its_age_does_not_spoil_the_others() -> None:
    names = [f"q{number}" for number in range(9)]
    async with Answering(latencies({"q4": b"-ERR parsing time\r\n"})).running() as server:
        port = port_of(server.port)
        told = await port.latency(names)
        assert told == dict.fromkeys([name for name in names if name != "q4"], 1.5)
        await port.close()


@pytest.mark.parametrize("reply", [b"-ERR no such QUEUE subcommand: LATENCY\r\n", b"+OK\r\n"])
async def test_who_tells_no_age_is_not_asked_for_it_again(reply: bytes) -> None:
    async with Answering(latencies({"q": reply})).running() as server:
        budget = Budget(1000)
        port = CommandPort("127.0.0.1", server.port, budget=budget, patience=LONG)
        assert await port.latency(["q"]) is None
        assert await port.latency(["q"]) is None
        assert budget.spent == 1
        await port.close()


async def test_after_a_restart_it_may_be_a_version_that_tells_ages() -> None:
    old = True

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal old
        if not old:
            await latencies({})(reader, writer)
            return
        old = False
        writer.write(HI)
        for _ in ("HELLO", "QUEUE LATENCY"):
            await reader.readline()
            writer.write(b"+OK\r\n")
        await reader.readline()

    async with Answering(talk).running() as server:
        port = port_of(server.port)
        assert await port.latency(["q"]) is None
        with pytest.raises(UpstreamUnavailableError, match="closed the connection"):
            await port.info()
        await server.until_closed()
        # Who asks for totals connects again.
        with pytest.raises(UpstreamUnavailableError):
            await port.info()
        assert await port.latency(["q"]) == {"q": 1.5}
        await port.close()


TASKS = {"Scheduled": {"size": 1, "cycles": 7}, "Retries": {"size": 2}, "Dead": {"size": 3},
         "Busy": {"size": 4, "reaped": 0}, "Workers": {"size": 5}}  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [{}, {"tasks": TASKS}, {"sets": None, "tasks": TASKS},
     {"sets": {"retries": 2}, "tasks": {**TASKS, "Retries": {"size": 7}}}],
)  # fmt: skip
async def test_the_sizes_of_the_sets_are_told_by_old_versions_too(more: dict[str, object]) -> None:
    body = told({}, **more)
    talk = saying(HI, b"+OK\r\n", b"$%d\r\n%b\r\n" % (len(body), body))
    async with Answering(talk).running() as server:
        port = port_of(server.port)
        assert (await port.info()).faktory.sets == SETS
        await port.close()


@pytest.mark.parametrize(
    "more",
    [{"sets": None}, {"sets": {"retries": 2}}, {"sets": None, "tasks": {"Dead": {"size": 1}}},
     {"sets": None, "tasks": {**TASKS, "Busy": {"reaped": 0}}}, {"total_processed": None}],
)  # fmt: skip
async def test_a_number_that_is_not_told_is_never_nothing(more: dict[str, object]) -> None:
    body = told({}, **more)
    talk = saying(HI, b"+OK\r\n", b"$%d\r\n%b\r\n" % (len(body), body))
    async with Answering(talk).running() as server:
        port = port_of(server.port)
        with pytest.raises(
            UpstreamUnavailableError, match="INFO with something Faktory never sends"
        ):
            await port.info()
        await server.until_closed()
        await port.close()


@needs_openssl
async def test_tls_is_spoken_and_a_certificate_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    body = told({})
    talk = saying(HI, b"+OK\r\n", b"$%d\r\n%b\r\n" % (len(body), body))
    async with Answering(talk).running(server_context(tmp_path)) as server:
        port = port_of(server.port, tls=client_context(tmp_path))
        assert (await port.info()).faktory.queues == {}
        await port.close()
        stranger = port_of(server.port, tls=ssl.create_default_context())
        with pytest.raises(UpstreamUnavailableError, match="untrusted"):
            await stranger.info()


async def test_who_takes_no_connection_is_a_clear_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(faktory_port, "_CONNECT", 0.05)
    monkeypatch.setattr(asyncio, "open_connection", never)
    port = port_of(1)
    with pytest.raises(UpstreamUnavailableError, match=r"did not answer within 0\.05 s"):
        await port.info()
    await port.close()
