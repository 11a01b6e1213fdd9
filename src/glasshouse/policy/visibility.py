"""What an actor may see of one server: which queues, what else, and what is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from glasshouse.model import name_patterns
from glasshouse.model.access import Actor, Context
from glasshouse.model.redaction import Redaction
from glasshouse.policy.decide import fresh, in_networks
from glasshouse.policy.roles import Role


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """What may be seen of a server.

    ``queues`` are globs; without any, nothing of the server is visible at all. ``payload``
    is the right to reveal what ``hidden`` hides, which stays hidden until then.
    """

    queues: tuple[str, ...] = ()
    hidden: tuple[Redaction, ...] = ()
    audit: bool = False
    trash: bool = False
    payload: bool = False

    @property
    def everything(self) -> bool:
        """Whether every queue may be seen."""
        return name_patterns.ANY in self.queues

    def shows(self, queue: str) -> bool:
        """Return whether jobs of this queue may be seen."""
        return name_patterns.within(self.queues, queue)


NOTHING = Visibility()


def visibility(
    actor: Actor, server: str, context: Context, roles: Mapping[str, Role]
) -> Visibility:
    """Return what ``actor`` may see of ``server`` now. Never raises."""
    held = [roles[name] for name in actor.roles if name in roles]
    here = [role for role in held if name_patterns.within(role.servers, server)]
    near = [role for role in here if in_networks(context.address, role.networks)]
    proven = [role for role in near if fresh(context.factor_age, role.factor_age)]
    return Visibility(
        queues=tuple(dict.fromkeys(pattern for role in here for pattern in role.shows)),
        hidden=_hidden(held),
        audit=any("audit" in role.visibilities for role in near),
        trash=any("trash" in role.visibilities for role in near),
        payload=any("payload" in role.visibilities for role in proven),
    )


def hidden_from(actor: Actor, roles: Mapping[str, Role]) -> tuple[Redaction, ...]:
    """Return what is hidden from ``actor`` on any server. Never raises."""
    return _hidden([roles[name] for name in actor.roles if name in roles])


def _hidden(held: Sequence[Role]) -> tuple[Redaction, ...]:
    return tuple(dict.fromkeys(rule for role in held for rule in role.redact))
