"""Who requests an operation, as the control sees them."""

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
    """A person or program at this moment; ``globs`` are the queues that its roles cover.

    ``guarded`` is what is hidden from any role at all: a record contains none of it.
    """

    who: Subject
    visibility: Visibility
    decide: Callable[[Operation, Target], Decision]
    globs: tuple[str, ...] = ()
    guarded: tuple[Redaction, ...] = ()

    def worst(self, operation: Operation, server: str, queues: tuple[str | None, ...]) -> Decision:
        """Return the decision for all of these queues together: the least favorable one."""
        decisions = [self.decide(operation, Target(server=server, queue=queue)) for queue in queues]
        return min(decisions, key=lambda decision: _ORDER.index(decision.outcome))

    def best(self, operation: Operation, server: str) -> Decision:
        """Return the decision where it is most likely to be allowed.

        A role that covers some queues may do it there, unless it concerns the whole server: the
        first of its globs stands for them.
        """
        some = () if operation in SERVER_WIDE else self.globs
        decisions = [
            self.decide(operation, Target(server=server, queue=queue))
            for queue in dict.fromkeys((None, *some))
        ]
        return max(decisions, key=lambda decision: _ORDER.index(decision.outcome))
