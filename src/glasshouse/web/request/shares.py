"""Fair shares of a common limit: the largest holder makes room for smaller ones. Pure.

A holder is the person who signed in or, for strangers, the address that they come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from glasshouse.web.http.network import limit_key
from glasshouse.web.request.viewer import Viewer

T = TypeVar("T")


def holder_of(viewer: Viewer) -> str:
    """Return the key for a viewer's share; names of people contain a colon and no space."""
    return viewer.actor.name or f"address {limit_key(viewer.context.address)}"


def newest_of_largest(held: Mapping[str, Sequence[T]], asking: str, more: int) -> T | None:
    """Return the newest item of the largest holder, to make room for ``more`` items of ``asking``.

    ``None`` when no one holds more than ``asking`` then would. Items are given in the order in
    which they arrived.
    """
    largest = max(held, key=lambda one: len(held[one]), default=None)
    if largest is None or largest == asking:
        return None
    mine = len(held.get(asking, ())) + more
    return held[largest][-1] if len(held[largest]) > mine else None
