"""The person for whom a page is laid out, as its frame shows it and its scripts compare it."""

from __future__ import annotations

import msgspec

from glasshouse.web.request.context import PageContext
from glasshouse.web.text import format as fmt


class PageViewer(msgspec.Struct, frozen=True, kw_only=True):
    """A person, or a stranger: then all texts are empty.

    ``label`` is the name as the person knows it, ``mark`` identifies it in addresses. ``sign_in``
    is where a stranger signs in, empty if no one can; ``lapsed`` means that the session of this
    browser has ended.
    """

    label: str = ""
    mark: str = ""
    sign_in: str = ""
    lapsed: bool = False


def whose(context: PageContext | None) -> PageViewer:
    """Return the person for whom the page of a context is."""
    if context is None:
        return PageViewer()
    viewer = context.viewer
    return PageViewer(
        label=fmt.display_text(viewer.label),
        mark=viewer.mark,
        sign_in=_sign_in(context),
        lapsed=viewer.lapsed,
    )


def _sign_in(context: PageContext) -> str:
    """Return the sign-in address that leads a stranger back here."""
    if context.viewer.signed_in or not context.viewer.can_sign_in:
        return ""
    if context.path.startswith("/sign-in"):
        return ""
    return f"/sign-in?next={fmt.segment(context.path)}"
