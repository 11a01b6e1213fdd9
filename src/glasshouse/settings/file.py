"""``glasshouse.toml``: the settings file, read once and strictly.

Every value that may hold a secret can be in a separate file instead: ``faktory``,
``web`` and ``redis`` as ``faktory_file``, ``web_file`` and ``redis_file``. No message
repeats the contents.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from glasshouse.model.errors import SettingsError
from glasshouse.model.retention import Bounds
from glasshouse.policy.roles import IPNetwork, RoleTable, parse_age, parse_network
from glasshouse.settings import (
    CONSOLE,
    Secret,
    ServerSettings,
    parse_faktory,
    parse_listen,
    tls_files,
)
from glasshouse.settings.access import AccessSettings, IdentityTable, Section, access_settings
from glasshouse.settings.console import (
    ConsoleSettings,
    ConsoleState,
    PublicUrl,
    hosts_in,
    one_server,
    parse_hosts,
    parse_public_url,
    parts_of,
)
from glasshouse.settings.engine import client_settings
from glasshouse.settings.sinks import DATABASE, Sink, parse_sinks
from glasshouse.web.request.routes import RESERVED_NAMES

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PREFIX = "GLASSHOUSE_"
_SEE = "See docs/settings.md for what can be set."
_MOST_TRASH = 10_000_000


class _Console(Section, frozen=True, kw_only=True):
    listen: str | None = None
    database: str | None = None
    database_file: str | None = None
    public_url: str | None = None
    hosts: tuple[str, ...] = ()
    tls_cert: str | None = None
    tls_key: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    read_only: bool = False


class _Server(Section, frozen=True, kw_only=True):
    name: str
    faktory: str | None = None
    faktory_file: str | None = None
    web: str | None = None
    web_file: str | None = None
    redis: str | None = None
    redis_file: str | None = None
    password_file: str | None = None
    engine: str | None = None
    listen: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    flush: bool = False


class _Trash(Section, frozen=True, kw_only=True):
    keep: str = "7d"
    max_jobs: int = 100_000


class _Ledger(Section, frozen=True, kw_only=True):
    sinks: tuple[str, ...] = (DATABASE,)
    token_file: str | None = None


class _File(Section, frozen=True, kw_only=True):
    console: _Console = _Console()
    servers: tuple[_Server, ...] = ()
    identity: IdentityTable = IdentityTable()
    roles: dict[str, RoleTable] = msgspec.field(default_factory=dict)
    members: dict[str, str] = msgspec.field(default_factory=dict)
    trash: _Trash = _Trash()
    ledger: _Ledger = _Ledger()


class ServerOptions(NamedTuple):
    """The command-line options for one server."""

    engine: Path | None = None
    server: str | None = None
    web: str | None = None
    redis: str | None = None


def settings_of(
    config: Path | None,
    named: ServerOptions,
    *,
    listen: str | None,
    environ: Mapping[str, str],
    state: Path | None = None,
) -> ConsoleSettings:
    """Return the settings in the file, or without one those of the command line.

    Raises:
        SettingsError: see ``read_settings`` and ``one_server``; or both are given.
    """
    if config is None:
        where = parse_listen(listen, CONSOLE, option="--listen")
        return one_server(where, *named, hosts=hosts_in(environ))
    if any(given is not None for given in named):
        raise SettingsError(
            "A settings file and a server on the command line are given.",
            remedy="Name the server in the file, or leave out -c.",
        )
    return read_settings(config, listen=listen, environ=environ, state=state)


def read_settings(
    path: Path,
    *,
    listen: str | None = None,
    environ: Mapping[str, str],
    state: Path | None = None,
) -> ConsoleSettings:
    """Return the settings in the file at ``path``.

    The environment overrides it, and ``listen`` overrides both. Paths in the file are relative
    to its folder.

    Raises:
        SettingsError: it cannot be read, or something in it is wrong: where, and what to write.
    """
    told = _decoded(path)
    if not told.servers:
        raise SettingsError(
            f"{path} names no server.",
            remedy='Add a [[servers]] table with name = "main" and faktory = "tcp://HOST:7419".',
        )
    servers = tuple(_server(server, path, environ) for server in told.servers)
    names = [server.name for server in servers]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(
                f"{path}: two servers have the name {name!r}.", remedy="Give each its own."
            )
    console = _from_environment(told.console, environ)
    option = "--listen" if listen else f"{path}: listen"
    if console.listen != told.console.listen and not listen:
        option = _PREFIX + "LISTEN"
    folder = path.absolute().parent
    return ConsoleSettings(
        listen=parse_listen(listen or console.listen, CONSOLE, option=option),
        servers=servers,
        access=_access(told, console, path),
        keeping=_keeping(console, path, folder, state),
        public_url=None if console.public_url is None else _public_url(console.public_url, path),
        hosts=parse_hosts(console.hosts, option=f"{path}: hosts"),
        tls=tls_files(
            None if not console.tls_cert else folder / console.tls_cert,
            None if not console.tls_key else folder / console.tls_key,
        ),
        trusted_proxies=_networks(console.trusted_proxies, path),
        trash=_trash(told.trash, path),
        sinks=_sinks(told.ledger, path, folder),
    )


def _keeping(console: _Console, path: Path, folder: Path, state: Path | None) -> ConsoleState:
    given = (console.database, console.database_file)
    return ConsoleState(database=_either(*given, "database", str(path), folder), state=state)


def _sinks(table: _Ledger, path: Path, folder: Path) -> tuple[Sink, ...]:
    token = None
    if table.token_file is not None:
        token = Secret(_read(folder / table.token_file, f"{path}: ledger"))
    try:
        return parse_sinks(table.sinks, token, folder)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error.detail}", remedy=error.remedy) from None


def _trash(table: _Trash, path: Path) -> Bounds:
    seconds = None
    with contextlib.suppress(SettingsError):
        seconds = parse_age(table.keep)
    if seconds is None:
        raise SettingsError(
            f"{path}: trash.keep is {table.keep[:40]!r}, which is no time.",
            remedy='Write it as "7d" or "12h".',
        )
    if not 0 <= table.max_jobs <= _MOST_TRASH:
        raise SettingsError(
            f"{path}: trash.max_jobs is {table.max_jobs}.",
            remedy=f"Write a number from 0 to {_MOST_TRASH:,}.",
        )
    return Bounds(seconds, table.max_jobs)


def _from_environment(console: _Console, environ: Mapping[str, str]) -> _Console:
    """Return the table with the values of the environment; each overrides the file's."""
    changes: dict[str, object] = {}
    for name in _Console.__struct_fields__:
        value = environ.get(_PREFIX + name.upper())
        if not value:
            continue
        if name in {"trusted_proxies", "hosts"}:
            changes[name] = parts_of(value)
        elif name == "read_only":
            if value not in _TRUTHS:
                raise SettingsError(
                    f"{_PREFIX}READ_ONLY is {value[:20]!r}.", remedy="Write true or false."
                )
            changes[name] = _TRUTHS[value]
        else:
            changes[name] = value
    if "database" in changes:
        changes["database_file"] = None
    return msgspec.structs.replace(console, **changes)


