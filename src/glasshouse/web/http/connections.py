"""Which clients hold connections, and which give one up when there are too many.

Invariants: connections that still owe something (a head, a body, the next request) are closed
first, starting with the oldest one of the address that has the most. However many one client opens
and leaves waiting, there is room for others. A trusted proxy holds the connections of many people
and has no limit of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from glasshouse.model.access import IPAddress
from glasshouse.web.http.network import limit_key, socket_address

MAX_CONNECTIONS = 2000


class Connection(Protocol):
    """A connection that may have to be closed."""

    def give_up(self) -> None:
        """Close, with a message to a client that waits for an answer."""
        ...


class _Held:
    """What one address holds; ``waiting`` has the longest first."""

    __slots__ = ("answered", "waiting")

    def __init__(self) -> None:
        self.waiting: OrderedDict[Connection, None] = OrderedDict()
        self.answered: set[Connection] = set()

    def __len__(self) -> int:
        return len(self.waiting) + len(self.answered)


class ConnectionPool:
    """The connections of a console: at most ``most``, three quarters of them from one address.

    At most a quarter may be waiting for the clients of one address to send something.
    """

    def __init__(self, trusted: Callable[[IPAddress], bool] = lambda _address: False) -> None:
        """Start empty; ``trusted`` returns whether an address is a proxy of many people."""
        self.most = MAX_CONNECTIONS
        self._trusted = trusted
        self._held: dict[str, _Held] = {}
        self._keys: dict[Connection, str] = {}

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._keys)

    def enter(self, one: Connection, peer: str | None) -> bool:
        """Take a connection from ``peer``; return whether there is room for it.

        To make room, one that waits is closed, if there is one.
        """
        address = socket_address(peer)
        bounded = address is None or not self._trusted(address)
        key = limit_key(address)
        held = self._held.get(key, _Held())
        if bounded and len(held.waiting) >= self.most // 4:
            self._release(held)
        if bounded and len(held) >= self.most * 3 // 4 and not self._release(held):
            return False
        if len(self) >= self.most:
            fullest = max(self._held.values(), key=lambda some: len(some.waiting))
            if not self._release(fullest):
                return False
        self._keys[one] = key
        self._held.setdefault(key, held).waiting[one] = None
        return True

    def answers(self, one: Connection) -> None:
        """Note that its request is complete: it waits for us."""
        held = self._held_with(one)
        if held is not None:
            held.waiting.pop(one, None)
            held.answered.add(one)

    def waits(self, one: Connection) -> None:
        """Note that it was answered: we wait for its next request."""
        held = self._held_with(one)
        if held is not None:
            held.answered.discard(one)
            held.waiting[one] = None

    def leave(self, one: Connection) -> None:
        """Remove it: it is closed, or was not taken."""
        key = self._keys.pop(one, None)
        if key is None:
            return
        held = self._held[key]
        held.waiting.pop(one, None)
        held.answered.discard(one)
        if not len(held):
            del self._held[key]

    def _held_with(self, one: Connection) -> _Held | None:
        key = self._keys.get(one)
        return None if key is None else self._held[key]

    def _release(self, held: _Held) -> bool:
        """Close the one that has waited longest; return whether there was one."""
        if not held.waiting:
            return False
        oldest = next(iter(held.waiting))
        self.leave(oldest)
        oldest.give_up()
        return True
