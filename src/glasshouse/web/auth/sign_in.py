"""``/sign-in`` and ``/sign-out``."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from glasshouse.ledger.record import Event
from glasshouse.web.auth.auth import People
from glasshouse.web.presentation.views.people import SignInView
from glasshouse.web.request.change import Change, onward, see
from glasshouse.web.request.context import PageContext, PageResult, result
from glasshouse.web.request.person import Person
from glasshouse.web.request.refusals import TooManyError, WrongCredentialsError
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

PASSWORD, PROVIDER = "password", "identity provider"
_MOST_SHOWN = 256


class SignIn:
    """Signing in with a name and a password, and signing out."""

    def __init__(self, people: People) -> None:
        """Sign in ``people``."""
        self._people = people

    async def page(self, context: PageContext) -> PageResult:
        """Show the form; a viewer who is already signed in is sent on."""
        wanted = onward(context.query.get("next", "/"))
        page = self._result(context, wanted)
        if context.viewer.signed_in:
            return replace(page, location=wanted)
        return page

    async def sign_in(self, change: Change) -> Response:
        """Begin a session, and go on: through the second factor, if there is one."""
        fields = change.fields()
        name, wanted = fields.get("name", "").strip(), onward(fields.get("next", "/"))
        try:
            person = await self._people.passwords.check(
                name, fields.get("password", ""), change.address
            )
        except (WrongCredentialsError, TooManyError) as error:
            return self._refused(change, name, wanted, error)
        return await self.let_in(change, person, wanted, by=PASSWORD)

    async def let_in(
        self, change: Change, person: Person, wanted: str, *, by: str, **detail: str
    ) -> Response:
        """Begin a session for a person who is known now; another one in this browser ends.

        ``by`` is what vouched for them; the record contains that and ``detail``.
        """
        viewer, recording = change.context.viewer, self._people.recording
        session = await self._people.sessions.begin(
            person,
            viewer.context.address,
            change.headers.get("user-agent", ""),
            password=by == PASSWORD,
            note=recording.noting(Event.SIGNED_IN, person.name, change.address, by=by, **detail),
        )
        if viewer.person is not None and viewer.person.session is not None:
            await self._people.sessions.end(viewer.person.session)
        held = await self._people.factors.of(person.name)
        target = f"/step-up?next={fmt.segment(wanted)}" if held.any else wanted
        return change.signed_in(see(target), session)

    async def sign_out(self, change: Change) -> Response:
        """End the session of this browser."""
        person = change.context.viewer.person
        if person is not None and person.session is not None:
            note = self._people.recording.noting_viewer(Event.SIGNED_OUT, change.context.viewer)
            await self._people.sessions.end(person.session, note)
        return change.signed_out(see("/"))

    def _refused(
        self,
        change: Change,
        name: str,
        wanted: str,
        error: WrongCredentialsError | TooManyError,
    ) -> Response:
        status = 429 if isinstance(error, TooManyError) else 401
        page = self._result(
            change.context,
            wanted,
            name=name[:_MOST_SHOWN],
            fault=error.detail,
            remedy=error.remedy,
            status=status,
        )
        answer = change.page(page)
        if isinstance(error, TooManyError):
            answer.headers["retry-after"] = str(error.seconds)
        return answer

    def _result(
        self,
        context: PageContext,
        wanted: str,
        *,
        name: str = "",
        fault: str = "",
        remedy: str = "",
        status: int = 200,
    ) -> PageResult:
        view = SignInView(
            onward=wanted,
            lapsed=context.viewer.lapsed and not fault,
            name=name,
            fault=t(fault, context.locale) if fault else "",
            remedy=t(remedy, context.locale) if remedy else "",
            elsewhere=""
            if self._people.oidc is None
            else f"/sign-in/oidc?next={fmt.segment(wanted)}",
        )
        page = result(context, "sign-in", view, "Sign in")
        return replace(page, status=status, live=False)
