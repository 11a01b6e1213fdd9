"""The decision: a pure, total function of actor, operation and circumstances.

The steps and their order are defined in docs/access.md, and are tested against a second
implementation written from that page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from glasshouse.model import name_patterns
from glasshouse.model.access import Actor, Context, Decision, IPAddress, Outcome, Why
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.roles import IPNetwork, Role


class _Step(NamedTuple):
    """One step of consulting a role: the decision if it stops there."""

    why: Why
    outcome: Outcome
    setting: str


STEPS: tuple[_Step, ...] = (
    _Step(Why.NOT_GRANTED, Outcome.DENY, "allow"),
    _Step(Why.OTHER_SERVER, Outcome.DENY, "servers"),
    _Step(Why.OTHER_QUEUE, Outcome.DENY, "queues"),
    _Step(Why.OTHER_NETWORK, Outcome.DENY, "networks"),
    _Step(Why.NO_FACTOR, Outcome.NEEDS_FACTOR, "factor_age"),
    _Step(Why.OLD_FACTOR, Outcome.NEEDS_FACTOR, "factor_age"),
    _Step(Why.ONE_PERSON, Outcome.NEEDS_SECOND_PERSON, "second_person"),
    _Step(Why.GRANTED, Outcome.ALLOW, "allow"),
)
"""In the order in which they are evaluated; the further a decision got, the more it counts."""
_RANKS = {step.why: number for number, step in enumerate(STEPS)}


def decide(
    actor: Actor,
    operation: Operation,
    target: Target,
    context: Context,
    roles: Mapping[str, Role],
) -> Decision:
    """Return whether ``actor`` may do ``operation`` to ``target`` now. Never raises.

    A role that is not in ``roles`` grants nothing.
    """
    held = [roles[name] for name in actor.roles if name in roles]
    return _stopped(operation, context, held) or _furthest(
        [_asked(role, role.allow, "allow", operation, target, context) for role in held]
    )


def may_approve(
    approver: Actor,
    requester: Actor,
    operation: Operation,
    target: Target,
    context: Context,
    roles: Mapping[str, Role],
) -> Decision:
    """Return whether ``approver`` may approve what ``requester`` wants to do. Never raises.

    ``context`` is the approver's.
    """
    held = [roles[name] for name in approver.roles if name in roles]
    if not context.read_only and held and approver.name == requester.name:
        return Decision(outcome=Outcome.DENY, why=Why.SAME_PERSON)
    agreed = Context(address=context.address, factor_age=context.factor_age, approved=True)
    return _stopped(operation, context, held) or _furthest(
        [_asked(role, role.approve, "approve", operation, target, agreed) for role in held]
    )


def in_networks(address: IPAddress | None, networks: Sequence[IPNetwork] | None) -> bool:
    """Return whether ``address`` is in one of ``networks``; ``None`` is anywhere."""
    if networks is None:
        return True
    if address is None:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in networks)


def _stopped(operation: Operation, context: Context, held: Sequence[Role]) -> Decision | None:
    """Return the decision made before any single role is consulted, if any."""
    if context.read_only:
        return Decision(outcome=Outcome.DENY, why=Why.READ_ONLY)
    if not held:
        return Decision(outcome=Outcome.DENY, why=Why.NO_ROLE)
    for role in held:
        if name_patterns.within(role.deny, operation):
            return Decision(outcome=Outcome.DENY, why=Why.FORBIDDEN, role=role.name, setting="deny")
    return None


def _asked(
    role: Role,
    granted: Sequence[str],
    setting: str,
    operation: Operation,
    target: Target,
    context: Context,
) -> Decision:
    age = context.factor_age
    stops: Mapping[Why, Callable[[], bool]] = {
        Why.NOT_GRANTED: lambda: not name_patterns.within(granted, operation),
        Why.OTHER_SERVER: lambda: not name_patterns.within(role.servers, target.server),
        Why.OTHER_QUEUE: lambda: not _queue(role, target.queue),
        Why.OTHER_NETWORK: lambda: not in_networks(context.address, role.networks),
        Why.NO_FACTOR: lambda: role.factor_age is not None and age is None,
        Why.OLD_FACTOR: lambda: not fresh(age, role.factor_age),
        Why.ONE_PERSON: lambda: (
            name_patterns.within(role.second_person, operation) and not context.approved
        ),
        Why.GRANTED: lambda: True,
    }
    step = next(step for step in STEPS if stops[step.why]())
    return Decision(
        outcome=step.outcome,
        why=step.why,
        role=role.name,
        setting=setting if step.setting == "allow" else step.setting,
        needs_reason=step.outcome is not Outcome.DENY
        and name_patterns.within(role.reason, operation),
        factor_age=role.factor_age,
        networks=None if role.networks is None else _written(tuple(role.networks)),
    )


@lru_cache(maxsize=256)
def _written(networks: tuple[IPNetwork, ...]) -> tuple[str, ...]:
    return tuple(map(str, networks))


def fresh(age: float | None, most: float | None) -> bool:
    """Return whether a second factor that was shown ``age`` seconds ago is new enough.

    Without ``most`` none is needed. A factor from the future is not new enough.
    """
    return most is None or (age is not None and 0 <= age <= most)


def _queue(role: Role, queue: str | None) -> bool:
    if queue is None:
        return name_patterns.ANY in role.queues
    return name_patterns.within(role.queues, queue)


def _furthest(answers: Sequence[Decision]) -> Decision:
    # `max` returns the first of several that got equally far.
    return max(answers, key=lambda answer: _RANKS[answer.why])
