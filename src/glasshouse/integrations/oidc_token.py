"""The ID token of a provider: its signature, and each claim (OpenID Connect Core §3.1.3.7).

Invariant: the key is one that the provider publishes at the address from discovery, never one
that a token contains or refers to; anything else in a header is ignored, unless ``crit``
says that it must not be (RFC 7515 §4, §4.1.11).
"""

from __future__ import annotations

import hmac
from typing import Any

import structlog
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from glasshouse.integrations import oidc_keys
from glasshouse.integrations.oidc_http import ProviderClient
from glasshouse.integrations.oidc_json import HALF, table
from glasshouse.integrations.oidc_keys import Published
from glasshouse.integrations.oidc_refusals import OidcRefusedError, Refused

Claims = dict[str, Any]
LEEWAY = 60.0
"""Seconds by which the clocks may differ."""
_OLDEST = 3600.0
_AGAIN = 30.0
"""Seconds before keys are fetched again because one is unknown."""
_MOST_HEADER = 16 << 10
"""The most characters of a header: it may contain certificates."""

log = structlog.get_logger()


class ProviderKeys:
    """The public keys of a provider, fetched when an unknown one is needed."""

    def __init__(self, asking: ProviderClient, algorithms: tuple[str, ...]) -> None:
        """Accept only signatures made with ``algorithms``."""
        self._asking = asking
        self._algorithms = list(algorithms)
        self._registry = JWSRegistry(algorithms=self._algorithms, strict_check_header=False)
        self._registry.max_header_length = _MOST_HEADER
        self._published: Published | None = None
        self._passed_over = 0
        self._fetched_at = float("-inf")

    async def claims(self, token: str, now: float) -> Claims:
        """Return the claims of a token that was signed by the provider.

        Raises:
            OidcRefusedError: it was not, or is not a token.
        """
        header = self._header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms:
            raise OidcRefusedError(Refused.WRONG_ALGORITHM)
        if kid is not None and not isinstance(kid, str):
            raise OidcRefusedError(Refused.BAD_TOKEN)
        known = (await self._known(kid, now)).keys
        # Keys of different kinds may share an id (RFC 7517 §4.5).
        fitting = [key for key in known if JWSRegistry.filter_algorithms(key, [algorithm])]
        try:
            signed = jws.deserialize_compact(token, KeySet(fitting), registry=self._registry)
        except (JoseError, ValueError, TypeError, KeyError):
            raise OidcRefusedError(Refused.BAD_SIGNATURE) from None
        return table(signed.payload, Refused.BAD_TOKEN)

    async def published(self, now: float) -> Published:
        """Return the provider's keys.

        Raises:
            OidcRefusedError: they cannot be fetched, or none of them can be used.
        """
        return await self._known(None, now)

    async def _known(self, kid: str | None, now: float) -> Published:
        known = self._published
        has = known is not None and (kid is None or kid in {key.kid for key in known.keys})
        if known is None or (not has and now - self._fetched_at >= _AGAIN):
            known = self._published = self._usable(await self._asking.keys())
            self._fetched_at = now
        return known

    def _usable(self, document: dict[str, Any]) -> Published:
        try:
            published = oidc_keys.read(document)
        except TypeError:
            raise OidcRefusedError(Refused.BAD_ANSWER) from None
        if published.passed_over not in (0, self._passed_over):
            self._passed_over = published.passed_over
            counts = {"passed_over": published.passed_over, "used": len(published.keys)}
            log.info("keys of the provider were passed over", **counts)
        if not published.keys:
            raise OidcRefusedError(Refused.BAD_ANSWER)
        return published

    def _header(self, token: str) -> dict[str, Any]:
        try:
            header: object = jws.extract_compact(
                token.encode("ascii"), registry=self._registry
            ).headers()
        except (JoseError, ValueError, TypeError, UnicodeError, RecursionError):
            raise OidcRefusedError(Refused.BAD_TOKEN) from None
        if not isinstance(header, dict):
            raise OidcRefusedError(Refused.BAD_TOKEN)
        return header


def checked(claims: Claims, *, issuer: str, audience: str, nonce: str, now: float) -> None:
    """Check the issuer, audience, nonce, time and subject claims.

    Raises:
        OidcRefusedError: one is invalid.
    """
    if claims.get("iss") != issuer:
        raise OidcRefusedError(Refused.WRONG_ISSUER, "iss")
    _check_audience(claims, audience)
    claimed = claims.get("nonce")
    if not isinstance(claimed, str) or not hmac.compare_digest(claimed.encode(), nonce.encode()):
        raise OidcRefusedError(Refused.WRONG_NONCE, "nonce")
    _check_times(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or HALF in subject:
        raise OidcRefusedError(Refused.BAD_TOKEN, "sub")


def _check_audience(claims: Claims, audience: str) -> None:
    claimed = claims.get("aud")
    audiences = claimed if isinstance(claimed, list) else [claimed]
    party = claims.get("azp")
    if audience not in audiences:
        raise OidcRefusedError(Refused.WRONG_AUDIENCE, "aud")
    if (party is not None and party != audience) or (len(audiences) > 1 and party is None):
        raise OidcRefusedError(Refused.WRONG_AUDIENCE, "azp")


def _check_times(claims: Claims, now: float) -> None:
    expires, issued = _required(claims, "exp"), _required(claims, "iat")
    if now - LEEWAY >= expires:
        raise OidcRefusedError(Refused.EXPIRED, "exp")
    if now - issued > _OLDEST:
        raise OidcRefusedError(Refused.EXPIRED, "iat")
    for name, at in (("iat", issued), ("nbf", _time(claims, "nbf") or 0.0)):
        if at > now + LEEWAY:
            raise OidcRefusedError(Refused.NOT_YET, name)


def _required(claims: Claims, name: str) -> float:
    time = _time(claims, name)
    if time is None:
        raise OidcRefusedError(Refused.BAD_TOKEN, name)
    return time


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # JSON integers are unbounded
        return None
