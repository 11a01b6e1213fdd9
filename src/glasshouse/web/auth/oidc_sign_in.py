"""``/sign-in/oidc``: signing in at an identity provider and returning from it.

A started sign-in is kept here, is valid once and for ten minutes, and is bound by a cookie to the
browser in which it was started. No one can make another person return as someone else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.responses import Response

from glasshouse.identity import tokens as secret
from glasshouse.integrations.oidc_pending import ENTROPY, PendingSignIn
from glasshouse.integrations.oidc_refusals import OidcRefusedError, Refused
from glasshouse.model.errors import NotFoundError
from glasshouse.storage import pending
from glasshouse.storage.pending import Pending
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.gate import cookie
from glasshouse.web.auth.sign_in import PROVIDER, SignIn
from glasshouse.web.request.change import Change, onward
from glasshouse.web.request.person import How, Person

if TYPE_CHECKING:
    # Its libraries are loaded only if there is a provider.
    from glasshouse.integrations.oidc import Oidc

log = structlog.get_logger()

NAME, GROUP = "oidc:", "oidc-group:"
ALL = "all"
"""What a record states about claims if none is odd."""
_KIND = "oidc"
_SECONDS = 600.0
_COOKIE = "glasshouse-begun"


class OidcSignIn:
    """Signing in at the configured provider."""

    def __init__(self, people: People, sign_in: SignIn) -> None:
        """Begin sessions as ``sign_in`` does."""
        self._people = people
        self._sign_in = sign_in

    async def begin(self, change: Change) -> Response:
        """Send the browser to the provider.

        Raises:
            OidcRefusedError: it cannot be reached.
        """
        tools, now = self._people.tools, self._people.tools.clock()
        url, begun = await self._oidc.begin(tools.entropy(ENTROPY))
        mine = secret.session_id(tools.entropy(secret.ENTROPY))
        wanted = onward(change.context.query.get("next", "/"))
        kept = Pending(
            digest=secret.token_hash(begun.state),
            kind=_KIND,
            actor=secret.token_hash(mine).hex(),
            data=f"{begun.nonce}\n{begun.verifier}\n{wanted}",
            expires_at=now + _SECONDS,
        )
        await tools.database.run(pending.begin, kept, now)
        answer = Response(status_code=303, headers={"location": url, "cache-control": "no-store"})
        answer.set_cookie(
            _COOKIE,
            mine,
            max_age=int(_SECONDS),
            path="/",
            secure=change.site.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def back(self, change: Change) -> Response:
        """Accept a returning person, begin a session, and go on.

        Raises:
            OidcRefusedError: the answer is not believed.
        """
        query, oidc = change.context.query, self._oidc
        try:
            begun, wanted = await self._begun(query.get("state", ""), change)
            came = await oidc.finish(begun, query, self._people.tools.clock())
        except OidcRefusedError as error:
            detail = {"address": str(change.address)} | (
                {"claim": error.claim} if error.claim else {}
            )
            log.warning("sign-in at the provider refused", why=error.why.value, **detail)
            raise
        person = Person(
            name=NAME + came.name,
            how=How.SESSION,
            groups=tuple(GROUP + group for group in came.groups),
        )
        for odd in came.odd:
            detail = {"name": person.name, "claim": odd.claim, "why": odd.form.value}
            log.warning("a claim of the provider gave nothing, or not all", **detail)
        claims = ", ".join(map(str, came.odd)) or ALL
        answer = await self._sign_in.let_in(change, person, wanted, by=PROVIDER, claims=claims)
        answer.delete_cookie(
            _COOKIE, path="/", secure=change.site.secure, httponly=True, samesite="lax"
        )
        return answer

    @property
    def _oidc(self) -> Oidc:
        if self._people.oidc is None:
            raise NotFoundError(
                "No identity provider is configured.", remedy="Sign in at /sign-in."
            )
        return self._people.oidc

    async def _begun(self, state: str, change: Change) -> tuple[PendingSignIn, str]:
        tools = self._people.tools
        digest = secret.token_hash(state)
        kept = await tools.database.run(pending.take, digest, _KIND, tools.clock())
        mine = cookie(change.headers, _COOKIE) or ""
        if kept is None or kept.actor != secret.token_hash(mine).hex():
            raise OidcRefusedError(Refused.WRONG_STATE)
        nonce, verifier, wanted = kept.data.split("\n", 2)
        return PendingSignIn(state, nonce, verifier), wanted


def address_of_return(origin: str, path: str) -> str:
    """Return where people return to: the redirect URI to register at the provider."""
    return f"{origin}{path}/sign-in/oidc/callback"
