"""Why a sign-in at an identity provider was refused: a word for the log, a sentence for people."""

from __future__ import annotations

import enum

from glasshouse.model.errors import GlasshouseError
from glasshouse.model.messages import message


class Refused(enum.StrEnum):
    """The reason, for the log."""

    UNREACHABLE = "unreachable"
    BAD_ANSWER = "bad_answer"
    WRONG_STATE = "wrong_state"
    WRONG_ISSUER = "wrong_issuer"
    DENIED = "denied"
    PROVIDER_ERROR = "provider_error"
    CODE_REFUSED = "code_refused"
    BAD_TOKEN = "bad_token"  # noqa: S105 - a reason
    WRONG_ALGORITHM = "wrong_algorithm"
    BAD_SIGNATURE = "bad_signature"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_NONCE = "wrong_nonce"
    OTHER_PERSON = "other_person"
    EXPIRED = "expired"
    NOT_YET = "not_yet"


_AGAIN = message("Sign in again; if this persists, contact whoever runs this console.")
_SENTENCES = {
    Refused.UNREACHABLE: (
        message("The identity provider cannot be reached."),
        message("Try again in a moment."),
    ),
    Refused.DENIED: (
        message("The identity provider denied you access."),
        message("Sign in there with another account."),
    ),
    Refused.CODE_REFUSED: (
        message(
            "The identity provider rejected this sign-in: it was already used or took too long."
        ),
        message("Start again at the sign-in page."),
    ),
    Refused.WRONG_STATE: (
        message("This sign-in was not started in this browser, or took too long."),
        message("Start again at the sign-in page."),
    ),
    Refused.EXPIRED: (
        message("The identity provider's answer is too old."),
        message("Check the clocks of both machines, and sign in again."),
    ),
}


class OidcRefusedError(GlasshouseError):
    """The sign-in was refused. The message contains nothing of what was sent."""

    code = "sign_in_refused"

    def __init__(self, why: Refused, claim: str = "") -> None:
        """Store ``why``, and the claim that caused it, if any: its name, never its value."""
        detail, remedy = _SENTENCES.get(
            why,
            (
                message("The identity provider's answer was invalid and was rejected."),
                _AGAIN,
            ),
        )
        super().__init__(detail, remedy=remedy)
        self.why = why
        self.claim = claim
