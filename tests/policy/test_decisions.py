"""Each rule of the decision by itself, and what a decision tells beside its outcome."""

from __future__ import annotations

import ipaddress

from glasshouse.model.access import Actor, Context, Outcome, Why
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.decide import STEPS, decide, may_approve
from glasshouse.policy.roles import RoleTable, resolve


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
    approver, requester = Actor(name="local:b", roles=("tested",)), Actor(name="local:a")
    target = Target(server="main")

    def made(
        operation: Operation, approver: Actor, age: float | None = 1.0
    ) -> tuple[str, str, str]:
        found = may_approve(approver, requester, operation, target, Context(factor_age=age), roles)
        return found.outcome.value, found.why.value, found.setting

    assert made(Operation.QUEUE_CLEAR, approver) == ("allow", "granted", "approve")
    assert made(Operation.SET_CLEAR, approver) == ("deny", "not_granted", "approve")
    assert made(Operation.QUEUE_CLEAR, approver, None)[:2] == ("needs_factor", "no_factor")
    same = Actor(name="local:a", roles=("tested",))
    assert made(Operation.QUEUE_CLEAR, same)[:2] == ("deny", "same_person")
    assert made(Operation.QUEUE_CLEAR, Actor(name="local:a"))[:2] == ("deny", "no_role")
