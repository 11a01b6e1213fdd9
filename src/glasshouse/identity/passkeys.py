"""Passkeys (WebAuthn level 3): the request to a browser, and the check of its response.

The authenticator must verify the user (a fingerprint, a PIN). A challenge is used once:
whoever stores it ensures that. The library does the computations; it is loaded with the
first passkey, since that takes a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from glasshouse.model.errors import InvalidError

CHALLENGE_BYTES = 32


class RelyingParty(NamedTuple):
    """The site that a passkey is for: its host, and the origin of its pages."""

    host: str
    origin: str


class NewKey(NamedTuple):
    """A passkey that was just created."""

    credential: bytes
    public_key: bytes
    sign_count: int


def ask_for_new(
    party: RelyingParty, actor: str, user_id: bytes, challenge: bytes, known: Sequence[bytes]
) -> str:
    """Return the JSON for ``navigator.credentials.create``; ``known`` keys are not offered."""
    from webauthn import generate_registration_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=party.host,
        rp_name="Glasshouse",
        user_id=user_id,
        user_name=actor,
        challenge=challenge,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key) for key in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return options_to_json(options)


def check_new(party: RelyingParty, challenge: bytes, answer: Mapping[str, Any]) -> NewKey:
    """Return the key in a response to ``ask_for_new``.

    Raises:
        InvalidError: it is not a valid response.
    """
    from webauthn import verify_registration_response  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        verified = verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _wrong() from error
    return NewKey(verified.credential_id, verified.credential_public_key, verified.sign_count)


def ask(party: RelyingParty, challenge: bytes, known: Sequence[bytes]) -> str:
    """Return the JSON for ``navigator.credentials.get``."""
    from webauthn import generate_authentication_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

    options = generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=key) for key in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def check(
    party: RelyingParty,
    challenge: bytes,
    answer: Mapping[str, Any],
    public_key: bytes,
    sign_count: int,
) -> int:
    """Return the new signature count, if a response to ``ask`` was made by this key.

    Raises:
        InvalidError: it was not, or a copy of the key made it.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        shown = verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _wrong() from error
    return shown.new_sign_count


def _wrong() -> InvalidError:
    return InvalidError(
        "The passkey was not accepted.", remedy="Try again, or use another second factor."
    )
