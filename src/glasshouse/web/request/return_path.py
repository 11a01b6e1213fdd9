"""Where somebody was before an operation: the page that its own pages lead back to."""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.model.errors import InvalidError
from glasshouse.web.request import routes
from glasshouse.web.request.change import onward
from glasshouse.web.request.routes import Kind
from glasshouse.web.text import format as fmt

BACK = "back"
_MOST = 1500
"""Characters of an address that is led back to: what leads there holds it encoded twice."""


_OURS = frozenset({"trash", "audit"})


def page_on(server: str, address: str) -> str:
    """Return the address of a page of ``server``, or of all; nothing for any other address."""
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
    """Return where an operation is shown, so that it leads back to an address, if there is one."""
    path = f"/operations/{operation}"
    return f"{path}?{BACK}={fmt.segment(back)}" if back else path


def step_up_href(onto: str) -> str:
    """Return where the second factor is shown on the way to an address."""
    return f"/step-up?next={fmt.segment(onto).replace('%2F', '/')}"


def came_from(given: Mapping[str, str]) -> str:
    """Return the address that a form or an address of ours says to lead back to, unchecked."""
    return given.get(BACK, "")