_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def _access(table: _File, console: _Console, path: Path) -> AccessSettings:
    folder = path.absolute().parent

    def secret(given: str | None, file: str | None, name: str) -> str | None:
        return _either(given, file, name, f"{path}: identity.oidc", folder)

    try:
        return access_settings(
            table.identity,
            table.roles,
            table.members,
            read_only=console.read_only,
            flushable=frozenset(server.name for server in table.servers if server.flush),
            watched=frozenset(server.name for server in table.servers if server.engine is None),
            folder=folder,
            secret=secret,
        )
    except SettingsError as error:
        detail = error.detail if error.detail.startswith(str(path)) else f"{path}: {error.detail}"
        raise SettingsError(detail, remedy=error.remedy) from None


def _public_url(text: str, path: Path) -> PublicUrl:
    try:
        return parse_public_url(text)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error.detail}", remedy=error.remedy) from None


def _networks(texts: tuple[str, ...], path: Path) -> tuple[IPNetwork, ...]:
    try:
        return tuple(map(parse_network, texts))
    except SettingsError as error:
        raise SettingsError(
            f"{path}: trusted_proxies: {error.detail}", remedy=error.remedy
        ) from None


def _decoded(path: Path) -> _File:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_File, strict=True)
    except OSError as error:
        raise SettingsError(
            f"The settings {path} cannot be read: {error.strerror}.",
            remedy="Name a file that this user may read, with -c FILE.",
        ) from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_told(str(error))}", remedy=_SEE) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # It contains a line and a column, and no text of the file.
        raise SettingsError(
            f"{path} is not TOML: {error}.", remedy="Mend it at that place."
        ) from None


