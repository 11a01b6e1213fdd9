"""Shares of what all have together: who has most makes room for who would have less. Pure.

Somebody is the person who signed in, or for strangers the address that they come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from glasshouse.web.http.network import limit_key
from glasshouse.web.request.viewer import Viewer

T = TypeVar("T")


def holder_of(viewer: Viewer) -> str:
    """Return what a viewer's share is counted by; names of people hold a colon, and no blank."""
    return viewer.actor.name or f"address {limit_key(viewer.context.address)}"


def newest_of_largest(held: Mapping[str, Sequence[T]], asking: str, more: int) -> T | None:
    """Return the newest thing of who holds most, to make room for ``more`` of who is ``asking``.

    ``None`` when nobody would still hold as much as ``asking`` then does. Things are given in
    the order in which they came.
    """
    largest = max(held, key=lambda one: len(held[one]), default=None)
    if largest is None or largest == asking:
        return None
    mine = len(held.get(asking, ())) + more
    return held[largest][-1] if len(held[largest]) > mine else None
