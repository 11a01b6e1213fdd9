"""How clients reach an embedded work server of the settings: its address, password and TLS.

What the server could not start with is told here, in the words of the settings: it runs as
a process of its own, whose options nobody has written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from glasshouse.model.errors import SettingsError
from glasshouse.settings import (
    FAKTORY,
    ClientSettings,
    TlsFiles,
    parse_listen,
    password_in,
    read_password,
    require_password_beyond_loopback,
)


def client_settings(
    listen: str | None,
    password_file: str | None,
    tls: tuple[str | None, str | None],
    *,
    where: str,
    folder: Path,
    environ: Mapping[str, str],
) -> ClientSettings:
    """Return what the table of a server says; ``where`` names it, paths begin at ``folder``.

    Raises:
        SettingsError: a value is wrong, a file cannot be read, or strangers could reach a
            server without a password.
    """
    option = f"{where}: listen"
    address = parse_listen(listen, FAKTORY, option=option)
    file = None if password_file is None else folder / password_file
    require_password_beyond_loopback(
        address.address,
        password_in(environ) if file is None else _password(file, where),
        option=option,
        remedy="Add password_file, or listen on 127.0.0.1.",
    )
    return ClientSettings(listen=address, password_file=file, tls=_tls(tls, where, folder))


def _password(file: Path, where: str) -> bytes | None:
    try:
        return read_password(None, file)
    except SettingsError as error:
        detail = error.detail.replace("--password-file", "password_file")
        raise SettingsError(f"{where}: {detail}", remedy="Name a file with a password.") from None


def _tls(given: tuple[str | None, str | None], where: str, folder: Path) -> TlsFiles | None:
    cert, key = given
    if not cert and not key:
        return None
    if not cert or not key:
        raise SettingsError(
            f"{where} needs both tls_cert and tls_key to speak TLS.",
            remedy="Write both or neither.",
        )
    return TlsFiles(folder / cert, folder / key)
