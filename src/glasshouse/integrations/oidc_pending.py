"""A sign-in started at a provider. A separate module: without a provider no library is loaded."""

from __future__ import annotations

import msgspec

ENTROPY = 96
"""Random bytes per sign-in."""


class PendingSignIn(msgspec.Struct, frozen=True):
    """A pending sign-in: kept by the console until the person returns, and used once."""

    state: str
    nonce: str
    verifier: str
