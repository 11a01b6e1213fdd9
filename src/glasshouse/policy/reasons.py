"""Why something may or may not be done, in words: one sentence for each rule.

The sentences are keys of the catalog: screens translate them, commands print them.
"""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.model.access import Decision, Outcome, Why

SENTENCES: Mapping[Why, str] = {
    Why.GRANTED: "Role {role} allows this.",
    Why.READ_ONLY: "This console is read-only.",
    Why.NO_ROLE: "You have no role.",
    Why.FORBIDDEN: "Role {role} forbids this.",
    Why.SAME_PERSON: "Another person has to approve it.",
    Why.NOT_GRANTED: "Not allowed for role {role}.",
    Why.OTHER_SERVER: "Role {role} does not apply to this server.",
    Why.OTHER_QUEUE: "Role {role} does not cover this queue.",
    Why.OTHER_NETWORK: "Only from these networks: {networks}.",
    Why.NO_FACTOR: "Needs a second factor verified in the last {age}.",
    Why.OLD_FACTOR: "Needs a second factor verified in the last {age}.",
    Why.ONE_PERSON: "Needs approval by a second person.",
}
EVERY_QUEUE = "Role {role} does not cover every queue."
STRANGER = "You are not signed in."
FLUSH, TOKEN, WATCHED = "flush", "token", "watched"
BEYOND: Mapping[str, str] = {
    FLUSH: "Flushing this server is turned off.",
    TOKEN: "This token does not allow it.",
    WATCHED: "This server is read-only here: operations work only on the embedded server.",
}
"""For a decision that no role made: what made it, as its ``setting``."""


def sentence(decision: Decision, *, every_queue: bool = False, signed_in: bool = True) -> str:
    """Return the sentence for a decision with unfilled placeholders: a key of the catalog.

    ``every_queue`` means that the operation would have touched every queue.
    """
    if decision.setting in BEYOND:
        return BEYOND[decision.setting]
    if decision.why is Why.OTHER_QUEUE and every_queue:
        return EVERY_QUEUE
    if decision.outcome is Outcome.DENY and not signed_in and decision.why is not Why.READ_ONLY:
        return STRANGER
    return SENTENCES[decision.why]


def facts(decision: Decision) -> dict[str, str]:
    """Return the values for the placeholders of a sentence."""
    return {
        "role": decision.role,
        "networks": ", ".join(decision.networks or ()),
        "age": "" if decision.factor_age is None else written_age(decision.factor_age),
    }


def written_age(seconds: float) -> str:
    """Return an age as settings write it: ``90s``, ``10m``, ``8h``, ``2d``."""
    whole = int(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
