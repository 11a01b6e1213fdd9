"""All rules of a console: roles, who has them, and what applies to anonymous viewers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from glasshouse.model.access import Actor, Context, Decision, Outcome, Why
from glasshouse.model.audience import Audience
from glasshouse.model.errors import SettingsError
from glasshouse.model.operation import Operation, Target
from glasshouse.model.redaction import Redaction
from glasshouse.policy import reasons
from glasshouse.policy.audiences import audiences
from glasshouse.policy.decide import decide
from glasshouse.policy.roles import Role, resolve
from glasshouse.policy.visibility import Visibility, hidden_from, visibility

SOURCES = frozenset({"local", "htpasswd", "oidc", "oidc-group", "proxy", "proxy-group"})
"""The sources that can vouch for a name: a name from one source means nothing in another."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Roles by name, the role of each member by qualified name, and the anonymous role.

    ``anonymous`` is ``None`` if nobody sees anything without signing in. ``flushable`` are
    the servers for which ``server.flush`` is not switched off, ``watched`` those that can only
    be viewed.
    """

    roles: Mapping[str, Role]
    members: Mapping[str, str] = {}
    anonymous: str | None = None
    read_only: bool = False
    flushable: frozenset[str] = frozenset()
    watched: frozenset[str] = frozenset()

    def stranger(self) -> Actor:
        """Return the actor that is not signed in."""
        return Actor(roles=() if self.anonymous is None else (self.anonymous,))

    def person(self, name: str, groups: Iterable[str] = (), own: str | None = None) -> Actor:
        """Return the actor signed in as ``name``, with the roles of that name and of ``groups``.

        Both are qualified; ``own`` is the role that an account was given. A person who
        signed in sees no less than an anonymous viewer.
        """
        held = [own, *(self.members.get(key) for key in (name, *groups)), self.anonymous]
        return Actor(name=name, roles=tuple(dict.fromkeys(role for role in held if role)))

    def guarded(self) -> tuple[Redaction, ...]:
        """Return everything that is hidden from at least one role."""
        rules = (rule for role in self.roles.values() for rule in role.redact)
        return tuple(dict.fromkeys(rules))

    def hidden_from(self, actor: Actor) -> tuple[Redaction, ...]:
        """Return what is hidden from ``actor`` on any server."""
        return hidden_from(actor, self.roles)

    def visibility(self, actor: Actor, server: str, context: Context) -> Visibility:
        """Return what ``actor`` may see of ``server`` now."""
        return visibility(actor, server, context, self.roles)

    def audiences(self, server: str) -> tuple[Audience, ...]:
        """Return the most common audiences of ``server``."""
        return audiences(self.roles, self.anonymous, server)

    def decide(
        self, actor: Actor, operation: Operation, target: Target, context: Context
    ) -> Decision:
        """Return whether ``actor`` may do this now."""
        beyond = self.beyond(operation, target.server)
        return self.by_role(actor, operation, target, context) if beyond is None else beyond

    def beyond(self, operation: Operation, server: str) -> Decision | None:
        """Return why nobody may do an operation on a server, regardless of roles."""
        if self.read_only:
            return None
        if server in self.watched:
            return ONLY_WATCHED
        off = operation is Operation.SERVER_FLUSH and server not in self.flushable
        return FLUSH_IS_OFF if off else None

    def by_role(
        self, actor: Actor, operation: Operation, target: Target, context: Context
    ) -> Decision:
        """Return the decision of the roles, as if nothing were switched off."""
        if self.read_only:
            context = msgspec.structs.replace(context, read_only=True)
        return decide(actor, operation, target, context, self.roles)


FLUSH_IS_OFF = Decision(outcome=Outcome.DENY, why=Why.FORBIDDEN, setting=reasons.FLUSH)
ONLY_WATCHED = Decision(outcome=Outcome.DENY, why=Why.FORBIDDEN, setting=reasons.WATCHED)


def check(rules: Rules) -> Rules:
    """Return ``rules`` if every role that they name exists.

    Raises:
        SettingsError: one does not, or a member's name does not state who vouches for it.
    """
    known = ", ".join(sorted(rules.roles))
    if rules.anonymous is not None and rules.anonymous not in rules.roles:
        raise SettingsError(
            f"anonymous is {rules.anonymous[:80]!r}, which is no role.",
            remedy=f'Write one of {known}, or "none".',
        )
    for member, role in rules.members.items():
        source, colon, name = member.partition(":")
        if not colon or not name or source not in SOURCES:
            raise SettingsError(
                f"Member {member[:80]!r} does not say who vouches for the name.",
                remedy='Write it like "local:ops", "htpasswd:ops" or "oidc-group:platform"; '
                f"the sources are {', '.join(sorted(SOURCES))}.",
            )
        if role not in rules.roles:
            raise SettingsError(
                f"Member {member[:80]!r} has the role {role[:80]!r}, which is none.",
                remedy=f"Write one of {known}.",
            )
    return rules


def default_rules() -> Rules:
    """Return the rules without settings: everyone is a viewer, and nobody anything else."""
    return Rules(roles=resolve({}), anonymous="viewer")
