"""The console as one ASGI application: headers, guard, errors, route, handler.

The order of the layers is set in ``create_app``. Whatever happens inside, the client gets a
response with the security headers; no handler changes anything.
"""

from __future__ import annotations

import asyncio
import http
import time
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from msgspec import UNSET
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from glasshouse.control.control import Control
from glasshouse.control.refusals import unrecorded
from glasshouse.model.audience import Audience
from glasshouse.model.errors import NotFoundError, StoreError
from glasshouse.monitor.monitor import Monitor
from glasshouse.policy.rules import default_rules
from glasshouse.web import probes
from glasshouse.web.api.endpoints import ENDPOINTS
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.gate import PeopleGate, cookie
from glasshouse.web.handlers import PeoplePages, people_pages
from glasshouse.web.http import bodies, guard, problems, replies, static
from glasshouse.web.http.connections import ConnectionPool
from glasshouse.web.http.disconnects import while_waited_for
from glasshouse.web.http.headers import SecurityHeaders
from glasshouse.web.http.hosts import Hosts
from glasshouse.web.http.origin import require_same_origin
from glasshouse.web.http.subpath import SubPath
from glasshouse.web.live.endpoint import Live
from glasshouse.web.live.stream import HEARTBEAT
from glasshouse.web.pages import stored
from glasshouse.web.presentation.page_cache import RenderedPageCache
from glasshouse.web.request import error_viewer, errors, routes
from glasshouse.web.request.admission import admit, strange
from glasshouse.web.request.authenticator import Gate, OpenGate
from glasshouse.web.request.change import Change, see
from glasshouse.web.request.context import (
    NotFoundPageError,
    PageBuilder,
    PageContext,
    PageRenderer,
    built,
)
from glasshouse.web.request.redirects import without_slash
from glasshouse.web.request.resolve import AppDependencies
from glasshouse.web.request.routes import Kind, Match
from glasshouse.web.request.viewer import Viewer
from glasshouse.web.shapes.responses import Listing, Shape, StateShape
from glasshouse.web.text import format as fmt
from glasshouse.web.text.locale import locale_of

_READ = "glasshouse.body_read"
_ORDERS, _MOST_ORDER = frozenset({"preview_operation", "operations", "operate"}), 4 << 20
"""A job to be pushed may be long."""
_LONG_BODY = 1.0
"""Seconds after which a right that was held when the body began may have ended."""


