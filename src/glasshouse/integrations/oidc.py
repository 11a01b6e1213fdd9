"""Signing in at an identity provider: OpenID Connect, authorization code with PKCE.

Sources: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4, RFC 6749, RFC 7636 (PKCE), RFC 9207
(``iss`` in the response). Invariants: algorithms are those that were configured, never the
token's choice; every claim is checked; no code, token, nonce or secret is in an error or a log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from glasshouse.integrations.oidc_claims import ClaimProblem, claim, groups_of, name_of
from glasshouse.integrations.oidc_http import ClientSecret, Provider, ProviderClient, Tokens
from glasshouse.integrations.oidc_keys import Published
from glasshouse.integrations.oidc_pending import ENTROPY, PendingSignIn
from glasshouse.integrations.oidc_refusals import OidcRefusedError, Refused
from glasshouse.integrations.oidc_token import Claims, ProviderKeys, checked

_MOST_NAME = 256


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, and the console's registration there.

    ``redirect_uri`` is the console's own address to which people return. Claims are named
    by a path (see ``oidc_claims.claim``).
    """

    issuer: str
    client_id: str
    client_secret: ClientSecret | None
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid", "profile", "email", "groups")
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    algorithms: tuple[str, ...] = ("RS256",)


class OidcPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person according to the provider. ``name`` is its claim, or ``subject`` without one.

    ``odd`` are the claims that were absent or had another form: they gave nothing, or less.
    """

    subject: str
    name: str
    groups: tuple[str, ...]
    odd: tuple[ClaimProblem, ...] = ()


class Oidc:
    """One provider."""

    def __init__(self, settings: OidcSettings, *, seconds: float = 10.0) -> None:
        """Set up a provider; it is queried when someone signs in."""
        self._settings = settings
        self._asking = ProviderClient(settings.issuer, seconds)
        self._keys = ProviderKeys(self._asking, settings.algorithms)

    async def begin(self, entropy: bytes) -> tuple[str, PendingSignIn]:
        """Return where to send the person, and what to keep in the meantime.

        Raises:
            OidcRefusedError: the provider cannot be queried, or is not the configured one.
            ValueError: ``entropy`` is not 96 bytes long.
        """
        if len(entropy) != ENTROPY:
            raise ValueError(f"{ENTROPY} random bytes are needed")
        provider = await self._asking.provider()
        begun = PendingSignIn(*(_text(entropy[at : at + 32]) for at in (0, 32, 64)))
        challenge = _text(hashlib.sha256(begun.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in provider.authorization_endpoint else "?"
        return f"{provider.authorization_endpoint}{joint}{urlencode(query)}", begun

    async def finish(
        self, begun: PendingSignIn, answer: Mapping[str, str], now: float
    ) -> OidcPerson:
        """Return the person who returned with ``answer``, the parameters of the address.

        Raises:
            OidcRefusedError: the provider refused, or its response is invalid.
        """
        if not hmac.compare_digest(begun.state.encode(), answer.get("state", "").encode()):
            raise OidcRefusedError(Refused.WRONG_STATE)
        provider = await self._asking.provider()
        issuer = answer.get("iss")
        if issuer != self._settings.issuer and (issuer is not None or provider.names_itself):
            raise OidcRefusedError(Refused.WRONG_ISSUER)
        if "error" in answer:
            denied = answer["error"] == "access_denied"
            raise OidcRefusedError(Refused.DENIED if denied else Refused.PROVIDER_ERROR)
        if not answer.get("code"):
            raise OidcRefusedError(Refused.PROVIDER_ERROR)
        tokens = await self._asking.exchange(
            code=answer["code"],
            verifier=begun.verifier,
            redirect_uri=self._settings.redirect_uri,
            client_id=self._settings.client_id,
            secret=self._settings.client_secret,
        )
        claims = await self._keys.claims(tokens.id_token, now)
        checked(
            claims,
            issuer=self._settings.issuer,
            audience=self._settings.client_id,
            nonce=begun.nonce,
            now=now,
        )
        return self._person(claims, await self._more(claims, tokens, now))

    async def provider(self) -> Provider:
        """Return the provider's description of itself.

        Raises:
            OidcRefusedError: it cannot be queried, or is not the configured one.
        """
        return await self._asking.provider()

    async def keys(self, now: float) -> Published:
        """Return the public keys of the provider.

        Raises:
            OidcRefusedError: it cannot be queried, or has none that can be used.
        """
        return await self._keys.published(now)

    async def close(self) -> None:
        """Close the connections."""
        await self._asking.close()

    async def _more(self, claims: Claims, tokens: Tokens, now: float) -> Claims:
        """Return the claims of the provider's userinfo endpoint, if the ID token lacks something.

        If it cannot be queried, the person is not admitted: a group may also take rights away.
        """
        endpoint = (await self._asking.provider()).userinfo_endpoint
        wanted = (self._settings.name_claim, self._settings.groups_claim)
        whole = all(claim(claims, path) is not None for path in wanted)
        if whole or endpoint is None or tokens.access_token is None:
            return {}
        userinfo = await self._asking.userinfo(endpoint, tokens.access_token)
        if isinstance(userinfo, str):
            userinfo = await self._keys.claims(userinfo, now)
        # OpenID Connect Core §5.3.2: otherwise it may be about someone else.
        if userinfo.get("sub") != claims["sub"]:
            raise OidcRefusedError(Refused.OTHER_PERSON, "sub")
        return userinfo

    def _person(self, claims: Claims, more: Claims) -> OidcPerson:
        def value(path: str) -> object:
            value = claim(claims, path)
            return claim(more, path) if value is None else value

        settings, subject = self._settings, claims["sub"]
        named, odd_name = name_of(value(settings.name_claim))
        groups, odd_groups = groups_of(value(settings.groups_claim))
        name = subject if named is None else named
        if len(name) > _MOST_NAME or not name.isprintable():
            raise OidcRefusedError(Refused.BAD_TOKEN, settings.name_claim)
        odd_claims = ((settings.name_claim, odd_name), (settings.groups_claim, odd_groups))
        odd = tuple(ClaimProblem(path, form) for path, form in odd_claims if form is not None)
        return OidcPerson(subject=subject, name=name, groups=groups, odd=odd)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
