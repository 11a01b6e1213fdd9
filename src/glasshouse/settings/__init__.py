"""Settings: what a person configured, parsed once into frozen values.

The only place that reads command-line addresses, secrets and the environment.
Every wrong value raises a ``SettingsError`` with its remedy; nothing is guessed.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from glasshouse.model.errors import SettingsError


class Address(msgspec.Struct, frozen=True):
    """A place to listen on. ``host`` is a numeric address; port 0 means any free one."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def url_host(self) -> str:
        """The host as written in a URL."""
        return _url_host(self.host)

    def __str__(self) -> str:
        """Return it as HOST:PORT, IPv6 in brackets."""
        return f"{self.url_host}:{self.port}"


class Listen(msgspec.Struct, frozen=True):
    """Where to listen; ``asked`` if a person named it, so that no other port will do."""

    address: Address
    asked: bool


class TlsFiles(msgspec.Struct, frozen=True):
    """A certificate (with its chain) and its key, both PEM."""

    cert: Path
    key: Path


CONSOLE = Address("127.0.0.1", 7421)
FAKTORY = Address("127.0.0.1", 7419)


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How clients reach an embedded work server that a console starts.

    ``password_file`` holds the password that they need.
    """

    listen: Listen = Listen(FAKTORY, asked=False)
    password_file: Path | None = None
    tls: TlsFiles | None = None


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The embedded work server."""

    data: Path
    listen: Listen
    password: bytes | None = None
    tls: TlsFiles | None = None
    accept_loss: bool = False