class Console:
    """Answers requests that passed the guard."""

    def __init__(
        self,
        site: AppDependencies,
        assets: static.Assets,
        live: Live,
        persons: PeoplePages,
        hosts: Hosts | None = None,
    ) -> None:
        """Answer from ``site``; ``live`` holds the open streams.

        ``hosts`` are the host names that are answered; without them, all are.
        """
        self._persons = persons
        self._hosts = hosts
        self._live = live
        self._site = site
        self._assets = assets
        self._schema: bytes | None = None
        self._prints = RenderedPageCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; failures become responses here and nowhere else."""
        api = _wants_json(scope)
        refusal = guard.check(
            scope["method"], _target(scope), scope["http_version"], scope["headers"]
        )
        try:
            if refusal is not None:
                response: Response | None = self._refused(refusal, api=api)
            else:
                response = await self._answer(scope, receive, send)
        except bodies.ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001 - the one place that maps failures
            problem = errors.problem_of(error, scope)
            context = None if api else await error_viewer.bare(self._site, scope, error)
            response = errors.respond(
                problem, api=api, renderer=self._site.renderer, context=context
            )
        if response is not None:
            await _send(response, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        self._require_known_host(scope)
        match = routes.find(scope["raw_path"])
        if match is None or match.route.needs:
            there = without_slash(scope)
            if there is not None:
                return there
        if match is None:
            raise NotFoundError("This page does not exist.", remedy="Start at the overview.")
        if scope["method"] == "OPTIONS":
            allow = guard.ALLOW_POST if match.route.posts else guard.ALLOW
            return Response(status_code=204, headers={"allow": allow})
        if scope["method"] == "POST" and match.route.posts:
            return await self._change(match, scope, receive)
        if scope["method"] not in guard.SAFE:
            raise errors.MethodNotAllowedError(
                f"{scope['method']} is not possible: this console is read-only."
            )
        if match.route.kind is Kind.CHANGE:
            raise errors.MethodNotAllowedError(
                "This address accepts POST only.", remedy="Use POST."
            )
        if match.route.kind is Kind.LIVE:
            await self._live.respond(match, scope, receive, send, await self._viewer(scope))
            return None
        if "q" in match.route.query and scope["query_string"]:
            # A search takes time, and others wait for it.
            return await while_waited_for(receive, self._content(match, scope))
        return await self._content(match, scope)

    def _require_known_host(self, scope: Scope) -> None:
        """Refuse a request under a name that a page of another site may have.

        Raises:
            UnknownHostError: the name is not one of ours.
        """
        if self._hosts is None:
            return
        host = Headers(scope=scope).get("host", "")
        if not self._hosts.answers(host, self._persons.names):
            raise errors.UnknownHostError("This console does not respond to that host name.")

    async def _content(self, match: Match, scope: Scope) -> Response:
        headers = Headers(scope=scope)
        match match.route.kind:
            case Kind.STATIC:
                return self._assets.respond(headers, match.params["file"])
            case Kind.SCHEMA:
                if self._schema is None:
                    self._schema = await asyncio.to_thread(_description)
                return replies.validated(headers, self._schema, replies.JSON)
            case Kind.PROBE:
                return probes.respond(self._site, match.route.name, await self._viewer(scope))
            case _:
                return await self._shown(match, scope, headers)

    async def _shown(self, match: Match, scope: Scope, headers: Headers) -> Response:
        """Answer with what the requesting person may see."""
        viewer, kind = await self._viewer(scope), match.route.kind
        if kind is Kind.PAGE and strange(viewer):
            return _to_sign_in(_target(scope).decode("ascii"))
        if kind not in (Kind.PERSON, Kind.VISIT):
            admit(viewer)
        context = self._site.context(
            match, scope["raw_path"], scope["query_string"], locale_of(headers), viewer
        )
        match kind:
            case Kind.PERSON:
                return await self._person(match.route.name, context)
            case Kind.VISIT:
                visit = self._persons.visit(match.route.name)
                return await visit(self._asked(context, headers, b""))
            case Kind.BYTES:
                return await stored.respond(context, headers)
            case Kind.API:
                return await _api(match.route.name, context, headers)
            case _:
                return await self._page(match.route.name, context, headers)

    async def _person(self, name: str, context: PageContext) -> Response:
        """Answer with a page about a person, which no one caches."""
        page = self._persons.page(name)
        if name != "sign_in" and not context.viewer.signed_in:
            return _to_sign_in(context.path)
        result = await page(context)
        if result.location:
            return see(result.location)
        body = self._site.renderer.page(result, context)
        return replies.fresh(body, replies.HTML, result.status)

    async def _change(self, match: Match, scope: Scope, receive: Receive) -> Response:
        """Handle a submission to a page about a person, if our page or a program sent it."""
        change = self._persons.change(match.route.name)
        headers, site = Headers(scope=scope), self._persons.site
        require_same_origin(
            headers,
            site.origins(headers.get("host", "")),
            needed=cookie(headers, site.cookie) is not None,
        )
        # The viewer is determined from the head alone, before waiting for anything else.
        most = _MOST_ORDER if match.route.name in _ORDERS else bodies.MOST_BYTES
        try:
            viewer = await self._viewer(scope)
            began = time.monotonic()
            body = await bodies.read(receive, most)
            scope[_READ] = True
            if time.monotonic() - began > _LONG_BODY:
                viewer = scope[error_viewer.VIEWER] = await self._site.gate.again(viewer)
        except StoreError as error:
            raise unrecorded(error) from error
        context = self._site.context(match, scope["raw_path"], b"", locale_of(headers), viewer)
        return await change(self._asked(context, headers, body))

    def _asked(self, context: PageContext, headers: Headers, body: bytes) -> Change:
        return Change(
            context=context,
            headers=headers,
            body=body,
            site=self._persons.site,
            renderer=self._site.renderer,
            revisit=partial(error_viewer.revisited, self._site, context),
        )

    async def _viewer(self, scope: Scope) -> Viewer:
        scope[error_viewer.LOOKED_UP] = True
        viewer = await self._site.gate.viewer(scope)
        scope[error_viewer.VIEWER] = viewer
        return viewer

    async def _page(self, name: str, context: PageContext, headers: Headers) -> Response:
        viewer = context.viewer
        audience = (context.monitor.audience, viewer.actor)
        key = (context.path, context.locale, audience, context.doer, viewer.lapsed)
        pulses = self._pulses()
        page = self._prints.get(key, pulses, time.monotonic())
        if page is not None:
            return replies.shared(headers, page.body, page.etag, page.packed)
        try:
            result = await built(self._site.pages[name], context)
        except NotFoundPageError as error:
            result = error.page
        if result.location:
            # To one of our pages: the path and the encoded parameters are our own.
            return Response(status_code=303, headers={"location": result.location})
        body = self._site.renderer.page(result, context)
        if result.status != http.HTTPStatus.OK:
            return replies.packed(headers, replies.fresh(body, replies.HTML, result.status))
        page = self._prints.put(key, pulses, time.monotonic(), body)
        return replies.shared(headers, page.body, page.etag, page.packed)

    def _pulses(self) -> tuple[int, ...]:
        monitor = self._site.monitor
        return tuple(monitor.server(name).snapshot.pulse for name in monitor.names)

    def _refused(self, refusal: guard.Refusal, *, api: bool) -> Response:
        problem = problems.Problem(refusal.status, "invalid", refusal.detail, "")
        response = errors.respond(problem, api=api, renderer=self._site.renderer, context=None)
        response.headers["connection"] = "close"
        return response


def _description() -> bytes:
    """Return the description of the JSON API; few request it, and nobody at the start."""
    from glasshouse.web.api.openapi import openapi  # noqa: PLC0415

    return openapi()


class Application:
    """The whole stack, with the handle to end its streams; ``crowd`` holds its connections."""

    def __init__(self, inner: ASGIApp, live: Live, crowd: ConnectionPool) -> None:
        """Serve ``inner``."""
        self._inner = inner
        self.live = live
        self.crowd = crowd

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve HTTP and no other protocol."""
        if scope["type"] == "http":
            await self._inner(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    def close(self) -> None:
        """End the open streams immediately."""
        self.live.close()


def create_app(
    monitor: Monitor,
    *,
    clock: Callable[[], float],
    pages: Mapping[str, PageBuilder] | None = None,
    renderer: PageRenderer | None = None,
    assets: static.Assets | None = None,
    gate: Gate | None = None,
    people: People | None = None,
    control: Control | None = None,
    hosts: Hosts | None = None,
    heartbeat: float = HEARTBEAT,
) -> Application:
    """Put the console together; ``clock`` gives Unix seconds.

    ``hosts`` are the names under which it answers; only tests may leave them out.

    Raises:
        SettingsError: the front end was not built.
    """
    assets = assets or static.load()
    base = "" if people is None else people.access.site.path
    if pages is None or renderer is None:
        from glasshouse.web.pages.table import PAGES  # noqa: PLC0415 - real ones only when needed
        from glasshouse.web.presentation.render import Renderer  # noqa: PLC0415

        pages, renderer = pages or PAGES, renderer or Renderer(assets.urls, base)
    if gate is None:
        gate = OpenGate(default_rules()) if people is None else PeopleGate(people)
    for name in monitor.names:
        monitor.server(name).expect(partial(_audiences, gate, name))
    operated = frozenset(() if control is None else control.operators)
    site = AppDependencies(
        monitor=monitor,
        pages=pages,
        renderer=renderer,
        clock=clock,
        gate=gate,
        operated=operated,
        lately=control,
    )
    live = Live(site, heartbeat=heartbeat)
    console = Console(site, assets, live, people_pages(people, control), hosts)
    inner: ASGIApp = SecurityHeaders(console)
    crowd = ConnectionPool() if people is None else ConnectionPool(people.access.is_proxy)
    return Application(SubPath(inner, base) if base else inner, live, crowd)


def _audiences(gate: Gate, server: str) -> tuple[Audience, ...]:
    return gate.rules.audiences(server)


def _wants_json(scope: Scope) -> bool:
    """Return whether a program sent this: an API client, or one of our scripts that sends JSON."""
    sent = Headers(scope=scope).get("content-type", "")
    return scope["raw_path"].startswith(b"/api/") or sent.startswith(bodies.JSON)


def _to_sign_in(address: str) -> Response:
    return see(f"/sign-in?next={fmt.segment(address)}")


async def _api(name: str, context: PageContext, headers: Headers) -> Response:
    answer = await ENDPOINTS[name].handler(context)
    body = msgspec.json.encode(answer)
    return replies.validated(headers, body, replies.JSON, basis=_without_age(answer))


def _without_age(answer: Shape) -> bytes:
    if isinstance(answer, Listing | StateShape):
        answer = msgspec.structs.replace(answer, age=UNSET)
    return msgspec.json.encode(answer)


async def _send(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] not in guard.SAFE and _READ not in scope:
        # The body is not read, so the connection is of no further use.
        response.headers["connection"] = "close"
    if scope["method"] == "HEAD":
        response.body = b""
        if isinstance(response, StreamingResponse):
            response = Response(status_code=response.status_code, headers=response.headers)
    await response(scope, receive, send)


def _target(scope: Scope) -> bytes:
    raw_query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return path + b"?" + raw_query if raw_query else path
