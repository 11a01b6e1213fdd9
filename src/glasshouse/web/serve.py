"""The console on a socket: uvicorn with the guarded protocol, stopped without waiting."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Callable, Iterator

import uvicorn

from glasshouse.model.errors import SettingsError
from glasshouse.web.app import Application
from glasshouse.web.http import protocol
from glasshouse.web.http.protocol import GuardedProtocol

GRACE_SECONDS = 2
_BACKLOG = 1024


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; port 0 takes a free one.

    Raises:
        SettingsError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port}: {error}.", remedy="Choose another address or port."
        ) from error
    return sock


class _Server(uvicorn.Server):
    """uvicorn's server; signals belong to the command, streams end before waiting."""

    def __init__(
        self, config: uvicorn.Config, app: Application, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._console = app
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen as uvicorn does, and give a TLS handshake no more time than a head."""
        await self.lifespan.startup()
        loop, tls = asyncio.get_running_loop(), self.config.ssl
        make = functools.partial(
            GuardedProtocol,
            crowd=self._console.crowd,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=loop,
        )
        seconds = None if tls is None else protocol.HEAD_SECONDS
        self.servers = [
            await loop.create_server(
                make, sock=sock, ssl=tls, ssl_handshake_timeout=seconds, backlog=_BACKLOG
            )
            for sock in sockets or ()
        ]
        self.started = True
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._console.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: Application, tls: ssl.SSLContext | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=_BACKLOG,
    )
    config.load()
    # Our own context: uvicorn would make one from files, with older versions of TLS.
    config.ssl = tls
    return config


async def serve(
    app: Application,
    *,
    host: str,
    port: int,
    sock: socket.socket | None = None,
    tls: ssl.SSLContext | None = None,
    on_ready: Callable[[str, int], None],
) -> None:
    """Serve until cancelled; ``on_ready`` gets the address once it answers.

    With ``tls`` it serves HTTPS. Runs in the caller's loop (uvloop, if the command chose it).

    Raises:
        SettingsError: the address cannot be used.
    """
    listening = sock or bind(host, port)
    address = listening.getsockname()
    server = _Server(_config(app, tls), app, lambda: on_ready(address[0], address[1]))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        server.should_exit = True
        await task
        raise
    finally:
        listening.close()
