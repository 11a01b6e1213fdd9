"""Addresses that refer to a page although they are not its own."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Scope

from glasshouse.web.http import guard
from glasshouse.web.http.headers import NOT_KEPT
from glasshouse.web.request import routes


def without_slash(scope: Scope) -> Response | None:
    """Return the redirect to the page that an address with a trailing slash refers to, if any.

    Raises:
        InvalidError: the address is not UTF-8.
    """
    raw: bytes = scope["raw_path"]
    path, query = raw.removesuffix(b"/"), scope["query_string"]
    if path in (raw, b"") or scope["method"] not in guard.SAFE or b"name=" in query:
        return None
    if routes.find(path) is None:
        return None
    location = (path + b"?" + query if query else path).decode("ascii")
    return Response(status_code=308, headers={"location": location, "cache-control": NOT_KEPT})
