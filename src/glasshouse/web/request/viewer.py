"""Who looks: the person behind a request, and what may be seen and done by that person."""

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
    """Somebody who asks for something, under the rules of this moment.

    ``can_sign_in`` says whether this console knows anybody by name; ``lapsed`` that the
    browser's session, whosever it was, has ended.
    """

    rules: Rules
    actor: Actor
    context: Context = Context()
    person: Person | None = None
    can_sign_in: bool = False
    lapsed: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether somebody vouches for a name."""
        return bool(self.actor.name)

    @property
    def who(self) -> Hashable:
        """What tells one who looks from others: the name, or where a stranger is."""
        return self.actor.name or self.context.address

    @property
    def mark(self) -> str:
        """What tells this person from others without the name; empty for strangers."""
        if not self.signed_in:
            return ""
        return hashlib.blake2b(self.actor.name.encode(), digest_size=8).hexdigest()

    @property
    def label(self) -> str:
        """The name as a person knows it: without who vouches for it."""
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
    """Return who looks where there are no settings: a viewer without a name."""
    rules = default_rules()
    return Viewer(rules=rules, actor=rules.stranger())


def nobody() -> Viewer:
    """Return who sees nothing."""
    return Viewer(rules=Rules(roles={}), actor=Actor())
