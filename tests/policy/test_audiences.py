"""The audiences of a server: whoever has one role or two sees what one of them sees."""

from __future__ import annotations

from itertools import combinations

from glasshouse.model.access import Actor, Context
from glasshouse.model.audience import EVERYTHING, audience
from glasshouse.policy import audiences as module
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules, default_rules

ROLES = {
    "mail": RoleTable(see=("queues:mail*",), redact=("args.**.card",)),
    "all": RoleTable(see=("queues:*",)),
    "elsewhere": RoleTable(see=("queues:*",), servers=("other",), redact=("custom.**.x",)),
}


def seen(rules: Rules, *roles: str) -> object:
    visibility = rules.visibility(Actor(roles=roles), "main", Context())
    return audience(visibility.hidden, None if visibility.everything else visibility.queues)


def test_without_settings_there_is_one() -> None:
    rules = default_rules()
    assert rules.audiences("main") == (seen(rules, "viewer"),)
    assert rules.audiences("main") != (EVERYTHING,)


def test_whoever_has_one_role_or_two_is_among_them_with_what_everybody_has() -> None:
    for anonymous in (None, "viewer", "mail"):
        rules = Rules(roles=resolve(ROLES), anonymous=anonymous)
        told = rules.audiences("main")
        everybody = () if anonymous is None else (anonymous,)
        for count in (1, 2):
            for roles in combinations(rules.roles, count):
                if rules.visibility(Actor(roles=(*roles, *everybody)), "main", Context()).queues:
                    assert seen(rules, *roles, *everybody) in told[: module.MOST] or (
                        len(told) == module.MOST
                    )
        assert len(set(told)) == len(told) <= module.MOST


def test_who_sees_nothing_of_a_server_is_no_audience_of_it() -> None:
    only = {"elsewhere": ROLES["elsewhere"]}
    rules = Rules(roles=resolve(only), anonymous=None)
    assert all(one.shown != () for one in rules.audiences("main"))
    assert seen(rules, "elsewhere") not in rules.audiences("main")


def test_those_of_one_role_come_before_those_of_two() -> None:
    many = {
        f"team{n:02}": RoleTable(see=(f"queues:team{n:02}",), redact=("args.**.card",))
        for n in range(20)
    }
    rules = Rules(roles=resolve(many), anonymous=None)
    told = rules.audiences("main")
    assert len(told) == module.MOST
    assert all(one.shown is None or len(one.shown) == 1 for one in told)
