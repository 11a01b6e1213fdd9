"""What everything here works with: the database, the time, randomness, slow sums."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from glasshouse.storage.database import Database
from glasshouse.web.auth.hashing import Hashing


@dataclass(frozen=True, kw_only=True)
class AuthDependencies:
    """``clock`` gives Unix seconds, ``entropy`` so many random bytes.

    ``monotonic`` gives seconds that pass, also while somebody sets the clock.

    ``sinks`` are the places that get the ledger beside the database: names by their keys.
    """

    database: Database
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = secrets.token_bytes
    hashing: Hashing = field(default_factory=Hashing)
    sinks: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of threads and database."""
        self.hashing.close()
        self.database.close()
