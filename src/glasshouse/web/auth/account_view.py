"""The view of an account, from what is known about a person."""

from __future__ import annotations

import msgspec

from glasshouse.policy.decide import fresh
from glasshouse.policy.roles import DEFAULT_FACTOR_AGE
from glasshouse.storage.sessions import Session
from glasshouse.storage.tokens import Token
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.passkeys import written
from glasshouse.web.auth.passwords import LOCAL, has_password
from glasshouse.web.presentation import permissions
from glasshouse.web.presentation.views.people import (
    AccountView,
    PasskeyRow,
    SessionRow,
    SetUpView,
    TokenRow,
)
from glasshouse.web.request.context import PageContext
from glasshouse.web.request.person import Person
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

SOURCES = {
    "local": "an account of this console",
    "htpasswd": "the password file",
    "oidc": "the identity provider",
    "proxy": "the proxy in front",
}


class AccountNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a form: what was done, or why not, and what is shown only once.

    ``session`` is the id that the session has from now on.
    """

    done: str = ""
    fault: str = ""
    remedy: str = ""
    set_up: SetUpView | None = None
    codes: tuple[str, ...] = ()
    token: str = ""
    session: str | None = None


async def account_view(
    people: People, context: PageContext, person: Person, shown: AccountNotice
) -> AccountView:
    """Return everything that a person's page shows."""
    viewer, now, locale = context.viewer, context.now, context.locale
    source, _, name = person.name.partition(":")
    held = await people.factors.of(person.name)
    proven = person.proven_at
    age = None if proven is None else now - proven
    sessions = await people.sessions.of(person.name)
    return AccountView(
        name=fmt.display_text(name),
        source=t(SOURCES.get(source, source), locale),
        roles=viewer.actor.roles,
        address=str(viewer.context.address or "–"),
        how=person.how.value,
        proven=None if proven is None else fmt.moment(proven, now, locale),
        proof_needed=held.any and not fresh(age, DEFAULT_FACTOR_AGE),
        may=permissions.tables(context),
        own_password=person.name.startswith(LOCAL),
        needs_password=not held.any and has_password(person),
        totp=None if held.totp is None else fmt.moment(held.totp.created_at, now, locale),
        totp_set=held.totp is not None,
        passkeys=tuple(
            PasskeyRow(
                credential=written(key.credential),
                label=fmt.display_text(key.label),
                made=fmt.moment(key.created_at, now, locale),
                used=None if key.used_at is None else fmt.moment(key.used_at, now, locale),
            )
            for key in held.passkeys
        ),
        recovery=held.recovery,
        has_factor=held.any,
        sessions=tuple(_session(one, person, now, locale) for one in sessions),
        tokens=tuple(_token(one, now, locale) for one in await people.tokens.of(person.name)),
        set_up=shown.set_up,
        codes=shown.codes,
        token=shown.token,
        done=t(shown.done, locale) if shown.done else "",
        fault=t(shown.fault, locale) if shown.fault else "",
        remedy=shown.remedy,
    )


def _session(session: Session, person: Person, now: float, locale: str) -> SessionRow:
    current = person.session is not None and person.session.public_id == session.public_id
    return SessionRow(
        public_id=session.public_id,
        current=current,
        agent=fmt.display_text(session.agent) or "–",
        address=session.address,
        began=fmt.moment(session.created_at, now, locale),
        seen=fmt.moment(session.seen_at, now, locale),
    )


def _token(token: Token, now: float, locale: str) -> TokenRow:
    return TokenRow(
        public_id=token.public_id,
        label=fmt.display_text(token.label),
        scope=", ".join(token.scope) or t("read-only", locale),
        made=fmt.moment(token.created_at, now, locale),
        expires=fmt.moment(token.expires_at, now, locale),
        used=None if token.used_at is None else fmt.moment(token.used_at, now, locale),
    )
