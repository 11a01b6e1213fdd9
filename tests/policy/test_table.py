"""The whole decision table: two implementations, which share no code, answer alike.

What both could get wrong together stands with literal answers in `test_decide`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, product

import pytest

from glasshouse.model.access import Actor, Context, Decision, Why
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.decide import decide, may_approve
from glasshouse.policy.roles import resolve
from tests.policy import second
from tests.policy.tables import BUILT_IN, SETS, RoleSet

SOME = 5
"""How many disagreements are shown."""

NAME = "local:ann"
ASKERS = (Actor(name="local:ben", roles=("admin",)), Actor(name=NAME))

each_set = pytest.mark.parametrize("asked", SETS, ids=[roles.says for roles in SETS])


@each_set
def test_both_decide_alike(asked: RoleSet) -> None:
    roles, plain = resolve(asked.written), second.put_together(BUILT_IN, asked.written)
    wrong: list[str] = []
    for actor, operation, target, context in questions(asked):
        one = answer(decide(actor, operation, target, context, roles))
        other = second.decide(plain, actor, operation, target, context)
        if one != other:
            wrong.append(f"{one} but {other}: {actor} {operation} {target} {context}")
    assert not wrong, shown(wrong)


@each_set
def test_both_let_the_same_people_approve(asked: RoleSet) -> None:
    roles, plain = resolve(asked.written), second.put_together(BUILT_IN, asked.written)
    wrong: list[str] = []
    for actor, operation, target, context in questions(asked):
        for requester in ASKERS:
            one = answer(may_approve(actor, requester, operation, target, context, roles))
            other = second.may_approve(plain, actor, requester, operation, target, context)
            if one != other:
                wrong.append(
                    f"{one} but {other}: {actor} {requester} {operation} {target} {context}"
                )
    assert not wrong, shown(wrong)


def test_the_table_meets_every_rule() -> None:
    missing = set(Why)
    for asked in SETS:
        plain = second.put_together(BUILT_IN, asked.written)
        for actor, operation, target, context in questions(asked):
            one = second.decide(plain, actor, operation, target, context)
            other = second.may_approve(plain, actor, ASKERS[1], operation, target, context)
            missing -= {Why(one.why), Why(other.why)}
            if not missing:
                return
    pytest.fail(f"No question is answered by {missing}.")


def test_the_table_is_as_large_as_it_was_meant_to_be() -> None:
    assert len(Operation) == 14
    assert len(SETS) == 15
    assert 100_000 < sum(1 for _ in chain.from_iterable(map(questions, SETS))) < 200_000


def questions(asked: RoleSet) -> Iterator[tuple[Actor, Operation, Target, Context]]:
    """Yield all that is asked about one set of roles."""
    ages = (None, 0.0, asked.limit, math.nextafter(asked.limit, math.inf), -1.0)
    actors = [Actor(name=NAME, roles=roles) for roles in asked.people]
    targets = [
        Target(server=server, queue=queue) for server, queue in product(asked.servers, asked.queues)
    ]
    contexts = [
        Context(address=address, factor_age=age, approved=approved, read_only=read_only)
        for address, age, approved, read_only in product(
            asked.addresses, dict.fromkeys(ages), (False, True), (False, True)
        )
    ]
    return product(actors, Operation, targets, contexts)


def answer(decision: Decision) -> tuple[str, str, str, bool]:
    """Return what of a decision the second implementation gives too."""
    return decision.outcome, decision.why, decision.role, decision.needs_reason


def shown(wrong: list[str]) -> str:
    return "\n".join([f"{len(wrong)} disagreements", *wrong[:SOME]])
