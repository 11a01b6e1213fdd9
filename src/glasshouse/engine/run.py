"""Running an engine on a data folder until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import msgspec
import structlog

from glasshouse.engine import schema
from glasshouse.engine import timers as rounds
from glasshouse.engine.control import controlled
from glasshouse.engine.disk import Disk
from glasshouse.engine.engine import Engine
from glasshouse.engine.lock import FolderLock
from glasshouse.engine.session import HELLO_WITHIN, Session
from glasshouse.engine.status import StatusFile
from glasshouse.engine.store import Store
from glasshouse.engine.timers import Timers, every
from glasshouse.model.errors import StoreError

log = structlog.get_logger()

_KEEPALIVE = [
    (getattr(socket, name), value)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
    if hasattr(socket, name)
]

Handler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

__all__ = ["Timers", "run_engine"]


async def run_engine(
    *,
    data: Path,
    host: str,
    port: int,
    password: bytes | None,
    on_ready: Callable[[str, int], None],
    stop: asyncio.Event,
    tls: ssl.SSLContext | None = None,
    timers: Timers | None = None,
    disk: Disk | None = None,
    clock: Callable[[], float] = time.time,
    accept_loss: bool = False,
) -> None:
    """Serve FWP on ``host:port`` from the store below ``data`` until ``stop`` is set.

    ``on_ready(host, port)`` is called once clients are answered. On return,
    everything acknowledged is durable and the folder is free again. With
    ``accept_loss``, it also starts on a damaged journal, with its readable part.

    Raises:
        StoreError: another engine runs on ``data``, or it cannot be used, or
            the disk failed.
        OSError: it cannot listen on the address.
    """
    timers = timers or Timers()
    lock = FolderLock(data)
    try:
        engine = _made(data, disk, password, clock, accept_loss=accept_loss)
        server = await _listen(engine, host, port, tls)
        address = server.sockets[0].getsockname()
        look = _look(engine, data, lock, f"{address[0]}:{address[1]}", tls=tls is not None)
        look()
        restore = _watch(engine, data)
        tasks = [asyncio.create_task(work) for work in _rounds(engine, timers, look)]
        # What exists now stays: no collection needs to check it again.
        gc.freeze()
        try:
            async with controlled(engine, data):
                on_ready(address[0], address[1])
                await _until(stop, engine, data, tasks)
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await engine.close()
            engine.loop.set_exception_handler(restore)
    finally:
        lock.close()


def _made(
    data: Path,
    disk: Disk | None,
    password: bytes | None,
    clock: Callable[[], float],
    *,
    accept_loss: bool,
) -> Engine:
    try:
        return Engine(Store(data, disk), password=password, clock=clock, accept_loss=accept_loss)
    except apsw.Error as error:
        raise schema.unusable(data / schema.FILE, error) from error
    except OSError as error:
        raise StoreError(
            f"The data folder {data} cannot be used: {error.strerror or error}.",
            remedy="Check the disk and the rights on the folder.",
        ) from error


def _look(
    engine: Engine, data: Path, lock: FolderLock, listen: str, *, tls: bool
) -> Callable[[], None]:
    """Return a function that shows local readers that the engine is alive, and its status."""
    status = StatusFile(data)

    def look() -> None:
        # A full disk refuses these writes: the engine continues without them.
        with contextlib.suppress(OSError):
            lock.touch()
            status.write(msgspec.structs.replace(engine.status(listen), tls=tls))

    return look


def _watch(engine: Engine, data: Path) -> Handler | None:
    """Stop the engine on anything that SQLite cannot read; return the previous handler.

    The client whose command ran into it sees its connection close, without an answer.
    """
    loop = engine.loop
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, apsw.Error):
            if not engine.broken.done():
                engine.broken.set_exception(schema.unusable(data / schema.FILE, error))
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    return before


def _rounds(engine: Engine, timers: Timers, look: Callable[[], None]) -> list[rounds.Round]:
    def due() -> float:
        return engine.memory.parameters.due_period if timers.due is None else timers.due

    def reap() -> float:
        return engine.memory.parameters.reap_period if timers.reap is None else timers.reap

    return [
        every(due, lambda: rounds.move_due(engine)),
        every(reap, lambda: rounds.reap(engine)),
        every(lambda: timers.status, look),
        every(lambda: timers.probe, engine.probe),
    ]


async def _listen(
    engine: Engine, host: str, port: int, tls: ssl.SSLContext | None
) -> asyncio.Server:
    try:
        server = await engine.loop.create_server(
            lambda: Session(engine),
            host,
            port,
            backlog=1024,
            reuse_address=True,
            ssl=tls,
            # A client gets no more time for the handshake than for its HELLO.
            ssl_handshake_timeout=None if tls is None else HELLO_WITHIN,
            ssl_shutdown_timeout=None if tls is None else HELLO_WITHIN,
        )
    except OSError:
        await engine.close()
        raise
    # Connections inherit it: a client whose machine has gone does not stay forever.
    for sock in server.sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in _KEEPALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, seconds)
    return server


async def _until(
    stop: asyncio.Event, engine: Engine, data: Path, tasks: list[asyncio.Task[None]]
) -> None:
    """Wait for ``stop``; a failed timer or disk stops the engine with an error."""
    waiting = asyncio.create_task(_wait(stop))
    done, _ = await asyncio.wait(
        [waiting, engine.broken, *tasks], return_when=asyncio.FIRST_COMPLETED
    )
    waiting.cancel()
    for task in done:
        error = task.exception()
        if isinstance(error, StoreError):
            raise error
        if isinstance(error, apsw.Error):
            raise schema.unusable(data / schema.FILE, error) from error
        if error is not None:
            raise StoreError(f"The engine stopped: {error!r}.") from error


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
