"""The settings of a console: its servers, who may sign in, and where it keeps its state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from glasshouse.model.errors import SettingsError
from glasshouse.model.retention import Bounds
from glasshouse.policy.roles import IPNetwork
from glasshouse.settings import (
    SERVER,
    Listen,
    ServerSettings,
    TlsFiles,
    parse_faktory,
)
from glasshouse.settings.access import AccessSettings, open_to_all
from glasshouse.settings.sinks import Sink
from glasshouse.web.http.hosts import plain

_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_HTTP_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|[0-9A-Fa-f:.]{2,45}")
HOSTS = "GLASSHOUSE_HOSTS"


class ConsoleState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the console keeps accounts and sessions: a database's URL, or ``None`` for its folder.

    ``state`` is that folder, ``None`` for the usual one. ``wanted`` is false if nobody can
    sign in: then nothing is kept.
    """

    database: str | None = None
    state: Path | None = None
    wanted: bool = True


class PublicUrl(msgspec.Struct, frozen=True, kw_only=True):
    """The console's public address: ``https://host:port`` and the path after it, without ``/``."""

    origin: str
    host: str
    path: str = ""

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https:")


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The console over its servers, of which there is at least one.

    ``hosts`` are names of the console in addition to those of its machine.
    """

    listen: Listen
    servers: tuple[ServerSettings, ...]
    access: AccessSettings = msgspec.field(default_factory=open_to_all)
    keeping: ConsoleState = ConsoleState(wanted=False)
    public_url: PublicUrl | None = None
    hosts: tuple[str, ...] = ()
    tls: TlsFiles | None = None
    trusted_proxies: tuple[IPNetwork, ...] = ()
    trash: Bounds = Bounds()
    sinks: tuple[Sink, ...] = ()


def parse_public_url(text: str) -> PublicUrl:
    """Parse ``https://host[:port][/path]``.

    Raises:
        SettingsError: it is not one.
    """
    error = SettingsError(
        f"public_url {text[:80]!r} is not the address of a site.",
        remedy="Write it like https://jobs.example.com or https://example.com/glasshouse.",
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise error from None
    host = parts.hostname or ""
    odd = parts.query or parts.fragment or parts.username or not _PATH.fullmatch(parts.path)
    if parts.scheme not in _HTTP_PORTS or not host or odd:
        raise error
    shown = f"[{host}]" if ":" in host else host
    where = shown if port in (None, _HTTP_PORTS[parts.scheme]) else f"{shown}:{port}"
    return PublicUrl(origin=f"{parts.scheme}://{where}", host=host, path=parts.path.rstrip("/"))


def parse_hosts(names: Iterable[str], *, option: str) -> tuple[str, ...]:
    """Return names of a console in the form in which they are compared.

    Raises:
        SettingsError: one is not a host name.
    """
    for name in names:
        if not _HOST.fullmatch(name):
            raise SettingsError(
                f"{option} has {name[:80]!r}, which is no name of a host.",
                remedy='Write names alone, without https:// and port: "jobs.internal".',
            )
    return tuple(dict.fromkeys(map(plain, names)))


def hosts_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that the environment adds for the console; raises likewise."""
    return parse_hosts(parts_of(environ.get(HOSTS, "")), option=HOSTS)


def parts_of(text: str) -> tuple[str, ...]:
    """Return the parts between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def one_server(
    listen: Listen,
    engine: Path | None,
    server: str | None,
    web: str | None,
    redis: str | None,
    *,
    hosts: tuple[str, ...] = (),
) -> ConsoleSettings:
    """Return the settings of a console over the one server that the command line names.

    Raises:
        SettingsError: it names none, or more than one, or an invalid address.
    """
    if (engine is None) == (server is None):
        raise SettingsError(
            "Name the server to look at: one, and not more.",
            remedy="Write glasshouse serve --engine DIR, --server URL --web URL, or -c FILE.",
        )
    for option, what, given in (("--web", "Web UI", web), ("--redis", "Redis", redis)):
        if given is not None and server is None:
            raise SettingsError(
                f"{option} is the {what} of the Faktory that --server names, and there is no "
                "--server.",
                remedy=f"Name both: --server tcp://HOST:7419 {option} URL.",
            )
    settings = ServerSettings(
        name=SERVER,
        engine=None if engine is None else engine.absolute(),
        faktory=None if server is None else parse_faktory(server, web, redis),
    )
    return ConsoleSettings(listen=listen, servers=(settings,), hosts=hosts)
