"""One page of something that is known in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Slice(NamedTuple, Generic[T]):
    """One page, with the size of the whole; see ``rows.Paged``."""

    items: tuple[T, ...]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // self.per_page))


def sliced(every: Sequence[T], page: int, per_page: int) -> Slice[T]:
    """Return a page of ``every``, counted from 1."""
    start = (page - 1) * per_page
    return Slice(tuple(every[start : start + per_page]), len(every), page, per_page)
