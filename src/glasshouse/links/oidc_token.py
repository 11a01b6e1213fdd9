"""The ID token of a provider: its signature, and each claim (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import KeySet

from glasshouse.links.oidc_http import Asking
from glasshouse.links.oidc_refusals import OidcRefusedError, Refused

Claims = dict[str, Any]
LEEWAY = 60.0
"""Seconds by which the clocks may differ."""
_OLDEST = 3600.0
_AGAIN = 30.0
"""Seconds before keys are fetched again because one is not known."""


class Keys:
    """The public keys of a provider, fetched when one is needed that is not known."""

    def __init__(self, asking: Asking, algorithms: tuple[str, ...]) -> None:
        """Take signatures made by ``algorithms`` alone."""
        self._asking = asking
        self._algorithms = list(algorithms)
        self._set: KeySet | None = None
        self._fetched_at = float("-inf")

    async def claims(self, token: str, now: float) -> Claims:
        """Return the claims of a token that was signed by the provider.

        Raises:
            OidcRefusedError: it was not, or is no token.
        """
        header = _header(token)
        if header.get("alg") not in self._algorithms:
            raise OidcRefusedError(Refused.WRONG_ALGORITHM)
        keys = await self._known(header.get("kid"), now)
        try:
            signed = jws.deserialize_compact(token, keys, algorithms=self._algorithms)
            told: Claims = msgspec.json.decode(signed.payload, type=dict[str, Any])
        except BadSignatureError:
            raise OidcRefusedError(Refused.BAD_SIGNATURE) from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise OidcRefusedError(Refused.BAD_SIGNATURE) from None
        except (msgspec.MsgspecError, RecursionError):
            raise OidcRefusedError(Refused.BAD_TOKEN) from None
        return told

    async def _known(self, kid: object, now: float) -> KeySet:
        known = self._set
        has = known is not None and (kid is None or kid in {key.kid for key in known.keys})
        if known is None or (not has and now - self._fetched_at >= _AGAIN):
            try:
                known = self._set = KeySet.import_key_set(await self._asking.keys())  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError):
                raise OidcRefusedError(Refused.BAD_ANSWER) from None
            self._fetched_at = now
        return known


def checked(claims: Claims, *, issuer: str, audience: str, nonce: str, now: float) -> None:
    """Check every claim that says who, for whom and when.

    Raises:
        OidcRefusedError: one is not right.
    """
    if claims.get("iss") != issuer:
        raise OidcRefusedError(Refused.WRONG_ISSUER, "iss")
    _check_audience(claims, audience)
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise OidcRefusedError(Refused.WRONG_NONCE, "nonce")
    _check_times(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip():
        raise OidcRefusedError(Refused.BAD_TOKEN, "sub")


def _check_audience(claims: Claims, audience: str) -> None:
    told = claims.get("aud")
    audiences = told if isinstance(told, list) else [told]
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
    found = _time(claims, name)
    if found is None:
        raise OidcRefusedError(Refused.BAD_TOKEN, name)
    return found


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # JSON's whole numbers have no bounds
        return None


def _header(token: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, UnicodeError, RecursionError):
        raise OidcRefusedError(Refused.BAD_TOKEN) from None
    return told
