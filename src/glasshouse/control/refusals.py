"""Why an operation was not done; nothing was changed by any of these."""

from __future__ import annotations

from glasshouse.model.access import Decision, Outcome
from glasshouse.model.errors import DeniedError, GlasshouseError, InvalidError, StoreError
from glasshouse.policy import reasons


class NotAllowedError(DeniedError):
    """The requester may not do this; ``decision`` gives the rule."""

    def __init__(self, detail: str, decision: Decision, *, remedy: str | None = None) -> None:
        """Store the decision."""
        super().__init__(detail, remedy=remedy)
        self.decision = decision


class FactorRequiredError(NotAllowedError):
    """A second factor is needed, more recent than the one shown."""

    code = "factor_required"
    remedy = "Verify your second factor at /step-up, or send the current code as Glasshouse-OTP."


class SecondPersonRequiredError(NotAllowedError):
    """A second person would have to confirm."""

    code = "second_person_required"
    remedy = (
        "Approval by a second person cannot be requested yet; a role without this rule can do it."
    )


class AuditUnavailableError(StoreError):
    """The record cannot be written, so nothing is done."""

    code = "audit_unavailable"


def unrecorded(error: StoreError) -> AuditUnavailableError:
    """Return the error that explains why nothing can be recorded now."""
    return AuditUnavailableError(
        f"It could not be recorded, so nothing was done. {error.detail}",
        remedy="Look at the console's database and its disk; viewing still works.",
    )


class PreviewNeededError(InvalidError):
    """This much may be done only after a preview."""

    code = "preview_needed"
    remedy = "Request a preview first, and send its id with the operation."


class PreviewStaleError(InvalidError):
    """The preview is not known, too old, or for something else."""

    code = "preview_stale"
    remedy = "Request a new preview."


class TooManyRefusalsError(GlasshouseError):
    """Someone was refused so often that refusals are no longer recorded individually."""

    code = "too_many"

    def __init__(self, seconds: float) -> None:
        """State in how many ``seconds`` it may be requested again."""
        self.seconds = max(1, round(seconds))
        super().__init__(
            "Too many refused operations.", remedy=f"Wait {self.seconds} seconds, then try again."
        )


_KINDS = {
    Outcome.DENY: NotAllowedError,
    Outcome.NEEDS_FACTOR: FactorRequiredError,
    Outcome.NEEDS_SECOND_PERSON: SecondPersonRequiredError,
}


def refusal(decision: Decision, *, signed_in: bool, queue: str | None) -> NotAllowedError:
    """Return the error for a decision that allows nothing."""
    sentence = reasons.sentence(decision, every_queue=queue is None, signed_in=signed_in)
    return _KINDS[decision.outcome](sentence.format(**reasons.facts(decision)), decision)
