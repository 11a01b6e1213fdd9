"""How clients reach an embedded work server in the settings: its address, password and TLS.

Values with which the server could not start are reported here, in terms of the settings: it
runs as a separate process, whose options were not written by a person.
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
    """Return the settings in a server's table; ``where`` names it, paths start at ``folder``.

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
