"""What everything here depends on: the database, the time, randomness, slow hashing."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from glasshouse.storage.database import Database
from glasshouse.web.auth.hashing import Hashing


@dataclass(frozen=True, kw_only=True)
class AuthDependencies:
    """``clock`` gives Unix seconds, ``entropy`` the given number of random bytes.

    ``monotonic`` gives elapsed seconds, also when the clock is set.

    ``sinks`` are the receivers of the ledger in addition to the database: names by their keys.
    """

    database: Database
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = secrets.token_bytes
    hashing: Hashing = field(default_factory=Hashing)
    sinks: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Release threads and database."""
        self.hashing.close()
        self.database.close()
