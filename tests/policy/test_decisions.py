"""The decision table against a second implementation; and each rule by itself."""

from __future__ import annotations

import ipaddress
import itertools

import pytest

from glasshouse.model.access import Actor, Context, Outcome, Why
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.decide import STEPS, decide, may_approve
from glasshouse.policy.roles import BUILT_IN, RoleTable, resolve
from tests.policy import spelt

FAR = ("2001:db8::/32", "198.51.100.7")
TABLES: dict[str, RoleTable] = {
    **BUILT_IN,
    "pauser": RoleTable(allow=("queue.pause", "queue.resume"), factor_age="none"),
    "mailer": RoleTable(inherits="pauser", allow=("job.*",), queues=("mail*", "*x*")),
    "narrow": RoleTable(inherits="operator", networks=FAR, servers=("m*n",)),
    "nowhere": RoleTable(allow=("*",), networks=(), factor_age="none"),
    "noqueue": RoleTable(allow=("*",), queues=(), factor_age="none"),
    "noserver": RoleTable(allow=("*",), servers=(), factor_age="none"),
    "denier": RoleTable(inherits="admin", deny=("queue.clear", "server.*")),
    "child": RoleTable(inherits="denier", allow=("queue.clear",), factor_age="90s"),
    "pair": RoleTable(allow=("queue.clear", "job.retry"), second_person=("*",), factor_age="none"),
    "agrees": RoleTable(approve=("queue.*",), queues=("mail", "*"), servers=("main",)),
    "old": RoleTable(allow=("*",), factor_age="1d", networks=("0.0.0.0/0", "::/0")),
    "empty": RoleTable(),
}  # fmt: skip
ROLES = resolve({name: table for name, table in TABLES.items() if name not in BUILT_IN})
HOLDINGS = [
    *((name,) for name in TABLES),
    *[(), ("nobody",), ("viewer", "operator"), ("operator", "denier"), ("pair", "pauser")],
    *[("mailer", "nowhere"), ("agrees", "old"), ("narrow", "pair", "noqueue")],
]
QUEUES = (None, "mail", "mailers", "fax")
SERVERS = ("main", "other")
ADDRESSES = (
    None,
    *map(
        ipaddress.ip_address,
        ("127.0.0.1", "::1", "::ffff:10.20.3.4", "10.21.0.1", "2001:db8::5", "198.51.100.7"),
    ),
)
AGES = (None, 0.0, 90.0, 90.5, 600.0, 600.001, -1.0)


@pytest.mark.parametrize("held", HOLDINGS, ids="+".join)
def test_both_implementations_answer_every_question_alike(held: tuple[str, ...]) -> None:
    actor, other = Actor(name="local:a", roles=held), Actor(name="local:b")
    places = itertools.product(SERVERS, QUEUES, ADDRESSES, AGES, (False, True))
    for server, queue, address, age, approved in places:
        target = Target(server=server, queue=queue)
        context = Context(address=address, factor_age=age, approved=approved)
        for operation in Operation:
            asked = spelt.Asked(held, operation, server, queue, address, age, approved, False)
            made = decide(actor, operation, target, context, ROLES)
            assert (made.outcome, made.why, made.role) == spelt.decide(asked, TABLES), asked
            agreed = may_approve(actor, other, operation, target, context, ROLES)
            assert (agreed.outcome, agreed.why, agreed.role) == spelt.approve(
                asked, False, TABLES
            ), asked


@pytest.mark.parametrize("held", HOLDINGS, ids="+".join)
def test_they_agree_on_what_only_shows_and_on_approving_oneself(held: tuple[str, ...]) -> None:
    actor = Actor(name="local:a", roles=held)
    for operation, read_only, same in itertools.product(Operation, (False, True), (False, True)):
        target, address = Target(server="main", queue="mail"), ADDRESSES[1]
        context = Context(address=address, factor_age=1.0, read_only=read_only)
        asked = spelt.Asked(held, operation, "main", "mail", address, 1.0, False, read_only)
        made = decide(actor, operation, target, context, ROLES)
        assert (made.outcome, made.why, made.role) == spelt.decide(asked, TABLES)
        asker = Actor(name="local:a" if same else "local:b")
        agreed = may_approve(actor, asker, operation, target, context, ROLES)
        assert (agreed.outcome, agreed.why, agreed.role) == spelt.approve(asked, same, TABLES)


