"""``/step-up``: the person shows the second factor and continues where they were."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
from starlette.responses import Response

from glasshouse.model.errors import DeniedError, GlasshouseError, InvalidError
from glasshouse.policy.roles import DEFAULT_FACTOR_AGE
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.passkeys import Passkeys
from glasshouse.web.http import bodies
from glasshouse.web.http.replies import JSON, fresh
from glasshouse.web.presentation.views.people import StepUpView
from glasshouse.web.request.change import Change, onward, see
from glasshouse.web.request.context import PageContext, PageResult, result
from glasshouse.web.request.person import How, Person
from glasshouse.web.request.refusals import FactorNeededError, SignInNeededError, TooManyError
from glasshouse.web.text.i18n import t


class StepUp:
    """Showing the second factor: in a browser, and for scripts."""

    def __init__(self, people: People, keys: Passkeys) -> None:
        """Check the factors of ``people``."""
        self._people = people
        self._keys = keys

    async def page(self, context: PageContext) -> PageResult:
        """Show which second factors there are."""
        return await self._result(context, onward(context.query.get("next", "/")))

    async def show(self, change: Change) -> Response:
        """Accept a code, and return the person to where they were."""
        fields = change.fields()
        person, wanted = in_person(change.context), onward(fields.get("next", "/"))
        try:
            await self._people.factors.show_code(
                person.name, fields.get("code", "").strip(), change.address
            )
        except (FactorNeededError, TooManyError) as error:
            status = 429 if isinstance(error, TooManyError) else 401
            answer = change.page(await self._result(change.context, wanted, error, status))
            if isinstance(error, TooManyError):
                answer.headers["retry-after"] = str(error.seconds)
            return answer
        return await self.proven(change, person, see(wanted))

    async def key(self, change: Change) -> Response:
        """Request a passkey from the browser, or accept its answer: two JSON requests."""
        person = in_person(change.context)
        fields = bodies.mapping(change.body, change.headers.get("content-type", ""))
        if fields.get("step") != "finish":
            return fresh(await self._keys.ask(person, change), JSON)
        await self._keys.show(person, change, fields)
        body = json.dumps({"next": onward(str(fields.get("next", "/")))}).encode()
        return await self.proven(change, person, fresh(body, JSON))

    async def proven(self, change: Change, person: Person, answer: Response) -> Response:
        """Give the session another id, in which the factor counts; begin one if there is none."""
        session = person.session
        if session is None:
            text = await self._people.sessions.begin(
                person,
                change.address,
                change.headers.get("user-agent", ""),
                password=False,
            )
            session = await self._people.sessions.find(text)
        renewed = (
            None if session is None else await self._people.sessions.prove(session, factor=True)
        )
        if renewed is None:
            raise SignInNeededError("Your session has ended.")
        return change.signed_in(answer, renewed)

    async def token(self, change: Change) -> Response:
        """``POST /api/v1/step-up``: exchange a code for a token valid for the factor's age."""
        person = known(change.context)
        viewer = change.context.viewer
        proven = None if person.how is How.SESSION else person.proven_at
        if proven is None:
            proven = await self._people.factors.show_code(
                person.name, _code(change), viewer.context.address
            )
        ages = [viewer.rules.roles[role].factor_age for role in viewer.actor.roles]
        longest = max((age for age in ages if age is not None), default=DEFAULT_FACTOR_AGE)
        left = max(1.0, longest - (self._people.tools.clock() - proven))
        text = await self._people.tokens.make_step_up(person, proven, left)
        return fresh(msgspec.json.encode({"token": text, "expires_in": int(left)}), JSON)

    async def _result(
        self,
        context: PageContext,
        wanted: str,
        error: GlasshouseError | None = None,
        status: int = 200,
    ) -> PageResult:
        person = known(context)
        held = await self._people.factors.of(person.name)
        view = StepUpView(
            onward=wanted,
            fault="" if error is None else t(error.detail, context.locale),
            remedy="" if error is None else t(error.remedy, context.locale),
            codes=held.totp is not None,
            passkeys=bool(held.passkeys),
            any=held.any,
            recovery=held.recovery,
        )
        page = result(context, "step-up", view, "Second factor")
        return replace(page, status=status, live=False)


def known(context: PageContext) -> Person:
    """Return the person who is signed in.

    Raises:
        SignInNeededError: no one is signed in.
    """
    person = context.viewer.person
    if person is None:
        raise SignInNeededError("You are not signed in.")
    return person


def in_person(context: PageContext) -> Person:
    """Return the person who is signed in, but not by a token.

    A token does what it was made for. It creates no session, no factor and no other token: these
    could do more than the token itself.

    Raises:
        SignInNeededError: no one is signed in.
        DeniedError: the sign-in is by a token.
    """
    person = known(context)
    if person.how is How.TOKEN:
        raise DeniedError(
            "A token cannot change an account or open a session.",
            remedy="Sign in at /sign-in; programs send their code to /api/v1/step-up.",
        )
    return person


def _code(change: Change) -> str:
    header = change.headers.get("glasshouse-otp")
    if header is None:
        fields = bodies.mapping(change.body, change.headers.get("content-type", ""))
        header = fields.get("code")
    if not isinstance(header, str):
        raise InvalidError(
            "The code is missing.", remedy='Send {"code": "123456"}, or the header Glasshouse-OTP.'
        )
    return header
