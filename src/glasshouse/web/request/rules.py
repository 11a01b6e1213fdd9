"""The current rules: replaced as a whole when the settings are read again."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from glasshouse.model.access import IPAddress
from glasshouse.policy.decide import in_networks
from glasshouse.policy.roles import IPNetwork
from glasshouse.policy.rules import Rules


class ProxyHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A header in which a proxy states who the user is; believed only from ``networks``.

    Names are lower case. ``groups_header`` has names separated by commas.
    """

    header: str
    groups_header: str | None
    networks: tuple[IPNetwork, ...]


class PublicSite(msgspec.Struct, frozen=True, kw_only=True):
    """Where people reach the console: origins of its pages, and whether it is reached over TLS.

    ``origin`` is ``None`` if it is not set: then the Host header determines it.
    """

    origin: str | None = None
    secure: bool = False
    host: str | None = None
    path: str = ""

    @property
    def cookie(self) -> str:
        """The name of the session's cookie; browsers limit the longer one to TLS and this host."""
        return "__Host-glasshouse" if self.secure else "glasshouse"

    def origins(self, host: str) -> frozenset[str]:
        """Return the origins of our own pages when requested at ``host``."""
        if self.origin is not None:
            return frozenset((self.origin,))
        return frozenset((f"{'https' if self.secure else 'http'}://{host}",))


@dataclass(kw_only=True)
class Access:
    """The rules and settings in force now."""

    rules: Rules
    proxy: ProxyHeader | None = None
    trusted_proxies: tuple[IPNetwork, ...] = ()
    site: PublicSite = field(default_factory=PublicSite)
    hosts: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the settings give to the console's host."""
        return self.hosts if self.site.host is None else (self.site.host, *self.hosts)

    def is_proxy(self, address: IPAddress) -> bool:
        """Return whether many people come from this address."""
        vouching = () if self.proxy is None else self.proxy.networks
        return in_networks(address, (*self.trusted_proxies, *vouching))
