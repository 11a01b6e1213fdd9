"""Running an engine on a data folder until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import structlog

from glasshouse.engine import schema
from glasshouse.engine.engine import Engine
from glasshouse.engine.lock import FolderLock
from glasshouse.engine.session import Session
from glasshouse.engine.status import StatusFile
from glasshouse.engine.store import Writer
from glasshouse.model.errors import StoreError

log = structlog.get_logger()


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between rounds: due jobs, reapers, the status file."""

    due: float = 1.0
    reap: float = 15.0
    status: float = 0.5


async def run_engine(
    *,
    data: Path,
    host: str,
    port: int,
    password: bytes | None,
    on_ready: Callable[[str, int], None],
    stop: asyncio.Event,
    timers: Timers | None = None,
    open_writer: Callable[[Path], apsw.Connection] = schema.open_writer,
) -> None:
    """Serve FWP on ``host:port`` from the store below ``data`` until ``stop`` is set.

    ``on_ready(host, port)`` is called once clients are answered. On return
    everything acknowledged is durable and the folder is free again.

    Raises:
        StoreError: another engine runs on ``data``, or it cannot be used.
        OSError: the address cannot be listened on.
    """
    timers = timers or Timers()
    lock = FolderLock(data)
    try:
        engine = Engine(Writer(open_writer(data)), data, password=password)
        server = await _listen(engine, host, port)
        address = server.sockets[0].getsockname()
        status = StatusFile(data)

        def look() -> None:
            lock.touch()
            status.write(engine.status(f"{address[0]}:{address[1]}"))

        look()
        rounds = [
            asyncio.create_task(_every(timers.due, engine.move_due)),
            asyncio.create_task(_every(timers.reap, engine.reap)),
            asyncio.create_task(_every(timers.status, look)),
        ]
        on_ready(address[0], address[1])
        try:
            await _until(stop, rounds)
        finally:
            server.close()
            for task in rounds:
                task.cancel()
            await asyncio.gather(*rounds, return_exceptions=True)
            await engine.close()
    finally:
        lock.close()


async def _listen(engine: Engine, host: str, port: int) -> asyncio.Server:
    try:
        return await engine.loop.create_server(
            lambda: Session(engine), host, port, backlog=1024, reuse_address=True
        )
    except OSError:
        await engine.close()
        raise


async def _until(stop: asyncio.Event, rounds: list[asyncio.Task[None]]) -> None:
    """Wait for ``stop``; a timer that dies takes the engine with it, loudly."""
    waiting = asyncio.create_task(_wait(stop))
    done, _ = await asyncio.wait([waiting, *rounds], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done:
        error = task.exception()
        if error is not None:
            raise StoreError(f"The engine stopped: {error}.") from error


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def _every(seconds: float, work: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        work()
