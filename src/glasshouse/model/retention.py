"""How much deleted data is kept, and for how long."""

from __future__ import annotations

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """How long jobs are kept (seconds), and how many in all."""

    seconds: float = 7 * 86400.0
    most: int = 100_000
