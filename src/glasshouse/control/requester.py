"""Who asks for an operation, as the control knows somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glasshouse.ledger.record import Subject
from glasshouse.model.access import Decision, Outcome
from glasshouse.model.operation import SERVER_WIDE, Operation, Target
from glasshouse.model.redaction import Redaction
from glasshouse.policy.visibility import Visibility

_ORDER = (Outcome.DENY, Outcome.NEEDS_FACTOR, Outcome.NEEDS_SECOND_PERSON, Outcome.ALLOW)


@dataclass(frozen=True, kw_only=True)
class Requester:
    """Somebody in this moment; ``globs`` are the queues that the person's roles cover.

    ``guarded`` is what is hidden from any role at all: a record has nothing of it.
    """

    who: Subject
    visibility: Visibility
    decide: Callable[[Operation, Target], Decision]
    globs: tuple[str, ...] = ()
    guarded: tuple[Redaction, ...] = ()

    def worst(self, operation: Operation, server: str, queues: tuple[str | None, ...]) -> Decision:
        """Return what is decided about all of these queues together: the least favourable."""
        decisions = [self.decide(operation, Target(server=server, queue=queue)) for queue in queues]
        return min(decisions, key=lambda decision: _ORDER.index(decision.outcome))

    def best(self, operation: Operation, server: str) -> Decision:
        """Return what is decided where it is most likely to be allowed.

        A role that covers some queues may do it there, unless it concerns all of the server:
        the first of its globs stands for them.
        """
        some = () if operation in SERVER_WIDE else self.globs
        decisions = [
            self.decide(operation, Target(server=server, queue=queue))
            for queue in dict.fromkeys((None, *some))
        ]
        return max(decisions, key=lambda decision: _ORDER.index(decision.outcome))
