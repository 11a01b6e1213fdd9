"""Why a request was not admitted; each is one answer, whatever the underlying reason."""

from __future__ import annotations

from glasshouse.model.errors import GlasshouseError
from glasshouse.model.messages import message


class SignInNeededError(GlasshouseError):
    """No one is signed in, and strangers may not see this."""

    code = "sign_in_required"
    remedy = "Sign in, or send a token."


class WrongCredentialsError(GlasshouseError):
    """The name, the password, the code or the token is wrong: which one is not revealed."""

    code = "sign_in_refused"
    remedy = "Check the name and the password, and try again."


class FactorNeededError(GlasshouseError):
    """A second factor is needed, or was wrong."""

    code = "factor_required"
    remedy = "Send the current code as Glasshouse-OTP, or sign in with a second factor."


class TooManyError(GlasshouseError):
    """It was tried too often."""

    code = "too_many"

    def __init__(self, seconds: float) -> None:
        """State in how many ``seconds`` it may be tried again."""
        self.seconds = max(1, round(seconds))
        super().__init__(
            message("Too many attempts."), remedy=f"Wait {self.seconds} seconds, then try again."
        )
