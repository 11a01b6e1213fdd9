"""The console over one server: reader, floor, web application, socket."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from glasshouse.app.announce import console_url, ready_line, say
from glasshouse.app.attach import attached
from glasshouse.app.lifetime import run_until, stop_on_signals
from glasshouse.app.remote import REMOTE, remote_reader
from glasshouse.app.sockets import address_of, bind
from glasshouse.floor.floor import Floor, ServerFloor
from glasshouse.floor.sampler import Pace
from glasshouse.settings import Address, ConsoleSettings
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.upstream.reader import Reader
from glasshouse.upstream.scan import Scanner
from glasshouse.web.app import create_app
from glasshouse.web.serve import serve

SERVER = "main"


async def console(settings: ConsoleSettings) -> None:
    """Serve the console until SIGINT or SIGTERM.

    Raises:
        SettingsError: the front end was not built.
        ListenError: the address cannot be used.
        ChildError: no engine ran and none could be started.
    """
    stop = stop_on_signals()
    with bind(settings.listen, option="--listen") as sock:
        address = address_of(sock)
        warn_when_open(address)
        async with _server(settings) as (made, faktory):

            def on_ready() -> None:
                url = console_url(address)
                say(f"The console answers at {url}; press Ctrl-C to stop.")
                ready_line(console=url, faktory=faktory)

            await run_until(stop, made.serve(sock, on_ready))


@contextlib.asynccontextmanager
async def _server(settings: ConsoleSettings) -> AsyncIterator[tuple[Console, str | None]]:
    """Yield the console over the one server that is named, and that server's address."""
    if settings.faktory is not None:
        reader, scanner = remote_reader(settings.faktory)
        try:
            yield Console(reader, pace=REMOTE, scanner=scanner), settings.faktory.url
        finally:
            await reader.close()
        return
    assert settings.engine is not None
    made = embedded(settings.engine)
    async with attached(settings.engine) as faktory:
        yield made, faktory


class Console:
    """The console over one server, which need not run yet."""

    def __init__(
        self, reader: Reader, *, pace: Pace | None = None, scanner: Scanner | None = None
    ) -> None:
        """Put it together; nothing is opened.

        Raises:
            SettingsError: the front end was not built.
        """
        server = ServerFloor(SERVER, reader, clock=time.time, pace=pace, scanner=scanner)
        self._floor = Floor({SERVER: server})
        self._app = create_app(self._floor, clock=time.time)

    async def serve(self, sock: socket.socket, on_ready: Callable[[], None]) -> None:
        """Serve at ``sock`` until cancelled."""
        address = address_of(sock)
        async with self._floor.running():
            await serve(
                self._app,
                host=address.host,
                port=address.port,
                sock=sock,
                on_ready=lambda _host, _port: on_ready(),
            )


def embedded(data: Path) -> Console:
    """Return the console over the engine whose data lies in ``data``.

    Raises:
        SettingsError: the front end was not built.
    """
    return Console(EmbeddedReader(data), scanner=EmbeddedScanner(data))


def warn_when_open(address: Address) -> None:
    """Say so when other machines can read the console: there is no sign-in yet."""
    if not address.loopback:
        say(
            f"Warning: {address} is reachable from other machines, and everybody who reaches it "
            "can read every job. Nobody can change anything."
        )
