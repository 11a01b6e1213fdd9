"""Host names in addresses."""

from __future__ import annotations

import ipaddress


def is_this_machine(host: str) -> bool:
    """Return whether the host in an address is this machine, by name or by number."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
