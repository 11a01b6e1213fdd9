"""Where a viewer was before an operation: the page that the operation's pages lead back to."""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.model.errors import InvalidError
from glasshouse.web.request import routes
from glasshouse.web.request.change import onward
from glasshouse.web.request.routes import Kind
from glasshouse.web.text import format as fmt

BACK = "back"
_MOST = 1500
"""Characters of a return address: links that carry it hold it encoded twice."""


_OURS = frozenset({"trash", "audit"})


def page_on(server: str, address: str) -> str:
    """Return the address of a page of ``server`` or of all servers; empty for any other address."""
    if not address.isascii() or len(address) > _MOST or onward(address) != address:
        return ""
    try:
        match = routes.find(address.partition("?")[0].encode())
    except InvalidError:
        return ""
    if match is None or match.params.get("server", server) != server:
        return ""
    return address if match.route.kind is Kind.PAGE or match.route.name in _OURS else ""


def operation_href(operation: str, back: str) -> str:
    """Return the address of an operation's page, which leads back to ``back`` if that is given."""
    path = f"/operations/{operation}"
    return f"{path}?{BACK}={fmt.segment(back)}" if back else path


def step_up_href(onto: str) -> str:
    """Return the address of the step-up page that continues to an address."""
    return f"/step-up?next={fmt.segment(onto).replace('%2F', '/')}"


def came_from(given: Mapping[str, str]) -> str:
    """Return the return address named in a form or in one of our addresses, unchecked."""
    return given.get(BACK, "")
