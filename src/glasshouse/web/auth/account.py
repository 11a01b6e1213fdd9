"""``/account``: who the person is, what they may do, and how they sign in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import sqlalchemy as sa
from starlette.responses import Response

from glasshouse.identity import passwords
from glasshouse.ledger.record import Event
from glasshouse.model.errors import GlasshouseError, InvalidError
from glasshouse.model.operation import Operation
from glasshouse.policy import decide
from glasshouse.policy.roles import DEFAULT_FACTOR_AGE, names_operation
from glasshouse.storage import accounts, ends
from glasshouse.web.auth.account_view import AccountNotice, account_view
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.authenticator_setup import SetUps
from glasshouse.web.auth.passkeys import Passkeys
from glasshouse.web.auth.passwords import LOCAL, has_password
from glasshouse.web.auth.recording import Note
from glasshouse.web.auth.step_up import in_person, known
from glasshouse.web.http import bodies
from glasshouse.web.http.network import limit_key
from glasshouse.web.http.replies import JSON, fresh
from glasshouse.web.presentation.views.people import SetUpView
from glasshouse.web.request.change import Change, see
from glasshouse.web.request.context import PageContext, PageResult, result
from glasshouse.web.request.person import Person
from glasshouse.web.request.refusals import FactorNeededError, TooManyError, WrongCredentialsError
from glasshouse.web.text.i18n import t

_DIGITS = 9
Action = Callable[[Change, Person, Mapping[str, str], Note], Awaitable[AccountNotice | Response]]


class Account:
    """The page of a person's own account, and what can be changed there."""

    def __init__(self, people: People, keys: Passkeys) -> None:
        """Serve the accounts of ``people``."""
        self._people = people
        self._keys = keys
        self._set_ups = SetUps(people)
        self._actions: Mapping[str, Action] = {
            "password": self._password,
            "totp-begin": self._totp_begin,
            "totp-confirm": self._totp_confirm,
            "totp-remove": self._totp_remove,
            "passkey-remove": self._passkey_remove,
            "recovery-new": self._recovery_new,
            "token-new": self._token_new,
            "token-remove": self._token_remove,
            "session-end": self._session_end,
            "sessions-end": self._sessions_end,
        }

    async def page(self, context: PageContext) -> PageResult:
        """Show the account."""
        return await self._result(context, AccountNotice())

    async def change(self, change: Change) -> Response:
        """Carry out a form of the page, and show the page with the outcome."""
        person, fields = in_person(change.context), change.fields()
        action = self._actions.get(fields.get("action", ""))
        if action is None:
            raise InvalidError("The form contains no known action.", remedy="Reload the page.")
        note = self._noting(change, fields["action"])
        try:
            shown = await action(change, person, fields, note)
        except (WrongCredentialsError, FactorNeededError, InvalidError, TooManyError) as error:
            return await self._refused(change, error)
        if isinstance(shown, Response):
            return shown
        answer = change.page(await self._result(change.context, shown))
        return answer if shown.session is None else change.signed_in(answer, shown.session)

    def _noting(self, change: Change, action: str) -> Note:
        viewer = change.context.viewer
        return self._people.recording.noting_viewer(Event.ACCOUNT, viewer, action=action)

    async def _refused(self, change: Change, error: GlasshouseError) -> Response:
        locale = change.context.locale
        shown = AccountNotice(fault=t(error.detail, locale), remedy=t(error.remedy, locale))
        statuses = {FactorNeededError: 401, WrongCredentialsError: 401, TooManyError: 429}
        status = statuses.get(type(error), 400)
        answer = change.page(await self._result(change.context, shown, status))
        if isinstance(error, TooManyError):
            answer.headers["retry-after"] = str(error.seconds)
        return answer

    async def key(self, change: Change) -> Response:
        """Request a new passkey from the browser, or store the one it made: two JSON requests."""
        person = in_person(change.context)
        fields = bodies.mapping(change.body, change.headers.get("content-type", ""))
        if fields.get("step") == "finish":
            return await self._keep_key(change, person, fields)
        await self._may_add(change, person, str(fields.get("password", "")))
        return fresh(await self._keys.ask_for_new(person, change), JSON)

    async def _keep_key(
        self, change: Change, person: Person, fields: Mapping[str, Any]
    ) -> Response:
        note = self._noting(change, "passkey-new")
        codes = await self._keys.add(person, change, fields, note)
        session = await self._renewed(person, factor=True)
        answer = fresh(msgspec.json.encode({"codes": codes}), JSON)
        return answer if session is None else change.signed_in(answer, session)

    async def _password(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        if not person.name.startswith(LOCAL):
            raise InvalidError(
                "This console does not store your password.", remedy="Change it where it is stored."
            )
        again = await self._by_password(change, person, fields.get("password", ""))
        new = fields.get("new", "")
        if new != fields.get("again", ""):
            raise InvalidError("The two new passwords differ.", remedy="Enter the same one twice.")
        tools = self._people.tools
        salt = tools.entropy(passwords.SALT_BYTES)
        async with tools.hashing.turn(limit_key(change.address)):
            stored = await tools.hashing.run(lambda: passwords.hashed(new, salt))
        but = None if again.session is None else again.session.digest

        def change_it(db: sa.Connection) -> None:
            accounts.set_password(db, person.name.removeprefix(LOCAL), stored)
            ends.sign_out_everywhere(db, person.name, but)
            note(db)

        await tools.database.run(change_it)
        self._people.sessions.forget()
        session = await self._renewed(again, password=True)
        return AccountNotice(
            done="The password was changed; your other sessions have ended.", session=session
        )

    async def _totp_begin(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        await self._may_add(change, person, fields.get("password", ""))
        return AccountNotice(set_up=await self._set_ups.begin(person))

    async def _totp_confirm(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        code, begun = fields.get("code", "").strip(), fields.get("pending", "")
        done = await self._set_ups.confirm(person, begun, code, note)
        if isinstance(done, SetUpView):
            return AccountNotice(set_up=done, fault="The code does not match: try the next one.")
        session = await self._renewed(person, factor=True)
        return AccountNotice(done="The authenticator app was set up.", codes=done, session=session)

    async def _totp_remove(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        self._require_proof(person)
        await self._people.factors.remove_totp(person.name, note, _session_of(person))
        self._people.sessions.forget()
        return AccountNotice(done="The authenticator app was removed.")

    async def _passkey_remove(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        self._require_proof(person)
        await self._keys.remove(person, fields.get("credential", ""), note)
        self._people.sessions.forget()
        return AccountNotice(done="The passkey was removed.")

    async def _recovery_new(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        self._require_proof(person)
        codes = await self._people.factors.new_recovery_codes(
            person.name, note, _session_of(person)
        )
        self._people.sessions.forget()
        return AccountNotice(
            done="These are new recovery codes; the old ones no longer work.", codes=codes
        )

    async def _token_new(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        held = await self._people.factors.of(person.name)
        if held.any:
            self._require_proof(person)
        days = _whole(fields.get("days", ""))
        scope = tuple(fields.get("scope", "").replace(",", " ").split())
        for pattern in scope:
            if not names_operation(pattern):
                raise InvalidError(
                    f"{pattern[:60]!r} is not an operation.",
                    remedy=f"The operations are {', '.join(Operation)}.",
                )
        token = await self._people.tokens.make(person, fields.get("label", ""), days, scope, note)
        return AccountNotice(done="The token was created. It is shown only once.", token=token)

    async def _token_remove(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        await self._people.tokens.remove(person.name, fields.get("id", ""), note)
        return AccountNotice(done="The token was removed.")

    async def _session_end(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> AccountNotice:
        await self._people.sessions.end_one(person.name, fields.get("id", ""), note)
        return AccountNotice(done="The session has ended.")

    async def _sessions_end(
        self, change: Change, person: Person, fields: Mapping[str, str], note: Note
    ) -> Response:
        await self._people.sessions.end_all(person.name, note)
        return change.signed_out(see("/"))

    async def _may_add(self, change: Change, person: Person, password: str) -> None:
        """Allow adding a factor after one was verified, the first after the password was.

        Raises:
            FactorNeededError: there is one, and it was not shown recently.
            WrongCredentialsError: the password is wrong.
        """
        held = await self._people.factors.of(person.name)
        if held.any:
            self._require_proof(person)
        elif has_password(person):
            await self._by_password(change, person, password)

    async def _by_password(self, change: Change, person: Person, password: str) -> Person:
        name = person.name.partition(":")[2]
        address = change.address
        checked = await self._people.passwords.check(name, password, address)
        if checked.name != person.name:
            raise WrongCredentialsError("The name or the password is wrong.")
        return person

    def _require_proof(self, person: Person) -> None:
        age = None if person.proven_at is None else self._people.tools.clock() - person.proven_at
        if not decide.fresh(age, DEFAULT_FACTOR_AGE):
            raise FactorNeededError(
                "Verify with your second factor first.",
                remedy="Verify at /step-up, and return within ten minutes.",
            )

    async def _renewed(
        self, person: Person, *, factor: bool = False, password: bool = False
    ) -> str | None:
        if person.session is None:
            return None
        return await self._people.sessions.prove(person.session, factor=factor, password=password)

    async def _result(
        self, context: PageContext, shown: AccountNotice, status: int = 200
    ) -> PageResult:
        person = known(context)
        if shown.session is not None:
            session = await self._people.sessions.find(shown.session)
            if session is not None:
                person = msgspec.structs.replace(
                    person, session=session, proven_at=session.proven_at
                )
                context = _proven(context, person)
        view = await account_view(self._people, context, person, shown)
        return replace(result(context, "account", view, "Account"), status=status, live=False)


def _whole(text: str) -> int:
    """Return a number with few digits; for anything else 0, which is out of range everywhere."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0


def _session_of(person: Person) -> bytes | None:
    return None if person.session is None else person.session.digest


def _proven(context: PageContext, person: Person) -> PageContext:
    """Return the context of a person who proved more while the request was handled."""
    proven = person.proven_at
    age = None if proven is None else max(0.0, context.now - proven)
    seen = msgspec.structs.replace(context.viewer.context, factor_age=age)
    viewer = msgspec.structs.replace(context.viewer, person=person, context=seen)
    return replace(context, viewer=viewer)
