"""The states of a server's connection and its transitions, as data.

``TRANSITIONS`` is the whole state machine: a pair that is not in it cannot happen.
"""

from __future__ import annotations

import enum


class ConnectionState(enum.Enum):
    """The state of a connection."""

    AWAITING_HELLO = "awaiting hello"
    OPEN = "open"
    CLOSED = "closed"


class EventKind(enum.Enum):
    """What can happen on a connection."""

    HELLO = "hello"
    REFUSED = "refused"
    COMMAND = "command"
    REJECTED = "rejected"
    TOO_LONG = "too long"
    END = "end"


TRANSITIONS: dict[tuple[ConnectionState, EventKind], ConnectionState] = {
    (ConnectionState.AWAITING_HELLO, EventKind.HELLO): ConnectionState.OPEN,
    (ConnectionState.AWAITING_HELLO, EventKind.REFUSED): ConnectionState.CLOSED,
    (ConnectionState.AWAITING_HELLO, EventKind.TOO_LONG): ConnectionState.CLOSED,
    (ConnectionState.OPEN, EventKind.COMMAND): ConnectionState.OPEN,
    (ConnectionState.OPEN, EventKind.REJECTED): ConnectionState.OPEN,
    (ConnectionState.OPEN, EventKind.TOO_LONG): ConnectionState.CLOSED,
    (ConnectionState.OPEN, EventKind.END): ConnectionState.CLOSED,
}
