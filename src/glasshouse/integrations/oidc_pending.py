"""A sign-in that was begun at a provider. By itself: whoever has no provider loads no library."""

from __future__ import annotations

import msgspec

ENTROPY = 96
"""Random bytes of a sign-in."""


class PendingSignIn(msgspec.Struct, frozen=True):
    """A sign-in that was begun: kept by the console until the person comes back, and used once."""

    state: str
    nonce: str
    verifier: str
