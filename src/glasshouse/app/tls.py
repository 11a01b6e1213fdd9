"""TLS for a listening socket, from a certificate and its key."""

from __future__ import annotations

import ssl

from glasshouse.model.errors import SettingsError
from glasshouse.settings import TlsFiles


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return what a server needs to speak TLS 1.2 or newer.

    Raises:
        SettingsError: a file cannot be read, is not what it should be, or the
            two do not belong together.
    """
    for option, path in (("--tls-cert", files.cert), ("--tls-key", files.key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"{option} {path} cannot be read: {error.strerror}.",
                remedy="Name a PEM file that this user may read.",
            ) from None
    _check_certificate(files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    asked = False

    def passphrase() -> str:
        # Without this, OpenSSL would prompt for one at the terminal.
        nonlocal asked
        asked = True
        return ""

    try:
        context.load_cert_chain(files.cert, files.key, password=passphrase)
    except ssl.SSLError as error:
        if asked:
            raise SettingsError(
                f"--tls-key {files.key} is encrypted.",
                remedy="Name a key without a passphrase: openssl pkey -in KEY -out PLAIN-KEY.",
            ) from None
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(
                f"--tls-key {files.key} is not the key of --tls-cert {files.cert}.",
                remedy="Name the two that belong together.",
            ) from None
        raise SettingsError(
            f"--tls-key {files.key} holds no private key.", remedy="Name the key as a PEM file."
        ) from None
    return context


def _check_certificate(files: TlsFiles) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(files.cert)
    except ssl.SSLError:
        raise SettingsError(
            f"--tls-cert {files.cert} holds no certificate.",
            remedy="Name the certificate, and its chain below it, as a PEM file.",
        ) from None