def asked(
    table: RoleTable,
    operation: str = "job.retry",
    queue: str | None = "mail",
    address: str | None = "10.0.0.1",
    age: float | None = 5.0,
    **more: bool,
) -> tuple[str, str]:
    """Return outcome and rule for somebody with a role that is written so."""
    roles = resolve({"tested": table})
    where = None if address is None else ipaddress.ip_address(address)
    made = decide(
        Actor(name="local:a", roles=("tested",)),
        Operation(operation),
        Target(server="main", queue=queue),
        Context(address=where, factor_age=age, **more),
        roles,
    )
    return made.outcome.value, made.why.value


ALL = RoleTable(allow=("*",))


def test_1_a_console_that_only_shows_allows_nothing() -> None:
    assert asked(ALL, read_only=True) == ("deny", "read_only")


def test_2_who_has_no_role_may_do_nothing() -> None:
    for roles in ((), ("gone",)):
        made = decide(
            Actor(name="local:a", roles=roles),
            Operation.JOB_RETRY,
            Target(server="main"),
            Context(),
            resolve({}),
        )
        assert (made.outcome, made.why) == (Outcome.DENY, Why.NO_ROLE)


def test_3_what_one_role_forbids_no_other_allows() -> None:
    roles = resolve({"may": ALL, "not": RoleTable(deny=("job.*",), servers=("elsewhere",))})
    made = decide(
        Actor(name="local:a", roles=("may", "not")),
        Operation.JOB_KILL,
        Target(server="main", queue="mail"),
        Context(factor_age=0.0),
        roles,
    )
    assert (made.outcome, made.why, made.role) == (Outcome.DENY, Why.FORBIDDEN, "not")
    assert made.setting == "deny"


def test_4_1_what_is_not_granted_is_denied() -> None:
    assert asked(RoleTable(allow=("job.kill", "queue.*"))) == ("deny", "not_granted")


def test_4_2_a_role_counts_on_its_servers() -> None:
    assert asked(RoleTable(allow=("*",), servers=("mai",))) == ("deny", "other_server")
    assert asked(RoleTable(allow=("*",), servers=("ma*",))) == ("allow", "granted")


def test_4_3_what_names_no_queue_needs_them_all() -> None:
    some = RoleTable(allow=("*",), queues=("mail*",))
    assert asked(some, queue="mailers") == ("allow", "granted")
    assert asked(some, queue="fax") == ("deny", "other_queue")
    assert asked(some, queue=None) == ("deny", "other_queue")
    assert asked(RoleTable(allow=("*",), queues=("**",)), queue=None) == ("deny", "other_queue")
    assert asked(RoleTable(allow=("*",), queues=("*",)), queue=None) == ("allow", "granted")


def test_4_4_a_role_counts_in_its_networks() -> None:
    near = RoleTable(allow=("*",), networks=("10.0.0.0/8",))
    assert asked(near) == ("allow", "granted")
    assert asked(near, address="::ffff:10.1.2.3") == ("allow", "granted")
    assert asked(near, address="11.0.0.1") == ("deny", "other_network")
    assert asked(near, address="::a00:1") == ("deny", "other_network")
    assert asked(near, address=None) == ("deny", "other_network")
    assert asked(ALL, address=None) == ("allow", "granted")


def test_4_5_and_4_6_a_second_factor_is_needed_and_grows_old() -> None:
    assert asked(ALL, age=None) == ("needs_factor", "no_factor")
    assert asked(ALL, age=600.0) == ("allow", "granted")
    assert asked(ALL, age=600.1) == ("needs_factor", "old_factor")
    assert asked(ALL, age=-0.1) == ("needs_factor", "old_factor")
    assert asked(RoleTable(allow=("*",), factor_age="none"), age=None) == ("allow", "granted")


