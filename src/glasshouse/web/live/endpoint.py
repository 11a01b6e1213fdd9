"""``GET /{server}/live?topic=…``: the event stream of one browser.

Events: ``tick`` (age and fault of the server), ``fragment`` (the inside of a page's
live part), ``patch`` (those of its parts that changed) and ``gone``. The stream ends
when the console stops.

A page states for whom it was rendered, as ``as``. Anyone else gets nothing but ``other``: the
current viewer. So an open page never turns into someone else's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Hashable, Iterator

import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from glasshouse.model.errors import InvalidError
from glasshouse.monitor.view import MonitorView
from glasshouse.web.http import query
from glasshouse.web.http.headers import NOT_KEPT
from glasshouse.web.live.hub import Hub
from glasshouse.web.live.stream import HEARTBEAT, Subscriber, event
from glasshouse.web.request.admission import admit
from glasshouse.web.request.resolve import AppDependencies, Topic
from glasshouse.web.request.routes import Match
from glasshouse.web.request.shares import holder_of
from glasshouse.web.request.viewer import Viewer
from glasshouse.web.text.i18n import LOCALES
from glasshouse.web.text.locale import locale_of

log = structlog.get_logger()

MAX_TOPICS = 16
STALLED_SECONDS = 30.0
_RIGHTS_SECONDS = 0.8
"""A lost right takes effect within two seconds: this, and a second that sessions are cached."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", NOT_KEPT.encode()),
    (b"x-accel-buffering", b"no"),
]


class Live:
    """All event streams of the console, by server."""

    def __init__(self, site: AppDependencies, *, heartbeat: float = HEARTBEAT) -> None:
        """Create one hub per server."""
        self._site = site
        self.hubs = {
            name: Hub(site.monitor.server(name), site.clock, heartbeat=heartbeat)
            for name in site.monitor.names
        }

    def close(self) -> None:
        """End every stream."""
        for hub in self.hubs.values():
            hub.close()

    async def respond(
        self, match: Match, scope: Scope, receive: Receive, send: Send, viewer: Viewer
    ) -> None:
        """Stream to ``viewer`` until the client or the console goes.

        Raises:
            SignInNeededError, DeniedError: the viewer is not admitted.
            NotFoundError: no such server.
            InvalidError: a topic is wrong.
            BusyError: too many are open, and nobody has more of them than this viewer.
        """
        if _for_another(scope, viewer):
            await _tell_other(scope, send, viewer)
            return
        admit(viewer)
        server = MonitorView(self._site.monitor, viewer.sees).server(match.params["server"]).name
        topics = self._topics(scope, server, viewer)
        start = {"type": "http.response.start", "status": 200, "headers": list(_HEADERS)}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        with self.hubs[server].subscribed(topics, holder_of(viewer)) as stream:
            await send(start)
            others = (
                asyncio.create_task(_until_gone(receive, stream)),
                asyncio.create_task(self._until_other(viewer, stream)),
            )
            try:
                await _pour(stream, send)
            finally:
                for task in others:
                    task.cancel()

    async def _until_other(self, viewer: Viewer, stream: Subscriber) -> None:
        """End a stream as soon as what its viewer may see differs from when it began."""
        seen = self._seen(viewer)
        while True:
            await asyncio.sleep(_RIGHTS_SECONDS)
            try:
                now = await self._site.gate.again(viewer)
            except Exception:  # without a lookup nothing is shown any longer
                log.exception("a live stream's rights cannot be looked up")
                break
            # Most are anonymous, under the same rules as before: nothing has to be compared.
            same = now.rules is viewer.rules and now.person is viewer.person is None
            if not same and self._seen(now) != seen:
                break
        stream.close()

    def _seen(self, viewer: Viewer) -> Hashable:
        return MonitorView(self._site.monitor, viewer.sees).audience, viewer.actor.roles

    def _topics(self, scope: Scope, server: str, viewer: Viewer) -> list[Topic]:
        given = query.pairs(scope["query_string"])
        # A shared worker may send languages other than that of the page that it serves.
        locale = next((value for name, value in given if name == "lang"), None)
        locale = locale_of(Headers(scope=scope)) if locale is None else locale
        if locale not in LOCALES:
            raise InvalidError(
                "This language is not available.", remedy=f"Use one of {', '.join(LOCALES)}."
            )
        topics = [value for name, value in given if name == "topic"]
        topics = list(dict.fromkeys(topics))
        if not 1 <= len(topics) <= MAX_TOPICS:
            raise InvalidError(
                f"A stream takes 1 to {MAX_TOPICS} topics.",
                remedy="Name each open page once: ?topic=/main/queues",
            )
        return [self._site.topic(address, server, locale, viewer) for address in topics]


def _for_another(scope: Scope, viewer: Viewer) -> bool:
    """Return whether the page that requests a stream was rendered for someone else."""
    given = query.pairs(scope["query_string"])
    return any(name == "as" and value != viewer.mark for name, value in given)


async def _tell_other(scope: Scope, send: Send, viewer: Viewer) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
    body = b"" if scope["method"] == "HEAD" else event("other", {"person": viewer.label})
    await send({"type": "http.response.body", "body": body})


async def _pour(viewer: Subscriber, send: Send) -> None:
    """Send events as fast as the client takes them; give up on a stalled client."""

    async def body(chunk: bytes, *, more: bool = True) -> None:
        message = {"type": "http.response.body", "body": chunk, "more_body": more}
        async with asyncio.timeout(STALLED_SECONDS):
            await send(message)

    with _quietly():
        await body(b"retry: 1000\n\n")
        async with contextlib.aclosing(viewer.events()) as events:
            async for chunk in events:
                await body(chunk)
        await body(b"", more=False)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Log failures: the response has begun, so a failure can only end it."""
    try:
        yield
    except (TimeoutError, OSError):
        log.info("a live stream stalled and was given up")
    except Exception:
        log.exception("live stream failed")


async def _until_gone(receive: Receive, viewer: Subscriber) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.close()
