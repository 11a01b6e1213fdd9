"""The numbered rules of docs/access.md, each with an example and its literal answer.

Everywhere in this module ``control`` is a role that may do ``job.kill`` on queue ``mail`` of
server ``main``, from 10.0.0.0/8, with a second factor not older than 90 seconds.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping

import msgspec
import pytest

from glasshouse.model.access import Actor, Context, Decision
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.decide import decide, may_approve
from glasshouse.policy.roles import RoleTable, resolve

DESK = RoleTable(
    allow=("job.kill",),
    servers=("main",),
    queues=("mail",),
    networks=("10.0.0.0/8",),
    factor_age="90s",
)
SENIOR = msgspec.structs.replace(DESK, allow=(), approve=("job.kill",))
KILL = Operation.JOB_KILL
MAIL = Target(server="main", queue="mail")
HERE = ipaddress.ip_address("10.0.0.1")
ELSEWHERE = ipaddress.ip_address("192.0.2.9")
GOOD = Context(address=HERE, factor_age=5)
ANN = Actor(name="local:ann")
BEN = Actor(name="local:ben")


def changed(table: RoleTable, **values: tuple[str, ...] | str) -> RoleTable:
    return msgspec.structs.replace(table, **values)


def circumstances(**values: object) -> Context:
    return msgspec.structs.replace(GOOD, **values)


def asked(
    tables: Mapping[str, RoleTable] | RoleTable,
    context: Context = GOOD,
    *,
    operation: Operation = KILL,
    target: Target = MAIL,
    roles: tuple[str, ...] | None = None,
) -> Decision:
    """Return what is decided for Ann, who has all ``roles``, or all that ``tables`` write."""
    tables = {"desk": tables} if isinstance(tables, RoleTable) else tables
    ann = Actor(name=ANN.name, roles=tuple(tables) if roles is None else roles)
    return decide(ann, operation, target, context, resolve(tables))


def approving(
    tables: Mapping[str, RoleTable] | RoleTable,
    context: Context = GOOD,
    *,
    requester: Actor = BEN,
    operation: Operation = KILL,
    target: Target = MAIL,
) -> Decision:
    """Return whether Ann, with all roles of ``tables``, may agree to what ``requester`` wants."""
    tables = {"senior": tables} if isinstance(tables, RoleTable) else tables
    ann = Actor(name=ANN.name, roles=tuple(tables))
    return may_approve(ann, requester, operation, target, context, resolve(tables))


def said(decision: Decision) -> tuple[str, str, str]:
    return decision.outcome.value, decision.why.value, decision.role


GRANTED = ("allow", "granted", "desk")


def test_what_is_good_in_every_way_is_allowed() -> None:
    assert said(asked(DESK)) == GRANTED


def test_rule_1_a_read_only_console_denies_everybody() -> None:
    read_only = circumstances(read_only=True, approved=True)
    assert said(asked(DESK, read_only)) == ("deny", "read_only", "")
    assert said(asked({}, read_only)) == ("deny", "read_only", "")
    assert said(approving(SENIOR, read_only, requester=ANN)) == ("deny", "read_only", "")


def test_rule_2_who_has_no_role_is_denied() -> None:
    assert said(asked(DESK, roles=())) == ("deny", "no_role", "")


def test_rule_2_a_role_that_is_not_known_gives_nothing() -> None:
    assert said(asked(DESK, roles=("unheard-of",))) == ("deny", "no_role", "")
    assert said(asked(DESK, roles=("unheard-of", "desk"))) == GRANTED


def test_rule_3_a_deny_of_one_role_counts_whatever_another_allows() -> None:
    night = RoleTable(deny=("job.*",))
    forbidden = ("deny", "forbidden", "night")
    assert said(asked({"desk": DESK, "night": night})) == forbidden
    assert said(asked({"night": night, "desk": DESK})) == forbidden


def test_rule_3_a_deny_counts_on_whatever_server_queue_and_network() -> None:
    night = RoleTable(deny=("job.kill",), servers=("other",), queues=("other",), networks=())
    assert said(asked({"desk": DESK, "night": night})) == ("deny", "forbidden", "night")


def test_rule_3_a_deny_forbids_no_other_operation() -> None:
    assert said(asked(changed(DESK, deny=("job.push", "queue.*")))) == GRANTED


def test_rule_3_a_deny_counts_before_a_grant_is_looked_for() -> None:
    assert said(asked(RoleTable(deny=("*",)))) == ("deny", "forbidden", "desk")


def test_rule_4_1_an_operation_that_is_not_allowed_is_not_granted() -> None:
    not_granted = ("deny", "not_granted", "desk")
    assert said(asked(DESK, operation=Operation.JOB_PUSH)) == not_granted
    assert said(asked(changed(DESK, allow=()))) == not_granted
    assert said(asked(RoleTable())) == not_granted
    assert said(asked(changed(DESK, allow=(), approve=("*",)))) == not_granted


def test_rule_4_1_a_star_stands_for_any_text() -> None:
    for pattern in ("*", "job.*", "*.kill", "j*k*"):
        assert said(asked(changed(DESK, allow=("set.clear", pattern)))) == GRANTED


def test_rule_4_2_a_role_counts_on_its_servers_only() -> None:
    other = Target(server="backup", queue="mail")
    assert said(asked(DESK, target=other)) == ("deny", "other_server", "desk")
    assert said(asked(changed(DESK, servers=()))) == ("deny", "other_server", "desk")
    assert said(asked(changed(DESK, servers=("x", "*up")), target=other)) == GRANTED


def test_rule_4_3_jobs_of_other_queues_are_not_changed() -> None:
    orders = Target(server="main", queue="orders")
    other_queue = ("deny", "other_queue", "desk")
    assert said(asked(DESK, target=orders)) == other_queue
    assert said(asked(DESK, target=Target(server="main", queue="Mail"))) == other_queue
    assert said(asked(changed(DESK, queues=()))) == other_queue
    assert said(asked(changed(DESK, queues=("x", "or*")), target=orders)) == GRANTED


def test_rule_4_3_an_operation_that_names_no_queue_needs_a_lone_star() -> None:
    every = Target(server="main")
    other_queue = ("deny", "other_queue", "desk")
    assert said(asked(DESK, target=every)) == other_queue
    assert said(asked(changed(DESK, queues=("m*", "**", "")), target=every)) == other_queue
    assert said(asked(changed(DESK, queues=("mail", "*")), target=every)) == GRANTED


def test_rule_4_4_a_person_elsewhere_is_denied() -> None:
    other_network = ("deny", "other_network", "desk")
    assert said(asked(DESK, circumstances(address=ELSEWHERE))) == other_network
    assert said(asked(changed(DESK, networks=()))) == other_network


def test_rule_4_4_an_address_that_is_not_known_is_in_no_network() -> None:
    other_network = ("deny", "other_network", "desk")
    unknown = circumstances(address=None)
    assert said(asked(DESK, unknown)) == other_network
    assert said(asked(changed(DESK, networks=("0.0.0.0/0", "::/0")), unknown)) == other_network


def test_rule_4_4_without_networks_a_person_may_be_anywhere() -> None:
    anywhere = RoleTable(allow=("*",), factor_age="none")
    for address in (None, HERE, ELSEWHERE, ipaddress.ip_address("2001:db8::1")):
        assert said(asked(anywhere, Context(address=address))) == GRANTED


def test_rule_4_4_an_ipv4_address_written_as_ipv6_counts_as_the_ipv4_address() -> None:
    other_network = ("deny", "other_network", "desk")
    mapped = circumstances(address=ipaddress.ip_address("::ffff:10.0.0.1"))
    assert said(asked(DESK, mapped)) == GRANTED
    assert said(asked(changed(DESK, networks=("::/0",)), mapped)) == other_network
    beyond = circumstances(address=ipaddress.ip_address("::ffff:192.0.2.9"))
    assert said(asked(DESK, beyond)) == other_network


def test_rule_4_5_without_a_second_factor_one_is_needed() -> None:
    no_factor = circumstances(factor_age=None)
    assert said(asked(DESK, no_factor)) == ("needs_factor", "no_factor", "desk")


def test_rule_4_5_a_factor_age_of_none_needs_no_second_factor() -> None:
    for age in (None, 0, 1e9, -1):
        context = circumstances(factor_age=age)
        assert said(asked(changed(DESK, factor_age="none"), context)) == GRANTED


@pytest.mark.parametrize(
    ("age", "why"),
    [
        (0, "granted"),
        (89.999, "granted"),
        (90, "granted"),
        (90.001, "old_factor"),
        (1e9, "old_factor"),
        (-0.001, "old_factor"),
        (-90, "old_factor"),
        (float("nan"), "old_factor"),
    ],
)
def test_rule_4_6_a_second_factor_is_good_up_to_its_age_and_not_from_the_future(
    age: float, why: str
) -> None:
    outcome = {"granted": "allow", "old_factor": "needs_factor"}[why]
    assert said(asked(DESK, circumstances(factor_age=age))) == (outcome, why, "desk")


def test_rule_4_7_what_needs_a_second_person_needs_one_until_it_is_approved() -> None:
    pair = changed(DESK, second_person=("job.k*",))
    assert said(asked(pair)) == ("needs_second_person", "one_person", "desk")
    assert said(asked(pair, circumstances(approved=True))) == GRANTED
    assert said(asked(changed(DESK, second_person=("job.push",)))) == GRANTED


def test_rule_4_8_a_reason_has_to_be_given_if_the_operation_is_in_reason() -> None:
    assert asked(changed(DESK, reason=("set.clear", "*.kill"))).needs_reason
    assert not asked(changed(DESK, reason=("job.delete",))).needs_reason
    assert not asked(DESK).needs_reason


def test_that_a_reason_is_needed_is_told_before_the_factor_and_the_second_person() -> None:
    table = changed(DESK, reason=("*",), second_person=("*",))
    assert asked(table, circumstances(factor_age=None)).needs_reason
    assert asked(table, circumstances(factor_age=91)).needs_reason
    assert asked(table).needs_reason
    assert not asked(table, circumstances(address=None)).needs_reason


# From wholly wrong to wholly right, one circumstance a time.
STAIRS = (
    (changed(DESK, allow=()), Target(server="other"), Context()),
    (DESK, Target(server="other"), Context()),
    (DESK, Target(server="main"), Context()),
    (DESK, MAIL, Context()),
    (DESK, MAIL, Context(address=HERE)),
    (DESK, MAIL, Context(address=HERE, factor_age=91)),
    (DESK, MAIL, Context(address=HERE, factor_age=90)),
    (DESK, MAIL, Context(address=HERE, factor_age=90, approved=True)),
)


def test_rule_4_the_first_that_is_true_answers() -> None:
    answers = [
        said(asked(changed(table, second_person=("*",)), context, target=target))[:2]
        for table, target, context in STAIRS
    ]
    assert answers == [
        ("deny", "not_granted"),
        ("deny", "other_server"),
        ("deny", "other_queue"),
        ("deny", "other_network"),
        ("needs_factor", "no_factor"),
        ("needs_factor", "old_factor"),
        ("needs_second_person", "one_person"),
        ("allow", "granted"),
    ]


def test_rule_4_two_roles_are_never_asked_together() -> None:
    tables = {
        "here": changed(DESK, servers=("other",)),
        "there": changed(DESK, queues=("other",)),
        "idle": RoleTable(servers=("main",), queues=("*",)),
    }
    assert said(asked(tables)) == ("deny", "other_queue", "there")


# Roles that stop at a step each; "step5" at 4.6 where the second factor is 100 seconds old.
STOPS = {
    "step1": changed(DESK, allow=()),
    "step2": changed(DESK, servers=("other",)),
    "step3": changed(DESK, queues=("other",)),
    "step4": changed(DESK, networks=("192.0.2.0/24",)),
    "step5": DESK,
    "step7": changed(DESK, factor_age="none", second_person=("*",)),
    "step8": changed(DESK, factor_age="none"),
}


@pytest.mark.parametrize("age", [None, 100])
@pytest.mark.parametrize(("near", "far"), list(itertools.combinations(STOPS, 2)))
def test_rule_5_the_answer_that_came_furthest_counts(
    near: str, far: str, age: float | None
) -> None:
    context = circumstances(factor_age=age)
    there = {near: STOPS[near], far: STOPS[far]}
    back = {far: STOPS[far], near: STOPS[near]}
    assert asked(there, context).role == asked(back, context).role == far


@pytest.mark.parametrize("stop", STOPS)
def test_rule_5_of_two_that_came_equally_far_the_role_named_first_counts(stop: str) -> None:
    tables = {"zoe": STOPS[stop], "amy": STOPS[stop]}
    context = circumstances(factor_age=None)
    assert asked(tables, context, roles=("zoe", "amy")).role == "zoe"
    assert asked(tables, context, roles=("amy", "zoe")).role == "amy"


def test_rule_5_the_reason_is_asked_for_by_the_role_that_counts() -> None:
    tables = {"strict": changed(DESK, reason=("*",)), "plain": DESK}
    assert asked(tables, roles=("strict", "plain")).needs_reason
    assert not asked(tables, roles=("plain", "strict")).needs_reason


def test_nobody_approves_what_they_asked_for_themselves() -> None:
    assert said(approving(SENIOR, requester=ANN)) == ("deny", "same_person", "")
    for requester in (BEN, Actor(name="htpasswd:ann")):
        assert said(approving(SENIOR, requester=requester)) == ("allow", "granted", "senior")


def test_the_same_person_under_other_roles_is_the_same_person() -> None:
    requester = Actor(name="local:ann", roles=("admin",))
    assert said(approving(SENIOR, requester=requester)) == ("deny", "same_person", "")


def test_the_same_person_is_found_after_no_role_and_before_a_deny() -> None:
    assert said(approving({}, requester=ANN)) == ("deny", "no_role", "")
    assert said(approving(RoleTable(deny=("*",)), requester=ANN)) == ("deny", "same_person", "")
    assert said(approving(RoleTable(deny=("*",)))) == ("deny", "forbidden", "senior")


def test_who_approves_is_looked_for_in_approve_and_not_in_allow() -> None:
    assert said(approving(DESK)) == ("deny", "not_granted", "senior")
    assert said(approving(SENIOR)) == ("allow", "granted", "senior")
    assert said(asked(SENIOR)) == ("deny", "not_granted", "desk")


def test_who_approves_needs_no_further_person() -> None:
    table = changed(SENIOR, second_person=("*",))
    assert said(approving(table)) == ("allow", "granted", "senior")


def test_who_approves_is_bound_by_every_limit_of_their_role() -> None:
    answers = [
        said(approving(changed(SENIOR, approve=table.allow or ()), context, target=target))[:2]
        for table, target, context in STAIRS
    ]
    assert answers == [
        ("deny", "not_granted"),
        ("deny", "other_server"),
        ("deny", "other_queue"),
        ("deny", "other_network"),
        ("needs_factor", "no_factor"),
        ("needs_factor", "old_factor"),
        ("allow", "granted"),
        ("allow", "granted"),
    ]


def test_who_approves_answers_by_the_role_that_came_furthest() -> None:
    tables = {"old": SENIOR, "good": changed(SENIOR, factor_age="none", reason=("*",))}
    decision = approving(tables, circumstances(factor_age=91))
    assert said(decision) == ("allow", "granted", "good")
    assert decision.needs_reason


@pytest.mark.parametrize(
    ("stop", "setting"),
    [
        ("step1", "allow"),
        ("step2", "servers"),
        ("step3", "queues"),
        ("step4", "networks"),
        ("step5", "factor_age"),
        ("step7", "second_person"),
        ("step8", "allow"),
    ],
)
@pytest.mark.parametrize("age", [None, 100])
def test_an_answer_names_the_setting_that_decided(
    stop: str, setting: str, age: float | None
) -> None:
    assert asked({"desk": STOPS[stop]}, circumstances(factor_age=age)).setting == setting


def test_an_answer_to_who_approves_names_the_setting_that_decided() -> None:
    assert approving(SENIOR).setting == "approve"
    assert approving(DESK).setting == "approve"
    assert approving(SENIOR, circumstances(address=None)).setting == "networks"
    assert approving(changed(SENIOR, deny=("*",))).setting == "deny"
    assert approving(SENIOR, requester=ANN).setting == ""


def test_an_answer_says_what_its_role_asks_for() -> None:
    decision = asked(changed(DESK, networks=("10.0.0.0/8", "2001:DB8::1")))
    assert decision.factor_age == 90
    assert decision.networks == ("10.0.0.0/8", "2001:db8::1/128")
    free = asked(RoleTable(allow=("*",), factor_age="none"))
    assert free.factor_age is None
    assert free.networks is None