def test_4_7_a_second_person_is_needed_until_one_has_agreed() -> None:
    pair = RoleTable(allow=("*",), second_person=("job.*",))
    assert asked(pair) == ("needs_second_person", "one_person")
    assert asked(pair, approved=True) == ("allow", "granted")
    assert asked(pair, "queue.pause") == ("allow", "granted")


def test_5_the_answer_that_came_furthest_counts() -> None:
    roles = resolve({
        "far": RoleTable(allow=("*",), networks=()),
        "old": RoleTable(allow=("*",)),
        "pair": RoleTable(allow=("*",), factor_age="none", second_person=("*",)),
    })  # fmt: skip
    for held, role in ((("far", "old"), "old"), (("pair", "old", "far"), "pair")):
        made = decide(
            Actor(name="local:a", roles=held),
            Operation.JOB_RETRY,
            Target(server="main"),
            Context(),
            roles,
        )
        assert made.role == role


def test_a_decision_says_what_decided_and_what_else_is_needed() -> None:
    table = RoleTable(
        allow=("*",), reason=("job.kill",), networks=("10.0.0.0/8",), second_person=("job.push",)
    )
    roles = resolve({"tested": table})

    def made(operation: Operation, age: float | None = 1.0, address: str = "10.0.0.1") -> object:
        found = decide(
            Actor(name="local:a", roles=("tested",)),
            operation,
            Target(server="main", queue="q"),
            Context(address=ipaddress.ip_address(address), factor_age=age),
            roles,
        )
        return found.setting, found.needs_reason, found.factor_age, found.networks

    near = ("10.0.0.0/8",)
    assert made(Operation.JOB_KILL) == ("allow", True, 600.0, near)
    assert made(Operation.JOB_RETRY) == ("allow", False, 600.0, near)
    assert made(Operation.JOB_KILL, None) == ("factor_age", True, 600.0, near)
    assert made(Operation.JOB_KILL, 1.0, "9.9.9.9") == ("networks", False, 600.0, near)
    assert made(Operation.JOB_PUSH) == ("second_person", False, 600.0, near)


def test_the_steps_stand_in_the_order_of_the_documentation() -> None:
    assert [(step.why.value, step.outcome.value, step.setting) for step in STEPS] == [
        ("not_granted", "deny", "allow"),
        ("other_server", "deny", "servers"),
        ("other_queue", "deny", "queues"),
        ("other_network", "deny", "networks"),
        ("no_factor", "needs_factor", "factor_age"),
        ("old_factor", "needs_factor", "factor_age"),
        ("one_person", "needs_second_person", "second_person"),
        ("granted", "allow", "allow"),
    ]


def test_approving_asks_for_the_right_to_approve() -> None:
    roles = resolve({"tested": RoleTable(approve=("queue.*",), second_person=("*",))})
    approver, asker = Actor(name="local:b", roles=("tested",)), Actor(name="local:a")
    target = Target(server="main")

    def made(
        operation: Operation, approver: Actor, age: float | None = 1.0
    ) -> tuple[str, str, str]:
        found = may_approve(approver, asker, operation, target, Context(factor_age=age), roles)
        return found.outcome.value, found.why.value, found.setting

    assert made(Operation.QUEUE_CLEAR, approver) == ("allow", "granted", "approve")
    assert made(Operation.SET_CLEAR, approver) == ("deny", "not_granted", "approve")
    assert made(Operation.QUEUE_CLEAR, approver, None)[:2] == ("needs_factor", "no_factor")
    same = Actor(name="local:a", roles=("tested",))
    assert made(Operation.QUEUE_CLEAR, same)[:2] == ("deny", "same_person")
    assert made(Operation.QUEUE_CLEAR, Actor(name="local:a"))[:2] == ("deny", "no_role")
