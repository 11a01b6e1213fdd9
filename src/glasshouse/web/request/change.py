"""A request that changes something about a person: what its handler receives and returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response

from glasshouse.model.access import IPAddress
from glasshouse.web.http import bodies, guard
from glasshouse.web.http.replies import HTML, fresh
from glasshouse.web.request.context import PageContext, PageRenderer, PageResult
from glasshouse.web.request.form_errors import FormError
from glasshouse.web.request.rules import PublicSite

_MOST_NEXT = 2048


Revisit = Callable[[str, FormError], Awaitable[Response | None]]
"""Shows the page at one of our addresses to the sender of a form on it, if the page exists."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A POST that passed the guard and was sent by one of our pages or by a program."""

    context: PageContext
    headers: Headers
    body: bytes
    site: PublicSite
    renderer: PageRenderer
    revisit: Revisit

    async def again(self, address: str, slip: FormError) -> Response:
        """Answer with the page that a form came from, which states what is wrong with it.

        Raises:
            GlasshouseError: that of the slip, if there is no such page.
        """
        answer = await self.revisit(address, slip) if address else None
        if answer is None:
            raise slip.error
        return answer

    @property
    def address(self) -> IPAddress | None:
        """The address that it comes from."""
        return self.context.viewer.context.address

    def fields(self) -> dict[str, str]:
        """Return the fields of the form that was sent; raises ``InvalidError``."""
        return bodies.form(self.body, self.headers.get("content-type", ""))

    def page(self, result: PageResult) -> Response:
        """Return a page as the answer."""
        return fresh(self.renderer.page(result, self.context), HTML, result.status)

    def signed_in(self, answer: Response, session: str) -> Response:
        """Send a session's id to the browser with an answer."""
        answer.set_cookie(
            self.site.cookie,
            session,
            path="/",
            secure=self.site.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    def signed_out(self, answer: Response) -> Response:
        """Remove the session's id from the browser."""
        answer.delete_cookie(
            self.site.cookie, path="/", secure=self.site.secure, httponly=True, samesite="lax"
        )
        return answer


Changer = Callable[[Change], Awaitable[Response]]


def onward(wanted: str) -> str:
    """Return the next address if it is one of ours, else the start page."""
    target = wanted.encode("utf-8", "replace")
    fault = guard.check("GET", target, "1.1", ((b"host", b"onward"),))
    if fault is not None or len(target) > _MOST_NEXT or target.startswith((b"//", b"/\\")):
        return "/"
    return wanted


def see(address: str) -> Response:
    """Return the answer that redirects a browser."""
    return Response(status_code=303, headers={"location": address, "cache-control": "no-store"})
