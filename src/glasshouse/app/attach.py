"""The engine of a console: one that runs on the folder already, or a child of ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from glasshouse.app.announce import faktory_url
from glasshouse.app.child import Child
from glasshouse.app.folders import make_private
from glasshouse.engine.lock import held
from glasshouse.engine.status import read_status
from glasshouse.model.errors import StoreError
from glasshouse.settings import FAKTORY, Address, Listen, parse_address


@contextlib.asynccontextmanager
async def attached(data: Path) -> AsyncIterator[str | None]:
    """Yield the address of the engine on ``data``, started here if none runs.

    The address is ``None`` when the running engine has not told it yet.

    Raises:
        ChildError: it could not be started.
    """
    if held(data):
        yield _told_address(data)
        return
    async with started(data, Listen(FAKTORY, asked=False)) as address:
        yield address


@contextlib.asynccontextmanager
async def started(data: Path, listen: Listen) -> AsyncIterator[str]:
    """Yield the address of an engine that runs as a child while the block does.

    Raises:
        ChildError: it could not be started.
        StoreError: another engine holds the folder.
    """
    make_private(data)
    if held(data):
        raise StoreError(
            f"Another engine runs on {data}.",
            remedy="Stop it, or name another folder with --data.",
        )
    command = ["engine", "--data", str(data), "--listen"]
    free = [] if listen.asked else ["--or-free-port"]
    child = Child("engine", [*command, str(listen.address), *free])
    keeper: asyncio.Task[None] | None = None
    try:
        address = str((await child.start())["faktory"])
        # Restarted, it must come back where its clients know it.
        where = parse_address(address.removeprefix("tcp://"), option="--listen")
        keeper = asyncio.create_task(child.keep([*command, str(where)]))
        yield address
    finally:
        if keeper is not None:
            keeper.cancel()
        await child.stop()


def _told_address(data: Path) -> str | None:
    status = read_status(data)
    if status is None:
        return None
    host, _, port = status.listen.rpartition(":")
    return faktory_url(Address(host, int(port)), tls=status.tls)
