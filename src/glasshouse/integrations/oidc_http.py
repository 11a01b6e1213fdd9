"""HTTP requests to an identity provider: bounded in bytes and time, no redirects."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote_plus, urlsplit

import msgspec

from glasshouse.integrations.oidc_json import table
from glasshouse.integrations.oidc_refusals import OidcRefusedError, Refused
from glasshouse.model.hosts import is_this_machine

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES = 256 << 10
_TOKEN = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]+")
_DISCOVERY = "/.well-known/openid-configuration"
_LISTS = {"claims_supported", "scopes_supported", "token_endpoint_auth_methods_supported"}


class ClientSecret(Protocol):
    """A secret word that is not disclosed by accident."""

    def reveal(self) -> str:
        """Return it."""
        ...


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """The discovery document. ``names_itself``: its responses carry ``iss`` (RFC 9207).

    ``claims`` and ``scopes`` are those that it announces; the lists need not be complete.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    claims: tuple[str, ...] | None = msgspec.field(name="claims_supported", default=None)
    scopes: tuple[str, ...] | None = msgspec.field(name="scopes_supported", default=None)
    names_itself: bool = msgspec.field(
        name="authorization_response_iss_parameter_supported", default=False
    )
    methods: tuple[str, ...] = msgspec.field(
        name="token_endpoint_auth_methods_supported", default=("client_secret_basic",)
    )


class Tokens(msgspec.Struct, frozen=True):
    """What a code is exchanged for; ``access_token`` is for the userinfo endpoint."""

    id_token: str
    access_token: str | None = None


_decode_tokens = msgspec.json.Decoder(Tokens).decode


class ProviderClient:
    """A client of a provider."""

    def __init__(self, issuer: str, seconds: float) -> None:
        """Query ``issuer``, for at most ``seconds`` each time."""
        self._issuer = issuer
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None
        self._provider: Provider | None = None

    async def provider(self) -> Provider:
        """Return the discovery document; after a valid response it is not requested again.

        Raises:
            OidcRefusedError: the provider cannot be reached, or is another one.
        """
        if self._provider is None:
            provider = _provider(await self._get(self._issuer.rstrip("/") + _DISCOVERY))
            if provider.issuer != self._issuer:
                raise OidcRefusedError(Refused.WRONG_ISSUER)
            for url in (
                provider.authorization_endpoint,
                provider.token_endpoint,
                provider.jwks_uri,
            ):
                _check_url(url)
            self._provider = provider
        return self._provider

    async def keys(self) -> dict[str, Any]:
        """Return the provider's public keys (RFC 7517)."""
        return await self._get((await self.provider()).jwks_uri)

    async def exchange(
        self,
        *,
        code: str,
        verifier: str,
        redirect_uri: str,
        client_id: str,
        secret: ClientSecret | None,
    ) -> Tokens:
        """Return the tokens that a code is exchanged for.

        Raises:
            OidcRefusedError: the provider refuses, or cannot be queried.
        """
        provider = await self.provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"accept": "application/json"}
        if secret is None:
            form["client_id"] = client_id
        elif "client_secret_basic" in provider.methods:
            # RFC 6749 §2.3.1: both are form-encoded first.
            pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}".encode()
            headers["authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        else:
            form |= {"client_id": client_id, "client_secret": secret.reveal()}
        status, body = await self._ask("POST", provider.token_endpoint, form, headers)
        if 400 <= status < 500:  # noqa: PLR2004 - RFC 6749 §5.2
            raise OidcRefusedError(Refused.CODE_REFUSED)
        if status != 200:  # noqa: PLR2004
            raise OidcRefusedError(Refused.UNREACHABLE)
        try:
            return _decode_tokens(body)
        except msgspec.MsgspecError:
            raise OidcRefusedError(Refused.BAD_ANSWER) from None

    async def userinfo(self, endpoint: str, token: str) -> dict[str, Any] | str:
        """Return the provider's claims about the person to whom an access token belongs.

        A text is a signed response (OpenID Connect Core §5.3.2), not yet verified.

        Raises:
            OidcRefusedError: it refuses, or cannot be queried, or answers something else.
        """
        # Whatever it contains, it goes into a header.
        if not token.isascii() or not token.isprintable():
            raise OidcRefusedError(Refused.BAD_ANSWER)
        body = await self._got(endpoint, {"authorization": f"Bearer {token}"})
        return body.decode("ascii") if _TOKEN.fullmatch(body) else table(body)

    async def _get(self, url: str) -> dict[str, Any]:
        return table(await self._got(url, {}))

    async def _got(self, url: str, more: dict[str, str]) -> bytes:
        _check_url(url)
        status, body = await self._ask("GET", url, None, {"accept": "application/json"} | more)
        if status != 200:  # noqa: PLR2004
            raise OidcRefusedError(Refused.UNREACHABLE)
        return body

    async def _ask(
        self, method: str, url: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        import aiohttp  # noqa: PLC0415 - slow to import, and most have no provider

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._seconds)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        try:
            async with self._session.request(
                method, url, data=form, headers=headers, allow_redirects=False
            ) as answer:
                body = await answer.content.read(MOST_BYTES + 1)
                while len(body) <= MOST_BYTES and (more := await answer.content.read(MOST_BYTES)):
                    body += more
                if len(body) > MOST_BYTES:
                    raise OidcRefusedError(Refused.BAD_ANSWER)
                return answer.status, body
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            raise OidcRefusedError(Refused.UNREACHABLE) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _provider(document: dict[str, Any]) -> Provider:
    """Return the parsed discovery document.

    A ``null`` counts as absent. Lists of words that contain something else, or are not lists,
    count for what is valid in them: they only add information. Values that are addresses, or that
    control how responses are checked, have to be valid.

    Raises:
        OidcRefusedError: they are not.
    """
    plain = {name: value for name, value in document.items() if value is not None}
    for name in _LISTS & plain.keys():
        listed = plain.pop(name)
        if isinstance(listed, list):
            plain[name] = [word for word in listed if isinstance(word, str)]
    try:
        return msgspec.convert(plain, Provider)
    except msgspec.ValidationError:
        raise OidcRefusedError(Refused.BAD_ANSWER) from None


def _check_url(url: str) -> None:
    """Refuse an address whose traffic others could read or change.

    Raises:
        OidcRefusedError: it is neither https nor on this machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise OidcRefusedError(Refused.BAD_ANSWER) from None
    if not host or not (
        parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))
    ):
        raise OidcRefusedError(Refused.BAD_ANSWER)
