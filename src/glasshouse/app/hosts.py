"""The names of this machine under which its console answers; see ``web/hosts``."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable

from glasshouse.model.errors import SettingsError
from glasshouse.settings import Address, TlsFiles
from glasshouse.web.http.hosts import Hosts, plain

_PATIENCE = 2.0
"""Seconds to wait for name resolution before the console continues without it."""


def hosts_of(address: Address, tls: TlsFiles | None = None, added: Iterable[str] = ()) -> Hosts:
    """Return the names for a console at ``address``: the machine's, its certificate's, and more.

    If other machines can connect, the machine's full name is looked up, for two seconds at most.
    """
    names = {plain(socket.gethostname()), *added}
    if not address.loopback:
        names.add(plain(_full_name()))
    if tls is not None:
        names.update(names_in(tls))
    return Hosts(names, beyond_loopback=not address.loopback)


def names_in(tls: TlsFiles) -> tuple[str, ...]:
    """Return the names that a certificate is issued for: no other site uses them.

    Raises:
        SettingsError: there is no certificate.
    """
    from cryptography import x509  # noqa: PLC0415 - only where TLS is served

    try:
        certificate = x509.load_pem_x509_certificate(tls.cert.read_bytes())
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    except (OSError, ValueError):
        raise SettingsError(
            f"The certificate {tls.cert} cannot be read.", remedy="Name a PEM file."
        ) from None
    return tuple(named.value.get_values_for_type(x509.DNSName))


def _full_name() -> str:
    """Return the machine's name with its domain, or its plain name if that takes too long."""
    names = [socket.gethostname()]
    # It may query a name server that does not answer, and cannot be made to give up.
    asking = threading.Thread(target=lambda: names.append(socket.getfqdn()), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return names[-1]
