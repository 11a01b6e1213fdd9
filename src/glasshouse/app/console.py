"""The console over its servers: readers, monitor, web application, socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from glasshouse.app.announce import console_url, ready_line, say
from glasshouse.app.attach import attached
from glasshouse.app.control import control_of, working
from glasshouse.app.hosts import hosts_of
from glasshouse.app.ledger import kept, noting
from glasshouse.app.lifetime import run_until, stop_on_signals
from glasshouse.app.people import people_of, state_of
from glasshouse.app.reload import Read, reloading
from glasshouse.app.shipping import receivers_of, shipping
from glasshouse.app.sockets import address_of, bind
from glasshouse.app.tls import server_context
from glasshouse.control.control import Control
from glasshouse.engine.door import descriptors
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.settings import SERVER, Address, ServerSettings
from glasshouse.settings.console import ConsoleSettings
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.web.app import create_app
from glasshouse.web.auth.auth import People
from glasshouse.web.http.hosts import Hosts
from glasshouse.web.serve import serve

_OWN_FILES = 128
"""Descriptors for databases, servers, and connections that are being closed."""
_FEWEST = 64


async def console(settings: ConsoleSettings, read: Read | None = None) -> None:
    """Serve the console until SIGINT or SIGTERM; on SIGHUP ``read`` its settings again.

    Raises:
        SettingsError: the front end was not built.
        ListenError: the address cannot be used.
        ChildError: no engine ran and none could be started.
    """
    stop = stop_on_signals()
    with bind(settings.listen, option="--listen") as sock:
        address = address_of(sock)
        warn_when_open(address, settings)
        async with _served(settings, address) as (application, addresses):

            def on_ready() -> None:
                url = url_of(settings, address)
                say(f"The console answers at {url}; press Ctrl-C to stop.")
                faktory = next(iter(addresses.values())) if len(addresses) == 1 else None
                ready_line(console=url, faktory=faktory, servers=addresses)

            people = application.people
            access = None if people is None else people.access
            with reloading(read, settings, access, None if people is None else noting(people)):
                await run_until(stop, application.serve(sock, on_ready))


def url_of(settings: ConsoleSettings, address: Address) -> str:
    """Return the console's URL on this machine, with its path prefix."""
    below = "" if settings.public_url is None else settings.public_url.path
    return console_url(address, tls=settings.tls is not None) + below


@contextlib.asynccontextmanager
async def _served(
    settings: ConsoleSettings, address: Address
) -> AsyncIterator[tuple[Console, dict[str, str | None]]]:
    """Yield the console over these servers, and the address of each server if known."""
    monitors: dict[str, ServerMonitor] = {}
    addresses: dict[str, str | None] = {}
    async with contextlib.AsyncExitStack() as life:
        for server in settings.servers:
            monitors[server.name] = _monitor(server)
            if server.faktory is not None:
                addresses[server.name] = server.faktory.url
        people = people_of(settings)
        if people is not None:
            life.push_async_callback(people.close)
            folder = state_of(settings.keeping)
            places = receivers_of(settings)
            people.tools.sinks.update((place.key, place.name) for place in places)
            await life.enter_async_context(shipping(people.tools.database, places))
            await life.enter_async_context(kept(people.tools.database, folder))
            if people.leavers is not None:
                await life.enter_async_context(people.leavers.watching())
        control = control_of(settings, people)
        tls = None if settings.tls is None else server_context(settings.tls)
        # Names from the settings are known to ``people``, which may get others later.
        added = settings.hosts if people is None else ()
        hosts = await asyncio.to_thread(hosts_of, address, settings.tls, added)
        application = Console(monitors, hosts, people, tls, control)
        # Whatever could fail is tried before an engine is started.
        for server in settings.servers:
            if server.clients.tls is not None:
                server_context(server.clients.tls)
        for server in settings.servers:
            if server.engine is not None:
                running = attached(server.engine, server.clients)
                addresses[server.name] = await life.enter_async_context(running)
        if control is not None:
            await life.enter_async_context(working(control))
        yield application, addresses


class Console:
    """The console over its servers, which need not be running yet."""

    def __init__(
        self,
        servers: Mapping[str, ServerMonitor],
        hosts: Hosts,
        people: People | None = None,
        tls: ssl.SSLContext | None = None,
        control: Control | None = None,
    ) -> None:
        """Assemble the console; nothing is opened. Without ``people`` everyone may view it.

        It answers under the names of ``hosts``, and those from the settings of ``people``.
        Without a ``control`` nothing can be changed.

        Raises:
            SettingsError: the front end was not built.
        """
        self._monitor = Monitor(servers)
        self.people = people
        self._tls = tls
        self._app = create_app(
            self._monitor, clock=time.time, people=people, control=control, hosts=hosts
        )
        crowd = self._app.crowd
        crowd.most = min(crowd.most, max(descriptors() - _OWN_FILES, _FEWEST))

    async def serve(self, sock: socket.socket, on_ready: Callable[[], None]) -> None:
        """Serve at ``sock`` until cancelled."""
        address = address_of(sock)
        async with self._monitor.running():
            await serve(
                self._app,
                host=address.host,
                port=address.port,
                sock=sock,
                tls=self._tls,
                on_ready=lambda _host, _port: on_ready(),
            )


def _monitor(server: ServerSettings) -> ServerMonitor:
    if server.faktory is None:
        assert server.engine is not None
        return _embedded_monitor(server.name, server.engine)
    from glasshouse.app.remote import REMOTE, remote_reader  # noqa: PLC0415 - slow to import

    reader, scanner, breaker = remote_reader(server.faktory)
    return ServerMonitor(
        server.name, reader, clock=time.time, pace=REMOTE, scanner=scanner, breaker=breaker
    )


def _embedded_monitor(name: str, data: Path) -> ServerMonitor:
    reader, scanner = EmbeddedReader(data), EmbeddedScanner(data)
    return ServerMonitor(name, reader, clock=time.time, scanner=scanner)


def embedded(
    data: Path, hosts: Hosts, people: People | None = None, control: Control | None = None
) -> Console:
    """Return the console over the engine whose data is in ``data``.

    Raises:
        SettingsError: the front end was not built.
    """
    return Console({SERVER: _embedded_monitor(SERVER, data)}, hosts, people, control=control)


def warn_when_open(address: Address, settings: ConsoleSettings | None = None) -> None:
    """Print a warning if other machines can reach the console and see jobs without signing in."""
    more = "every job. Nobody can change anything."
    if settings is not None and settings.keeping.wanted:
        if settings.access.rules.anonymous is None:
            return
        more = 'what strangers may see: write anonymous = "none" under [identity] to end that.'
    if address.loopback:
        return
    say(
        f"Warning: {address} is reachable from other machines, and everybody who reaches it can "
        f"see, without signing in, {more}"
    )
