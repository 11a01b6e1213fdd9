"""What the template of the search across a whole server gets."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.lists import FindView
from glasshouse.web.presentation.views.shared import JobRow, Pager
from glasshouse.web.text import format as fmt


class FoundRow(Struct, frozen=True, kw_only=True):
    """A job that was found, and where it is: the name of its state, and the list that shows it."""

    job: JobRow
    state: str
    state_label: str
    list_href: str
    when: fmt.Moment | None


class UnsearchedList(Struct, frozen=True, kw_only=True):
    """A list that was not searched in full, how much of it was not, and its own search."""

    label: str
    jobs: str
    href: str


class SearchView(Struct, frozen=True, kw_only=True):
    """``/{server}/search``: jobs of all lists, latest first.

    ``known`` is false until the server was read. ``asked`` means that there is a search.
    ``coverage`` states how much of the server can be searched; ``offered`` is false if nothing can.
    ``unsearched`` are lists that were not searched in full, those with the most left out first, and
    ``more_unsearched`` mentions further ones.
    """

    known: bool
    offered: bool
    asked: bool
    find: FindView
    coverage: str
    filling: bool
    unsearched: tuple[UnsearchedList, ...]
    more_unsearched: str
    rows: tuple[FoundRow, ...]
    pager: Pager
