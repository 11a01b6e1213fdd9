"""The host names under which the console answers: pure.

A page of any site can make its own name resolve to an address that the browser reaches, loopback
included, and could then read the console as if it were its own. So a request is accepted only under
a name that no other site can have: names of this machine, those that the settings add, and numeric
addresses, which browsers use for no other site's page.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable

from glasshouse.model.access import IPAddress

LOCAL = "localhost"
"""The name that means this machine on every machine; names below it too (RFC 6761 §6.3)."""
_MOST_KNOWN = 256
"""How many names are remembered as answered or not; requests under others still get an answer."""
_LONGEST_NAME = 300
_PORT = re.compile(r":[0-9]*$")


class Hosts:
    """Host names, and which addresses count in addition to them."""

    def __init__(self, names: Iterable[str] = (), *, beyond_loopback: bool = False) -> None:
        """Answer under ``names``; a name that begins with ``*.`` stands for one more label.

        ``beyond_loopback`` means that other machines connect: any address is then answered, because
        the one they use may be translated on the way. Otherwise only loopback addresses are.
        """
        self._names = frozenset(map(plain, names))
        self._beyond_loopback = beyond_loopback
        self._answered: dict[tuple[str, tuple[str, ...]], bool] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return (LOCAL, *sorted(self._names - {LOCAL}))

    def answers(self, host: str, more: Iterable[str] = ()) -> bool:
        """Return whether a request with this ``Host`` is answered; ``more`` are extra names."""
        known = (host, tuple(more))
        if (answered := self._answered.get(known)) is None:
            answered = self._answers(*known)
            if len(self._answered) < _MOST_KNOWN and len(host) <= _LONGEST_NAME:
                self._answered[known] = answered
        return answered

    def _answers(self, host: str, more: Iterable[str]) -> bool:
        name = plain(host_of(host))
        if name == LOCAL or name.endswith("." + LOCAL):
            return True
        if name in self._names or name in map(plain, more):
            return True
        if "*." + name.partition(".")[2] in self._names:
            return True
        address = _address(name)
        return address is not None and (self._beyond_loopback or address.is_loopback)


def host_of(header: str) -> str:
    """Return the host of a ``Host`` header: without its port, IPv6 without brackets."""
    return _PORT.sub("", header).strip("[]")


def plain(name: str) -> str:
    """Return a name in the form used for comparison: lower case, without the root's dot."""
    return name.lower().removesuffix(".")


@functools.lru_cache(maxsize=256)
def _address(name: str) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
