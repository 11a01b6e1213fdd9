"""Who looks: the person behind a request, and what may be seen and done by that person."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from glasshouse.model.access import Actor, Context, Decision
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.rules import Rules, default_rules
from glasshouse.policy.sight import Sight


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks for something, under the rules of this moment."""

    rules: Rules
    actor: Actor
    context: Context = Context()

    @property
    def signed_in(self) -> bool:
        """Whether somebody vouches for a name."""
        return bool(self.actor.name)

    @property
    def label(self) -> str:
        """The name as a person knows it: without who vouches for it."""
        return self.actor.name.partition(":")[2]

    def sees(self, server: str) -> Sight:
        """Return what may be seen of a server."""
        return self.rules.sight(self.actor, server, self.context)

    def may(self, operation: Operation, target: Target) -> Decision:
        """Return whether an operation may be done."""
        return self.rules.decide(self.actor, operation, target, self.context)

    def audience(self, servers: Sequence[str]) -> Hashable:
        """Return what tells apart those who are shown different things of ``servers``."""
        return tuple(self.sees(server) for server in servers)


def stranger() -> Viewer:
    """Return who looks where there are no settings: a viewer without a name."""
    rules = default_rules()
    return Viewer(rules=rules, actor=rules.stranger())


def nobody() -> Viewer:
    """Return who sees nothing."""
    return Viewer(rules=Rules(roles={}), actor=Actor())