class Secret:
    """A secret word that is not disclosed by accident: it prints as dots."""

    __slots__ = ("_word",)

    def __init__(self, word: str) -> None:
        """Store ``word``."""
        self._word = word

    def reveal(self) -> str:
        """Return the word."""
        return self._word

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same word; the time does not reveal where they differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._word.encode(), other._word.encode())

    def __hash__(self) -> int:
        """Return a hash that is consistent with ``==``."""
        return hash(self._word)

    def __repr__(self) -> str:
        """Show that there is a secret, and nothing of it."""
        return "Secret(•••)"


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A Faktory's Redis: a socket's ``path``, or host and port."""

    path: Path | None = None
    host: str = ""
    port: int = 6379
    tls: bool = False
    user: str | None = None
    password: Secret | None = None


class FaktorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """A real Faktory: its command port, and its Web UI and Redis if they can be reached.

    ``web`` is its address without a password; ``web_password`` is the password it requires.
    """

    host: str
    port: int
    tls: bool = False
    password: Secret | None = None
    web: str | None = None
    web_password: Secret | None = None
    redis: RedisSettings | None = None

    @property
    def url(self) -> str:
        """Its command port as an address, without the password."""
        return f"{'tcp+tls' if self.tls else 'tcp'}://{_url_host(self.host)}:{self.port}"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A named server: the embedded one whose data is in ``engine``, or a Faktory.

    ``clients`` is how an embedded one is reached, if the console starts it.
    """

    name: str
    engine: Path | None = None
    clients: ClientSettings = ClientSettings()
    faktory: FaktorySettings | None = None


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The demo. ``jobs`` is ``None`` if the number is left to the demo."""

    data: Path
    listen: Listen
    faktory: Listen
    jobs: int | None = None
    quiet: bool = False
    hosts: tuple[str, ...] = ()


_LAST_PORT = 65535
_REDIS_PORT = 6379
PASSWORD = "FAKTORY_PASSWORD"  # noqa: S105 - the name of a variable
SERVER = "main"
"""The name of a server that was not given one."""


def parse_listen(text: str | None, default: Address, *, option: str) -> Listen:
    """Return where ``option`` says to listen; without a value, ``default``.

    Raises:
        SettingsError: the text is not HOST:PORT.
    """
    if text is None:
        return Listen(default, asked=False)
    return Listen(parse_address(text, option=option), asked=True)


def parse_address(text: str, *, option: str) -> Address:
    """Parse ``HOST:PORT``; the host is numeric (IPv6 in brackets) or ``localhost``.

    Raises:
        SettingsError: it is neither.
    """
    remedy = f"Write {option} as HOST:PORT, for example 127.0.0.1:7421 or [::1]:0."
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > _LAST_PORT:
        raise SettingsError(f"{option} {text!r} is not an address.", remedy=remedy)
    bare = "127.0.0.1" if host == "localhost" else host
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    elif ":" in bare:
        raise SettingsError(f"{option} {text!r} needs brackets round its host.", remedy=remedy)
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise SettingsError(
            f"{option} {text!r} has no numeric host to listen on.", remedy=remedy
        ) from None
    return Address(bare, int(port))


def parse_faktory(server: str, web: str | None, redis: str | None = None) -> FaktorySettings:
    """Parse ``tcp://[:PASSWORD@]HOST[:PORT]`` (or ``tcp+tls://``), and what else is known.

    Without its own password the Web UI is accessed with the server's, as Faktory does.

    Raises:
        SettingsError: one of them is not such an address. No message repeats a password.
    """
    parts = _url(server, {"tcp", "tcp+tls"}, option="--server", example="tcp://faktory:7419")
    if parts.path not in {"", "/"} or parts.query:
        raise SettingsError(
            "--server has something after its port.", remedy="Write it as tcp://HOST:PORT."
        )
    password = _password(parts)
    settings = FaktorySettings(
        host=parts.hostname or "",
        port=parts.port or FAKTORY.port,
        tls=parts.scheme == "tcp+tls",
        password=password,
        redis=None if redis is None else parse_redis(redis),
    )
    if web is None:
        return settings
    pages = _url(web, {"http", "https"}, option="--web", example="http://faktory:7420")
    host = _url_host(pages.hostname or "")
    where = host if pages.port is None else f"{host}:{pages.port}"
    return msgspec.structs.replace(
        settings,
        web=f"{pages.scheme}://{where}{pages.path.rstrip('/')}",
        web_password=_password(pages) or password,
    )


def parse_redis(text: str) -> RedisSettings:
    """Parse ``unix:///PATH``, ``redis://[USER:PASSWORD@]HOST[:PORT]`` or ``rediss://…``.

    Raises:
        SettingsError: it is none of these. No message repeats a password.
    """
    option, example = "--redis", "unix:///var/lib/faktory/db/redis.sock or redis://faktory:6379"
    if text.startswith("unix:"):
        path = Path(unquote(urlsplit(text).path))
        if not path.is_absolute():
            raise SettingsError(f"{option} names no socket.", remedy=f"Write it like {example}.")
        return RedisSettings(path=path)
    parts = _url(text, {"redis", "rediss"}, option=option, example=example)
    if parts.path not in {"", "/", "/0"} or parts.query:
        raise SettingsError(
            f"{option} has something after its port.",
            remedy="Faktory uses database 0; write it as redis://USER:PASSWORD@HOST:PORT.",
        )
    return RedisSettings(
        host=parts.hostname or "",
        port=parts.port or _REDIS_PORT,
        tls=parts.scheme == "rediss",
        user=unquote(parts.username) if parts.username else None,
        password=_password(parts),
    )


def _url(text: str, schemes: set[str], *, option: str, example: str) -> SplitResult:
    remedy = f"Write it like {example}."
    # Not repeated: it may hold a password.
    error = SettingsError(f"{option} is no address of a Faktory.", remedy=remedy)
    try:
        parts = urlsplit(text)
        known = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise error from None
    if not known:
        raise error
    return parts


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _password(parts: SplitResult) -> Secret | None:
    return Secret(unquote(parts.password)) if parts.password else None


def require_password_beyond_loopback(
    address: Address, password: bytes | None, *, option: str, remedy: str
) -> None:
    """Refuse a work server that strangers could reach without a password.

    Raises:
        SettingsError: not loopback and no password.
    """
    if not address.loopback and password is None:
        raise SettingsError(
            f"{option} {address} is reachable from other machines, and whoever reaches a work "
            "server without a password may push, take and delete every job.",
            remedy=remedy,
        )


def tls_files(cert: Path | None, key: Path | None) -> TlsFiles | None:
    """Return the two files that TLS needs, or ``None`` when neither is given.

    Raises:
        SettingsError: only one is.
    """
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        given, missing = ("key", "cert") if cert is None else ("cert", "key")
        raise SettingsError(
            f"--tls-{given} is given without --tls-{missing}.", remedy="Give both or neither."
        )
    return TlsFiles(cert, key)


def read_password(
    password: str | None, file: Path | None, environ: Mapping[str, str] | None = None
) -> bytes | None:
    """Return the given password; from its file, without the final line end.

    Without one it is that of the environment, read as Faktory reads it.

    Raises:
        SettingsError: both are given, it is empty, or the file cannot be read.
    """
    if password is not None and file is not None:
        raise SettingsError(
            "Both --password and --password-file are given.", remedy="Give one of them."
        )
    if file is not None:
        secret: bytes | None = _read(file, "--password-file").rstrip(b"\r\n")
    elif password is not None:
        secret = os.fsencode(password)
    else:
        secret = password_in(environ or {})
    if secret == b"":
        raise SettingsError("The password is empty.", remedy="Give one, or leave the option out.")
    return secret


def password_in(environ: Mapping[str, str]) -> bytes | None:
    """Return the password in ``FAKTORY_PASSWORD``, or in the file whose path that is.

    Raises:
        SettingsError: that file cannot be read, or is empty.
    """
    password = environ.get(PASSWORD, "")
    if not password.startswith("/"):
        return os.fsencode(password) or None
    secret = _read(Path(password), PASSWORD).strip()
    if not secret:
        raise SettingsError(
            f"{PASSWORD}: the file {password} is empty.", remedy="Write the password there."
        )
    return secret


def _read(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{option} {file} cannot be read: {error.strerror}.",
            remedy="Name a file that this user may read.",
        ) from None


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return ``$XDG_STATE_HOME/glasshouse``; a relative value counts as unset (XDG base dirs).

    Raises:
        SettingsError: neither ``XDG_STATE_HOME`` nor ``HOME`` is set to a usable path.
    """
    base = environ.get("XDG_STATE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "glasshouse"
    home = environ.get("HOME", "")
    if not Path(home).is_absolute():
        raise SettingsError(
            "There is no place for state: HOME and XDG_STATE_HOME are not set.",
            remedy="Set one of them, or name a folder with --data.",
        )
    return Path(home) / ".local" / "state" / "glasshouse"
