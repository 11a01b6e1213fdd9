"""For whom an error page is laid out: the viewer, and the server that the address belongs to.

Whatever is wrong with an address, the viewer stays the same person and keeps the navigation.
"""

from __future__ import annotations

import contextlib

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from glasshouse.model.errors import GlasshouseError, InvalidError, NotFoundError
from glasshouse.monitor.view import MonitorView, ServerView
from glasshouse.web.http import guard, replies
from glasshouse.web.request import errors, routes
from glasshouse.web.request.context import NotFoundPageError, PageContext, built
from glasshouse.web.request.form_errors import FormError
from glasshouse.web.request.resolve import AppDependencies
from glasshouse.web.request.routes import Kind
from glasshouse.web.request.viewer import Viewer, nobody
from glasshouse.web.text.locale import locale_of

VIEWER, LOOKED_UP = "glasshouse.viewer", "glasshouse.looked_up"
"""Where a request stores its viewer, and that the viewer was looked up."""


async def bare(site: AppDependencies, scope: Scope, error: Exception) -> PageContext:
    """Return the context of a page about ``error``."""
    viewer = await _viewer(site, scope, error)
    monitor = MonitorView(site.monitor, viewer.sees)
    server = _server(monitor, scope["raw_path"])
    safe = scope["method"] in guard.SAFE
    return PageContext(
        monitor=monitor,
        server=server,
        path=_target(scope) if safe else "/",
        now=site.clock(),
        locale=locale_of(Headers(scope=scope)),
        viewer=viewer,
        powers=site.powers(viewer, server),
    )


async def revisited(
    site: AppDependencies, original: PageContext, address: str, slip: FormError
) -> Response | None:
    """Return the page of an address with a slip in one of its forms; ``None`` if there is none.

    It is only for the viewer; no one caches it.
    """
    path, _, query = address.encode("ascii").partition(b"?")
    try:
        match = routes.find(path)
        if match is None or match.route.kind is not Kind.PAGE:
            return None
        context = site.context(match, path, query, original.locale, original.viewer, slip)
    except (NotFoundError, InvalidError):
        return None
    try:
        result = await built(site.pages[match.route.name], context)
    except NotFoundPageError as error:
        result = error.page
    except NotFoundError:
        return None
    if result.location:
        return None
    body = site.renderer.page(result, context)
    return replies.fresh(body, replies.HTML, errors.status_of(slip.error))


async def _viewer(site: AppDependencies, scope: Scope, error: Exception) -> Viewer:
    viewer: Viewer | None = scope.get(VIEWER)
    # A viewer who was not admitted is nobody; a request under an unknown host is not examined.
    if viewer is None and LOOKED_UP not in scope and not isinstance(error, errors.UnknownHostError):
        with contextlib.suppress(GlasshouseError):
            viewer = await site.gate.viewer(scope)
    return viewer or nobody()


def _server(monitor: MonitorView, raw_path: bytes) -> ServerView | None:
    """Return the server that an address begins with, or the only server."""
    named = raw_path.split(b"/")[1].decode("latin-1") if raw_path.startswith(b"/") else ""
    if named in monitor.names:
        return monitor.server(named)
    return monitor.server(monitor.names[0]) if len(monitor.names) == 1 else None


def _target(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    if scope["query_string"]:
        raw += b"?" + scope["query_string"]
    return raw.decode("latin-1")
