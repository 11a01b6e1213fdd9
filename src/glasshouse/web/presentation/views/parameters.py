"""What the templates of the run-time parameters get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import ActBar


class ParameterRow(Struct, frozen=True, kw_only=True):
    """One run-time parameter; ``plain`` is its value as a program would say it.

    ``number`` is the value without its unit, ``unit`` what it is told in. ``given`` is what
    was filled in, where it could not be taken; ``wrong`` says that it is this.
    """

    name: str
    meaning: str
    value: str
    plain: str
    number: str
    unit: str
    changed: bool
    default: str
    least: str
    most: str
    given: str
    wrong: bool


class ParametersView(Struct, frozen=True, kw_only=True):
    """``/{server}/parameters``: ``rows`` is ``None`` when the server has none.

    ``flush`` is ``None`` where nobody, or not this viewer, may flush it.
    """

    rows: tuple[ParameterRow, ...] | None
    bar: ActBar | None
    flush: ActBar | None
