"""The engine of a console: one that already runs on the folder, or a child of ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from glasshouse.app.announce import faktory_url, say
from glasshouse.app.child import Child
from glasshouse.app.folders import make_private
from glasshouse.engine.lock import held
from glasshouse.engine.status import read_status
from glasshouse.model.errors import StoreError
from glasshouse.settings import PASSWORD, Address, ClientSettings, Listen, parse_address

_AS_USUAL = ClientSettings()


@contextlib.asynccontextmanager
async def attached(data: Path, clients: ClientSettings = _AS_USUAL) -> AsyncIterator[str | None]:
    """Yield the address of the engine on ``data``; start one for ``clients`` if none runs.

    The address is ``None`` if the running engine has not reported it yet.

    Raises:
        ChildError: it could not be started.
    """
    if held(data):
        address = _told_address(data)
        _tell_difference(data, clients, address)
        yield address
        return
    async with _child(data, clients.listen, _options(clients)) as address:
        yield address


@contextlib.asynccontextmanager
async def started(data: Path, listen: Listen) -> AsyncIterator[str]:
    """Yield the address of an engine that runs as a child while the block runs.

    It requires no password from its clients, whatever the environment says: they are ours.

    Raises:
        ChildError: it could not be started.
        StoreError: another engine holds the folder.
    """
    async with _child(data, listen, (), without=(PASSWORD,)) as address:
        yield address


@contextlib.asynccontextmanager
async def _child(
    data: Path, listen: Listen, options: Sequence[str], *, without: Sequence[str] = ()
) -> AsyncIterator[str]:
    make_private(data)
    if held(data):
        raise StoreError(
            f"Another engine runs on {data}.",
            remedy="Stop it, or name another folder with --data.",
        )
    command = ["engine", "--data", str(data), *options, "--listen"]
    free = [] if listen.asked else ["--or-free-port"]
    child = Child("engine", [*command, str(listen.address), *free], without=without)
    keeper: asyncio.Task[None] | None = None
    try:
        address = str((await child.start())["faktory"])
        # After a restart, it must come back at the address its clients know.
        where = parse_address(address.partition("://")[2], option="--listen")
        keeper = asyncio.create_task(child.keep([*command, str(where)]))
        yield address
    finally:
        if keeper is not None:
            keeper.cancel()
        await child.stop()


def _options(clients: ClientSettings) -> list[str]:
    """Return the options of an engine; they name files, so they contain no secret."""
    options: list[str] = []
    if clients.password_file is not None:
        options += ["--password-file", str(clients.password_file)]
    if clients.tls is not None:
        options += ["--tls-cert", str(clients.tls.cert), "--tls-key", str(clients.tls.key)]
    return options


def _tell_difference(data: Path, clients: ClientSettings, address: str | None) -> None:
    """Print a warning if an engine that already runs is not where the settings say."""
    if not clients.listen.asked or address is None:
        return
    wanted = faktory_url(clients.listen.address, tls=clients.tls is not None)
    if clients.listen.address.port and address != wanted:
        say(
            f"Warning: the work server on {data} runs already, at {address}, and was not "
            f"started by this console: {wanted} of the settings does not hold for it."
        )


def _told_address(data: Path) -> str | None:
    status = read_status(data)
    if status is None:
        return None
    host, _, port = status.listen.rpartition(":")
    return faktory_url(Address(host, int(port)), tls=status.tls)
