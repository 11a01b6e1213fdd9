"""Free ports of loopback, for programs that are told theirs before they take it."""

from __future__ import annotations

import socket

_HELD: list[socket.socket] = []


def free_port() -> int:
    """Return a port on which nobody listens, and which nobody else is given meanwhile.

    It stays bound by this process, without listening: whoever sets ``SO_REUSEADDR``, as
    servers do, may listen there, and the system chooses it for nobody.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _HELD.append(held)
    return int(held.getsockname()[1])
