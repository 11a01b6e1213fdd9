"""What an address requests from a list of jobs, and the addresses of the list's other parts.

Pages and the JSON API use the same parameters: ``q`` search words, ``from`` a place, ``at`` a time,
``page`` a number, ``order=reverse``. ``go`` is what was typed into "page or time"; a page answers
it with one of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from glasshouse.model.errors import InvalidError
from glasshouse.model.jobquery import JobQuery, parse_query, read_time
from glasshouse.model.listing import ListPosition, ListQuery
from glasshouse.model.messages import message
from glasshouse.web.http.query import MAX_PAGE
from glasshouse.web.request.context import PageContext, paging
from glasshouse.web.text import format as fmt

REVERSE = "reverse"
NOT_ENDED = message("This time is in the future: nothing can have ended by then.")
NOT_ENQUEUED = message("This time is in the future: nothing can have been enqueued then.")
_MINUTE = 60.0
"""Seconds that a person's clock may be ahead."""
_KEPT = ("name", "q", "sort", "order")
"""What is kept while a viewer moves through a list."""


class Address(NamedTuple):
    """Where a list is shown: its path, and the parameters that identify the list."""

    path: str
    kept: tuple[tuple[str, str], ...]

    def to(self, **changes: str) -> str:
        """Return the address with parameters added or, if empty, left out."""
        given = {name: value for name, value in {**dict(self.kept), **changes}.items() if value}
        query = "&".join(f"{name}={fmt.segment(value)}" for name, value in given.items())
        return f"{self.path}?{query}" if query else self.path

    def at(self, place: ListPosition, page: int) -> str:
        """Return the address of the page that begins at ``place``, about the ``page``-th one."""
        return self.to(**{"from": write_place(place), "page": str(page) if page > 1 else ""})


def address_of(context: PageContext, path: str) -> Address:
    """Return the address of the list that ``context`` shows; its ``path`` has no query."""
    given = ((name, context.query.get(name, "")) for name in _KEPT)
    return Address(path, tuple((name, value) for name, value in given if value))


def list_query(context: PageContext) -> ListQuery:
    """Return the part of a list that is requested.

    Raises:
        InvalidError: its search words cannot be understood.
    """
    page, per_page = paging(context)
    given = context.query
    start, at = given.get("from"), given.get("at")
    return ListQuery(
        page=page,
        per_page=per_page,
        start=None if start is None else read_place(start),
        at=None if at is None else read_time(at, context.now),
        backwards=given.get("order") == REVERSE,
        wanted=wanted(given, context.now),
    )


def wanted(given: Mapping[str, str], now: float) -> JobQuery | None:
    """Return what the search words look for, or ``None`` if there are none.

    Raises:
        InvalidError: they cannot be understood.
    """
    return parse_query(given.get("q", ""), now)


def gone_to(context: PageContext, address: Address, *, past: str = "") -> str | None:
    """Return the address that ``go`` leads to, or ``None`` if nothing was typed.

    A list of past events explains with ``past`` why it contains no future time.

    Raises:
        InvalidError: it is neither a page nor a time, or a time that the list cannot have.
    """
    text = context.query.get("go", "").strip()
    if not text:
        return address.to() if "go" in context.query else None
    digits = text.replace(",", "").replace(".", "")
    if digits.isascii() and digits.isdigit():
        if not 1 <= int(digits[:9]) <= MAX_PAGE:
            raise InvalidError(
                "This page does not exist.", remedy=f"Page numbers go from 1 to {MAX_PAGE}."
            )
        return address.to(page=str(int(digits[:9])))
    at = read_time(text, context.now)
    if past and at >= context.now + _MINUTE:
        raise InvalidError(past, remedy="Enter a time in the past, or a page.")
    stamp = datetime.fromtimestamp(at, UTC)
    return address.to(at=stamp.isoformat(timespec="seconds").replace("+00:00", "Z"))


def read_place(text: str) -> ListPosition:
    """Return the place that a checked parameter names."""
    score, _, number = text.partition(",")
    return ListPosition(float(score), int(number) if number else None)


def write_place(place: ListPosition) -> str:
    """Return the exact parameter for a place."""
    number = "" if place.number is None else f",{place.number}"
    return f"{place.score!r}{number}"