def _told(error: str) -> str:
    return (
        error.replace("Object contains unknown field", "there is no setting").replace(
            " - at `$", " (at `"
        )
        + (")" if " - at `$" in error else "")
        + "."
    )


def _server(table: _Server, path: Path, environ: Mapping[str, str]) -> ServerSettings:
    where = f"{path}: server {table.name!r}"
    if not _NAME.fullmatch(table.name) or table.name in RESERVED_NAMES:
        raise SettingsError(
            f"{path}: {table.name[:80]!r} cannot be the name of a server.",
            remedy="Use small letters, digits and dashes; not "
            + ", ".join(sorted(RESERVED_NAMES))
            + ".",
        )
    folder = path.absolute().parent
    faktory = _either(table.faktory, table.faktory_file, "faktory", where, folder)
    web = _either(table.web, table.web_file, "web", where, folder)
    redis = _either(table.redis, table.redis_file, "redis", where, folder)
    if (faktory is None) == (table.engine is None):
        raise SettingsError(
            f"{where} needs either faktory or engine.",
            remedy='Write faktory = "tcp://HOST:7419", or engine = "DIR" for the embedded server.',
        )
    if table.engine is not None:
        if web or redis:
            raise SettingsError(
                f"{where} is an embedded server: web and redis are a Faktory's.",
                remedy="Leave them out.",
            )
        clients = client_settings(
            table.listen,
            table.password_file,
            (table.tls_cert, table.tls_key),
            where=where,
            folder=folder,
            environ=environ,
        )
        return ServerSettings(name=table.name, engine=folder / table.engine, clients=clients)
    _refuse_embedded(table, where)
    assert faktory is not None
    try:
        faktory_settings = parse_faktory(faktory, web, redis)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error.detail}", remedy=error.remedy) from None
    if table.password_file is not None:
        word = Secret(_read(folder / table.password_file, where))
        faktory_settings = msgspec.structs.replace(
            faktory_settings,
            password=faktory_settings.password or word,
            web_password=faktory_settings.web_password or word if faktory_settings.web else None,
        )
    return ServerSettings(name=table.name, faktory=faktory_settings)


def _refuse_embedded(table: _Server, where: str) -> None:
    """Refuse settings for a Faktory that only an embedded server has."""
    if table.flush:
        raise SettingsError(
            f"{where} has flush: only an embedded server can be flushed from here.",
            remedy="Remove it.",
        )
    if table.listen or table.tls_cert or table.tls_key:
        raise SettingsError(
            f"{where} is a Faktory: listen, tls_cert and tls_key are an embedded server's.",
            remedy="Leave them out; a Faktory is told its own where it runs.",
        )


def _either(given: str | None, file: str | None, name: str, where: str, folder: Path) -> str | None:
    if given is not None and file is not None:
        raise SettingsError(f"{where} has both {name} and {name}_file.", remedy="Keep one of them.")
    return given if file is None else _read(folder / file, where)


def _read(file: Path, where: str) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(
            f"{where}: the file {file} cannot be read: {why}.",
            remedy="Name a file that this user may read.",
        ) from None
    if not text:
        raise SettingsError(f"{where}: the file {file} is empty.", remedy="Write the value there.")
    return text
