"""From an address to a page: shared by plain requests and the live stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

from glasshouse.model.errors import GlasshouseError, InvalidError, NotFoundError
from glasshouse.model.messages import message
from glasshouse.monitor.monitor import Monitor
from glasshouse.monitor.view import MonitorView, ServerView
from glasshouse.web.http import guard, query
from glasshouse.web.request import routes
from glasshouse.web.request.authenticator import Gate
from glasshouse.web.request.context import (
    PageBuilder,
    PageContext,
    PageRenderer,
    PageResult,
    RecentActivity,
    built,
)
from glasshouse.web.request.form_errors import FormError
from glasshouse.web.request.requester import powers_of
from glasshouse.web.request.routes import Kind, Match
from glasshouse.web.request.viewer import Viewer

_LOOSE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, kw_only=True)
class AppDependencies:
    """What answers are built from; fixed when the application is built."""

    monitor: Monitor
    pages: Mapping[str, PageBuilder]
    renderer: PageRenderer
    clock: Callable[[], float]
    gate: Gate
    operated: frozenset[str] = frozenset()
    lately: RecentActivity | None = None

    def context(
        self,
        match: Match,
        raw_path: bytes,
        raw_query: bytes,
        locale: str,
        viewer: Viewer,
        slip: FormError | None = None,
    ) -> PageContext:
        """Return the context of the matched page; ``slip`` is an error in a form on it.

        Raises:
            NotFoundError: no such server for this viewer, or a required parameter is missing.
            InvalidError: a query parameter is wrong.
        """
        taken = parameters(match, raw_query)
        params = dict(match.params)
        if "name" in match.route.needs:
            params["queue"] = taken["name"]
        monitor = MonitorView(self.monitor, viewer.sees, viewer.who)
        server = monitor.server(params["server"]) if "server" in params else None
        if server is not None:
            server.ask()
        path = raw_path.decode("ascii") + (f"?{raw_query.decode('ascii')}" if raw_query else "")
        return PageContext(
            monitor=monitor,
            server=server,
            params=params,
            query=taken,
            path=path,
            now=self.clock(),
            viewer=viewer,
            locale=locale,
            powers=self.powers(viewer, server) if match.route.shown else frozenset(),
            lately=self.lately,
            slip=slip,
        )

    def powers(self, viewer: Viewer, server: ServerView | None) -> frozenset[str]:
        """Return what a viewer might do on a server, before any second factor is considered."""
        if server is None or server.name not in self.operated:
            return frozenset()
        return powers_of(viewer, server.name)

    def topic(self, address: str, server: str, locale: str, viewer: Viewer) -> Topic:
        """Return the live topic for a page's address on ``server``.

        Raises:
            InvalidError: it is not the address of such a page.
        """
        wrong = InvalidError(
            "A topic must be the address of a page of this server.",
            remedy="Subscribe to the path and query of the open page.",
        )
        raw = address.encode() if not _LOOSE.search(address) else b""
        if guard.check("GET", raw, "1.1", ((b"host", b"topic"),)) is not None:
            raise wrong
        path, _, raw_query = raw.partition(b"?")
        match = routes.find(path)
        if match is None or match.route.kind is not Kind.PAGE:
            raise wrong
        if match.params.get("server", server) != server:
            raise wrong
        try:
            context = self.context(match, path, raw_query, locale, viewer)
        except NotFoundError:
            raise wrong from None
        return Topic(address, self, self.pages[match.route.name], context)


@dataclass(frozen=True)
class Topic:
    """One page that can be built repeatedly."""

    address: str
    site: AppDependencies
    builder: PageBuilder
    first: PageContext

    @property
    def key(self) -> Hashable:
        """What distinguishes it from others: two with the same key show the same."""
        first = self.first
        return (
            self.address,
            first.locale,
            first.monitor.audience,
            first.viewer.actor.roles,
            first.doer,
        )

    async def build(self) -> tuple[PageResult, PageContext]:
        """Return the page as of now and the context that it was built in."""
        context = replace(self.first, now=self.site.clock())
        return await built(self.builder, context), context

    def lay_out(self, result: PageResult, context: PageContext) -> bytes:
        """Return the HTML of the page's live part."""
        return self.site.renderer.fragment(result, context)

    def lay_out_error(self, status: int, error: GlasshouseError | None) -> bytes:
        """Return the HTML for a page that cannot be shown; without ``error`` the fault is ours."""
        code = "internal" if error is None else error.code
        detail = message("Something went wrong here.") if error is None else error.detail
        remedy = "Look in the console's log for the cause." if error is None else error.remedy
        return self.site.renderer.error_fragment(status, code, detail, remedy, self.first)


def parameters(match: Match, raw_query: bytes) -> dict[str, str]:
    """Return the checked query parameters of a matched route.

    Raises:
        NotFoundError: one that the route needs is missing.
        InvalidError: one is wrong.
    """
    taken = query.taken(raw_query, match.route.query)
    if any(not taken.get(name) for name in match.route.needs):
        raise NotFoundError("This page does not exist.", remedy="Start at the overview.")
    return taken
