"""The viewer: the person behind a request, and what that person may see and do."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

import msgspec

from glasshouse.model import name_patterns
from glasshouse.model.access import Actor, Context, Decision, Outcome, Why
from glasshouse.model.operation import Operation, Target
from glasshouse.policy import reasons
from glasshouse.policy.rules import Rules, default_rules
from glasshouse.policy.visibility import Visibility
from glasshouse.web.request.person import Person


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """An actor who makes a request, under the current rules.

    ``can_sign_in`` means that this console knows people by name; ``lapsed`` that the browser's
    session has ended, whoever it belonged to.
    """

    rules: Rules
    actor: Actor
    context: Context = Context()
    person: Person | None = None
    can_sign_in: bool = False
    lapsed: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether there is a name that something vouches for."""
        return bool(self.actor.name)

    @property
    def who(self) -> Hashable:
        """What distinguishes one viewer from others: the name, or a stranger's address."""
        return self.actor.name or self.context.address

    @property
    def mark(self) -> str:
        """What distinguishes this person from others without the name; empty for strangers."""
        if not self.signed_in:
            return ""
        return hashlib.blake2b(self.actor.name.encode(), digest_size=8).hexdigest()

    @property
    def label(self) -> str:
        """The name as people know it, without its source."""
        return self.actor.name.partition(":")[2]

    def sees(self, server: str) -> Visibility:
        """Return what may be seen of a server."""
        return self.rules.visibility(self.actor, server, self.context)

    def may(self, operation: Operation, target: Target) -> Decision:
        """Return whether an operation may be done; a token may do what it was made for."""
        scope = None if self.person is None else self.person.scope
        if scope is not None and not name_patterns.within(scope, operation):
            return Decision(outcome=Outcome.DENY, why=Why.NOT_GRANTED, setting=reasons.TOKEN)
        return self.rules.decide(self.actor, operation, target, self.context)


def stranger() -> Viewer:
    """Return the viewer where there are no settings: one without a name."""
    rules = default_rules()
    return Viewer(rules=rules, actor=rules.stranger())


def nobody() -> Viewer:
    """Return a viewer who sees nothing."""
    return Viewer(rules=Rules(roles={}), actor=Actor())
