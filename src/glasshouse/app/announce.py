"""Command output: one ready line on stdout, everything for people on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from glasshouse.model.errors import GlasshouseError

if TYPE_CHECKING:
    from glasshouse.settings import Address


def say(text: str) -> None:
    """Print a message for the person at the terminal."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_error(error: GlasshouseError) -> None:
    """Print what failed and what to do, on one line."""
    say(" ".join(f"glasshouse: {error.detail} {error.remedy}".split()))


def ready_line(**addresses: object) -> None:
    """Print the contract's ready line; ``None`` values are unknown and left out."""
    known = {key: value for key, value in addresses.items() if value is not None}
    sys.stdout.write(json.dumps({"event": "ready", **known}) + "\n")
    sys.stdout.flush()


def console_url(address: Address, *, tls: bool = False) -> str:
    """Return the console's URL, with the friendly name for loopback IPv4."""
    host = "localhost" if address.host == "127.0.0.1" else address.url_host
    return f"{'https' if tls else 'http'}://{host}:{address.port}"


def faktory_url(address: Address, *, tls: bool = False) -> str:
    """Return the work server's address as Faktory clients write it."""
    return f"{'tcp+tls' if tls else 'tcp'}://{address}"
