"""One page of a list that is known in full, in the API's shape."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from glasshouse.web.request.context import PageContext, paging
from glasshouse.web.shapes.responses import Listing, Shape, known


def part(context: PageContext, every: Sequence[Shape] | None, age: float | None) -> Listing:
    """Return the requested page of ``every``; without ``every`` it has no ``items``."""
    page, per_page = paging(context)
    start = (page - 1) * per_page
    return Listing(
        items=UNSET if every is None else list(every[start : start + per_page]),
        total=UNSET if every is None else len(every),
        page=page,
        per_page=per_page,
        age=known(age),
    )
