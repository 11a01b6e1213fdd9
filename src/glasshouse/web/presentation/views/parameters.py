"""What the templates of the run-time parameters get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import ActBar


class ParameterRow(Struct, frozen=True, kw_only=True):
    """One run-time parameter; ``plain`` is its value as a program would write it.

    ``number`` is the value without its unit, ``unit`` the unit it is shown in. ``given`` is what
    was filled in, if it could not be accepted; ``wrong`` means that this parameter is at fault.
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

    ``flush`` is ``None`` if no one, or not this viewer, may flush the server.
    """

    rows: tuple[ParameterRow, ...] | None
    bar: ActBar | None
    flush: ActBar | None
