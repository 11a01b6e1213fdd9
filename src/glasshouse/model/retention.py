"""How much of what was deleted is kept, and how long."""

from __future__ import annotations

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """How long, in seconds, and how many jobs in all are kept."""

    seconds: float = 7 * 86400.0
    most: int = 100_000
