"""Where a request comes from: pure, from the socket and from what trusted proxies report.

``X-Forwarded-For`` is counted from the right: each address in it was written by the one to its
right, and is believed only if that one is a trusted proxy. Everything to the left of the first
address that is not a trusted proxy was written by a client and is ignored. Nothing is guessed: an
unreadable value from a trusted proxy is refused.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Sequence

from glasshouse.model.access import IPAddress
from glasshouse.model.errors import InvalidError
from glasshouse.policy.decide import in_networks
from glasshouse.policy.roles import IPNetwork

FORWARDED_FOR = b"x-forwarded-for"
_MOST = 20
_IPV4_PORT = re.compile(r"([0-9.]{7,15}):[0-9]{1,5}")
_IPV6_PORT = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?")
Headers = Sequence[tuple[bytes, bytes]]


def client_address(
    peer: str | None, headers: Headers, trusted: Sequence[IPNetwork]
) -> IPAddress | None:
    """Return the address that a request comes from; ``None`` if there is no network.

    Raises:
        InvalidError: a trusted proxy names something that is not an address.
    """
    here = socket_address(peer)
    if here is None or not in_networks(here, trusted):
        return here
    for text in reversed(_named(headers)):
        here = _address(text)
        if not in_networks(here, trusted):
            return here
    return here


@functools.lru_cache(maxsize=4096)
def socket_address(peer: str | None) -> IPAddress | None:
    """Return the address of a socket's other end; ``None`` for one without a network."""
    try:
        return _plain(ipaddress.ip_address((peer or "").partition("%")[0]))
    except ValueError:
        return None


def limit_key(address: IPAddress | None) -> str:
    """Return the key by which attempts are counted: for IPv6 the /64, which is one household."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


def _named(headers: Headers) -> list[str]:
    """Return the addresses that the header names, from left to right."""
    values = [value for name, value in headers if name.lower() == FORWARDED_FOR]
    if any(
        name.lower().replace(b"_", b"-") == FORWARDED_FOR and b"_" in name for name, _ in headers
    ):
        raise _refused("X_Forwarded_For is not X-Forwarded-For.")
    if not values:
        return []
    if len(values) > 1:
        raise _refused("X-Forwarded-For came twice.")
    named = [part.strip() for part in values[0].decode("latin-1").split(",")]
    if len(named) > _MOST:
        raise _refused("X-Forwarded-For is too long.")
    return named


def _address(text: str) -> IPAddress:
    """Return an address as proxies write them: bare, with a port, IPv6 also in brackets."""
    matched = _IPV4_PORT.fullmatch(text) or _IPV6_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(matched[1] if matched else text)
    except ValueError:
        raise _refused("X-Forwarded-For names something that is no address.") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise _refused("X-Forwarded-For names an address with a zone.")
    return _plain(address)


def _plain(address: IPAddress) -> IPAddress:
    return getattr(address, "ipv4_mapped", None) or address


def _refused(detail: str) -> InvalidError:
    return InvalidError(detail, remedy="Fix the proxy in front of the console.")
