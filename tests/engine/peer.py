"""A plain FWP peer for tests: bytes out, reply in, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from glasshouse.engine import run, schema, session
from glasshouse.engine.disk import Disk
from glasshouse.engine.engine import Engine
from glasshouse.engine.run import Timers, run_engine
from glasshouse.wire.handshake import password_hash
from tests.steady import LONG, stated

from .certificate import client_context, server_context

FAST = Timers(due=0.02, reap=0.05, status=0.02, probe=0.05)


class Clock:
    """The wall clock, but for what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._stopped: float | None = None

    def stop(self) -> None:
        """Stand still from now on, but for what is added."""
        self._stopped = time.time()

    def __call__(self) -> float:
        return (self._stopped or time.time()) + self.ahead


class Peer:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *lines: str | bytes) -> None:
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        self.writer.write(b"".join(line + b"\r\n" for line in raw))

    async def reply(self) -> str | bytes | None:
        """Return the next reply: text of a line, bytes of a bulk, or None for nil."""
        # Before Python 3.12 `wait_for` can lose a cancellation; this cannot.
        async with asyncio.timeout(LONG):
            line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError(line)
        if not line.startswith(b"$"):
            return line[:-2].decode()
        size = int(line[1:-2])
        if size < 0:
            return None
        try:
            async with asyncio.timeout(LONG):
                body = await self.reader.readexactly(size + 2)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError(error.partial) from error
        return body[:-2]

    async def ask(self, line: str | bytes) -> str | bytes | None:
        self.send(line)
        return await self.reply()

    async def push(self, jid: str, **fields: Any) -> None:
        job = {"jid": jid, "jobtype": "Test", "args": [], **fields}
        assert await self.ask("PUSH " + json.dumps(job)) == "+OK"

    async def fetch(self, *queues: str) -> dict[str, Any] | None:
        body = await self.ask("FETCH " + " ".join(queues or ("default",)))
        assert body is None or isinstance(body, bytes), body
        return None if body is None else json.loads(body)

    async def info(self) -> dict[str, Any]:
        body = await self.ask("INFO")
        assert isinstance(body, bytes)
        return dict(json.loads(body))

    def close(self) -> None:
        self.writer.close()


class Running:
    """An engine on a free loopback port; ``trust`` is what its clients need for TLS."""

    def __init__(
        self,
        data: Path,
        port: int,
        password: str | None,
        trust: ssl.SSLContext | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.data, self.port, self.password, self.trust = data, port, password, trust
        self._engine = engine
        self.stop = asyncio.Event()
        self.peers: list[Peer] = []

    @property
    def engine(self) -> Engine:
        """The living thing itself, where it runs in this process."""
        assert self._engine is not None
        return self._engine

    def stored(self, question: str, *values: str | float) -> list[Any]:
        """Ask the database, as a reader of another process would; single columns come bare."""
        if self._engine is not None:
            assert self._engine.committer.settle()
        db = schema.open_reader(self.data)
        try:
            rows = list(db.execute(question, values))
        finally:
            db.close()
        return [row[0] if len(row) == 1 else row for row in rows]

    def jobs(self, state: int) -> list[dict[str, Any]]:
        """Return the stored jobs of a state, next to go first."""
        question = "SELECT payload FROM job WHERE state = ? ORDER BY score, id"
        return [json.loads(payload) for payload in self.stored(question, state)]

    async def raw(self) -> Peer:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, limit=1 << 26, ssl=self.trust
        )
        self.peers.append(Peer(reader, writer))
        return self.peers[-1]

    async def close(self) -> None:
        """Close every connection made here."""
        for peer in self.peers:
            peer.writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await peer.writer.wait_closed()

    async def peer(self, **hello: Any) -> Peer:
        """Connect and shake hands; again where the machine stood still meanwhile."""
        for _ in range(4):
            began = time.monotonic()
            try:
                return await self._welcomed(hello)
            except ConnectionError:
                # An engine that is a process of its own keeps to its bound.
                if time.monotonic() - began < stated(session, "HELLO_WITHIN"):
                    raise
        return await self._welcomed(hello)

    async def _welcomed(self, hello: dict[str, Any]) -> Peer:
        peer = await self.raw()
        greeting = await peer.reply()
        assert isinstance(greeting, str)
        facts = json.loads(greeting.removeprefix("+HI "))
        if self.password is not None:
            hello["pwdhash"] = password_hash(self.password.encode(), facts["s"], facts["i"])
        assert await peer.ask("HELLO " + json.dumps({"v": 2, **hello})) == "+OK"
        return peer


async def waits(engine: Running, queue: str) -> None:
    """Return when a FETCH waits for ``queue``: there is no answer to tell."""
    async with asyncio.timeout(60):
        while not engine.engine._room.line(queue):
            await asyncio.sleep(0)


@contextlib.contextmanager
def _caught() -> Iterator[list[Engine]]:
    """Collect the engines that ``run_engine`` makes meanwhile."""
    made: list[Engine] = []

    def make(*args: Any, **options: Any) -> Engine:
        made.append(Engine(*args, **options))
        return made[-1]

    with mock.patch.object(run, "Engine", make):
        yield made


@contextlib.asynccontextmanager
async def running(
    data: Path,
    *,
    password: str | None = None,
    timers: Timers | None = FAST,
    disk: Disk | None = None,
    certificate: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Running]:
    """Run an engine while the block runs; ``certificate``: with TLS, and where to make one."""
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    task = asyncio.create_task(
        run_engine(
            data=data,
            host="127.0.0.1",
            port=0,
            password=None if password is None else password.encode(),
            on_ready=lambda _host, port: ready.set_result(port),
            stop=stop,
            timers=timers,
            disk=disk,
            tls=None if certificate is None else server_context(certificate),
            clock=clock,
        )
    )
    waiting: list[asyncio.Future[Any]] = [task, ready]
    with _caught() as made:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    trust = None if certificate is None else client_context(certificate)
    engine = Running(data, ready.result(), password, trust, made[0])
    engine.stop = stop
    try:
        yield engine
    finally:
        await engine.close()
        stop.set()
        await task


async def push_orders(peer: Peer, queue: str, *jids: str, **fields: Any) -> None:
    """Push jobs that charge orders."""
    for jid in jids:
        job = {"jid": jid, "jobtype": "ChargeOrder", "queue": queue, "args": [{"order": jid}]}
        assert await peer.ask("PUSH " + json.dumps({**job, **fields})) == "+OK"
