"""What a page receives and returns: the contract between routing and pages.

A page is ``PageBuilder``: it turns a ``PageContext`` into one typed view and the name of the
template that lays it out. It does no HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from glasshouse.model.errors import NotFoundError
from glasshouse.monitor.view import MonitorView, ServerView
from glasshouse.storage.operations import RunningOperation, Seen
from glasshouse.web.http.query import DEFAULT_PER_PAGE
from glasshouse.web.request.form_errors import FormError
from glasshouse.web.request.viewer import Viewer, nobody
from glasshouse.web.text.i18n import t


class RecentActivity(Protocol):
    """Knows what was done; the control is one. Raises ``StoreError`` when this cannot be read.

    Only what is ``seen`` is returned.
    """

    async def on_server(self, server: str, most: int, seen: Seen) -> Sequence[RunningOperation]:
        """Return what was done on a server, newest first."""
        ...

    async def on_queue(
        self, server: str, queue: str, most: int, seen: Seen
    ) -> Sequence[RunningOperation]:
        """Return what was done to a queue, newest first."""
        ...

    async def on_job(
        self, server: str, jid: str, most: int, seen: Seen
    ) -> Sequence[RunningOperation]:
        """Return what was done to a job, newest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """Everything a page may depend on.

    ``path`` is the raw path and query as the browser sent them: the live topic. ``params`` are the
    decoded segments of the route, ``query`` the decoded and checked query parameters that the route
    accepts. ``powers`` are the operations on the server that are not ruled out for the viewer.
    ``now`` is Unix seconds. ``slip`` is a form of this page that was sent and could not be
    accepted.
    """

    monitor: MonitorView
    server: ServerView | None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: str = "/"
    now: float = 0.0
    viewer: Viewer = field(default_factory=nobody)
    powers: frozenset[str] = frozenset()
    lately: RecentActivity | None = None
    locale: str = "en"
    theme: str = "system"
    slip: FormError | None = None

    @property
    def doer(self) -> Hashable:
        """What distinguishes viewers who may do different things; empty if this one may do none."""
        viewer = self.viewer
        return (self.powers, viewer.actor, viewer.context.address) if self.powers else ()


NEVER = 0.0
"""The read time of something that has not been read yet."""


@dataclass(frozen=True, kw_only=True)
class PageResult:
    """A page before its layout.

    ``generation_bound`` is false for a page that changes with every pulse (rates, ages) and not
    only when the server's generation grows. ``status`` is 400 for a page that reports what it could
    not understand; ``location``, if not empty, is where the browser is redirected instead. A page
    that is not ``live`` is about a person: no one else gets it, and it is not updated. ``about`` is
    the context that it is laid out for, when that is not the requested one. ``read_at`` is when the
    oldest of what it shows was read or last confirmed (Unix seconds), ``NEVER`` while a part of it
    was not; see ``built``.
    """

    template: str
    view: msgspec.Struct
    title: str
    generation_bound: bool = True
    status: int = 200
    location: str = ""
    live: bool = True
    about: PageContext | None = None
    read_at: float | None = None


class NotFoundPageError(NotFoundError):
    """The requested thing does not exist, and a page explains more than that."""

    def __init__(self, page: PageResult, error: NotFoundError) -> None:
        """Report ``error``, to people with ``page``."""
        super().__init__(error.detail, remedy=error.remedy)
        self.page = page


def server_of(context: PageContext) -> ServerView:
    """Return the server that the page or answer is about.

    Raises:
        NotFoundError: it is not about a server.
    """
    if context.server is None:
        raise NotFoundError("This page belongs to a server.", remedy="Choose a server.")
    return context.server


def paging(context: PageContext) -> tuple[int, int]:
    """Return which page is requested, and with how many items."""
    given = context.query
    return int(given.get("page", 1)), int(given.get("per_page", DEFAULT_PER_PAGE))


def result(
    context: PageContext,
    template: str,
    view: msgspec.Struct,
    title: str,
    *,
    generation_bound: bool = True,
) -> PageResult:
    """Return a page laid out by the template of that name; ``title`` is a key of the catalog."""
    return PageResult(
        template=f"{template}.html",
        view=view,
        title=t(title, context.locale),
        generation_bound=generation_bound,
    )


async def built(page: PageBuilder, context: PageContext) -> PageResult:
    """Return a page with the time at which the oldest of what it shows was read.

    It claims to be no newer than what was known when building it began.
    """
    if context.server is None:
        return await page(context)
    server = context.server.anew()
    known = server.snapshot.checked_at
    page_result = await page(replace(context, server=server))
    times = [at for at in (known, server.oldest, page_result.read_at) if at is not None]
    return replace(page_result, read_at=min(times, default=None))


PageBuilder = Callable[[PageContext], Awaitable[PageResult]]


class PageRenderer(Protocol):
    """Lays out pages; the real one is ``glasshouse.web.presentation.render.Renderer``."""

    def page(self, result: PageResult, context: PageContext) -> bytes:
        """Return the whole HTML document."""
        ...

    def fragment(self, result: PageResult, context: PageContext) -> bytes:
        """Return the inner HTML of ``<main id="live">``."""
        ...

    def error(
        self, status: int, code: str, detail: str, remedy: str, context: PageContext | None
    ) -> bytes:
        """Return a whole HTML document that states what went wrong and what to do."""
        ...

    def error_fragment(
        self, status: int, code: str, detail: str, remedy: str, context: PageContext
    ) -> bytes:
        """Return the inner HTML of ``<main id="live">`` that states what went wrong."""
        ...
