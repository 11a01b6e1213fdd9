"""Listening sockets: a default port may be replaced by a free one, a requested port never."""

from __future__ import annotations

import errno
import socket

from glasshouse.app.announce import say
from glasshouse.model.errors import GlasshouseError
from glasshouse.settings import Address, Listen


class ListenError(GlasshouseError):
    """An address cannot be listened on."""

    code = "listen"


def bind(listen: Listen, *, option: str) -> socket.socket:
    """Return a socket bound to ``listen`` (not yet listening).

    Raises:
        ListenError: the address cannot be used, or it was requested and is taken.
    """
    try:
        return _bound(listen.address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or listen.asked:
            raise listen_error(listen.address, error, option=option) from None
    bound = _bound(Address(listen.address.host, 0))
    say(f"Port {listen.address.port} is taken; using {bound.getsockname()[1]} instead.")
    return bound


def choose(listen: Listen, *, option: str) -> Address:
    """Return an address that can be listened on now, for a server that binds it itself.

    Raises:
        ListenError: as ``bind``.
    """
    if listen.address.port == 0:
        return listen.address
    with bind(listen, option=option) as probe:
        return address_of(probe)


def address_of(bound: socket.socket) -> Address:
    """Return where a socket is bound."""
    host, port = bound.getsockname()[:2]
    return Address(host, port)


def listen_error(address: Address, error: OSError, *, option: str) -> ListenError:
    """Return the error for an address that the system refused."""
    if error.errno == errno.EADDRINUSE:
        return ListenError(
            f"{address} is taken by another program.",
            remedy=f"Stop it, or choose another port with {option}.",
        )
    return ListenError(
        f"Cannot listen on {address}: {error.strerror}.",
        remedy=f"Choose an address of this machine with {option}.",
    )


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address.host, address.port))
        # On Linux only listening shows it: with SO_REUSEADDR two may bind, one may listen.
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    sock.settimeout(0)
    return sock
