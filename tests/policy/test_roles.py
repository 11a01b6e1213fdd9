"""Roles as they are written, and what they come to."""

from __future__ import annotations

import ipaddress

import pytest

from glasshouse.model.errors import SettingsError
from glasshouse.model.operation import Operation
from glasshouse.policy.roles import BUILT_IN, RoleTable, parse_age, parse_network, resolve

VIEWER = ("args.**.token", "args.**.password", "custom.**.secret", "SendEmail:args.1")
OPERATOR = (
    *("queue.pause", "queue.resume", "job.retry", "job.delete", "job.kill", "trash.restore"),
)
HOME = ("127.0.0.0/8", "::1/128", "10.20.0.0/16")
PAIRS = ("queue.clear", "set.clear", "server.configure", "server.flush")


def test_the_operations_are_these() -> None:
    assert [operation.value for operation in Operation] == [
        *("queue.pause", "queue.resume", "queue.delete_jobs", "queue.clear", "job.retry"),
        *("job.kill", "job.delete", "set.clear", "job.push", "worker.quiet", "worker.terminate"),
        *("trash.restore", "server.configure", "server.flush"),
    ]


def test_the_built_in_roles_are_those_of_the_contract() -> None:
    assert dict(BUILT_IN) == {
        "viewer": RoleTable(see=("queues:*",), redact=VIEWER),
        "auditor": RoleTable(inherits="viewer", see=("audit", "trash")),
        "operator": RoleTable(
            inherits="viewer",
            see=("audit", "trash"),
            allow=OPERATOR,
            queues=("*",),
            servers=("*",),
            networks=HOME,
            factor_age="10m",
            reason=("job.delete", "job.kill"),
        ),
        "admin": RoleTable(
            inherits="operator",
            allow=("*",),
            deny=(),
            see=("audit", "trash", "payload"),
            second_person=PAIRS,
            approve=("*",),
        ),
    }


def test_what_grants_and_forbids_adds_up_and_a_limit_is_the_nearest() -> None:
    admin = resolve({})["admin"]
    assert admin.allow == (*OPERATOR, "*")
    assert admin.networks == tuple(map(ipaddress.ip_network, HOME))
    assert admin.factor_age == 600.0
    assert admin.reason == ("job.delete", "job.kill")
    assert admin.second_person == PAIRS
    assert admin.visibilities == {"audit", "trash", "payload"}
    assert admin.shows == ("*",)
    assert [".".join(rule.path) for rule in admin.redact] == [
        *("args.**.token", "args.**.password", "custom.**.secret", "args.1")
    ]
    roles = resolve({
        "night": RoleTable(
            inherits="operator", networks=("192.0.2.1",), queues=(), factor_age="2h"
        ),
        "late": RoleTable(
            inherits="night", deny=("job.kill",), servers=("a*",), see=("queues:m*",)
        ),
    })  # fmt: skip
    late = roles["late"]
    assert late.networks == (ipaddress.ip_network("192.0.2.1"),)
    assert late.queues == ()
    assert late.servers == ("a*",)
    assert late.factor_age == 7200.0
    assert late.deny == ("job.kill",)
    assert late.allow == OPERATOR
    assert late.shows == ("*", "m*")
    assert roles["night"].deny == ()
    assert roles["night"].servers == ("*",)


def test_a_built_in_role_is_changed_in_what_is_written() -> None:
    roles = resolve({"operator": RoleTable(networks=("192.0.2.0/24",), allow=("queue.pause",))})
    assert roles["operator"].allow == ("queue.pause",)
    assert roles["operator"].networks == (ipaddress.ip_network("192.0.2.0/24"),)
    assert roles["operator"].factor_age == 600.0
    assert roles["operator"].visibilities == {"audit", "trash"}
    assert roles["admin"].networks == (ipaddress.ip_network("192.0.2.0/24"),)


@pytest.mark.parametrize(
    ("table", "age"),
    [
        (RoleTable(), None),
        (RoleTable(see=("audit",)), None),
        (RoleTable(allow=("job.*",)), 600.0),
        (RoleTable(approve=("job.*",)), 600.0),
        (RoleTable(allow=("job.*",), factor_age="none"), None),
        (RoleTable(factor_age="1d"), 86400.0),
    ],
)
def test_a_role_that_may_do_anything_needs_a_factor_unless_none_is_written(
    table: RoleTable, age: float | None
) -> None:
    assert resolve({"x": table})["x"].factor_age == age


def test_without_limits_a_role_counts_everywhere() -> None:
    role = resolve({"x": RoleTable(allow=("*",))})["x"]
    assert (role.queues, role.servers, role.networks) == (("*",), ("*",), None)
    none = resolve({"x": RoleTable(networks=())})["x"]
    assert none.networks == ()


WRONG = {
    "inherits": (RoleTable(inherits="gone"), "inherits from 'gone', which is no role"),
    "itself": (RoleTable(inherits="x"), "inherits from itself"),
    "allow": (RoleTable(allow=("job.explode",)), "allow names 'job.explode'"),
    "deny": (RoleTable(deny=("queues.*",)), "deny names"),
    "reason": (RoleTable(reason=("Job.kill",)), "reason names"),
    "approve": (RoleTable(approve=("",)), "approve names"),
    "second": (RoleTable(second_person=("x*",)), "second_person names"),
    "networks": (RoleTable(networks=("10.0.0.1/8",)), "'10.0.0.1/8' is not a network"),
    "mapped": (RoleTable(networks=("::ffff:10.0.0.0/104",)), "is not a network"),
    "name": (RoleTable(networks=("office",)), "'office' is not a network"),
    "age": (RoleTable(factor_age="10"), "'10' is not an age"),
    "see": (RoleTable(see=("everything",)), "see names 'everything'"),
    "redact": (RoleTable(redact=("queue",)), "redact has 'queue'"),
}


@pytest.mark.parametrize(("table", "detail"), WRONG.values(), ids=WRONG)
def test_what_has_no_meaning_is_refused_with_what_to_write(table: RoleTable, detail: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve({"x": table})
    assert detail in caught.value.detail
    assert "'x'" in caught.value.detail
    assert caught.value.remedy


def test_a_circle_of_roles_is_refused() -> None:
    with pytest.raises(SettingsError, match="inherits from itself"):
        resolve({"a": RoleTable(inherits="b"), "b": RoleTable(inherits="a")})


@pytest.mark.parametrize("name", ["", "Ops", "a b", "-a", "x" * 64, "é", "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name of a role"):
        resolve({name: RoleTable()})
    assert resolve({"x" * 63: RoleTable(), "0_-a": RoleTable()})


@pytest.mark.parametrize(
    ("text", "age"),
    [("none", None), ("0s", 0.0), ("90s", 90.0), ("10m", 600.0), ("8h", 28800.0), ("2d", 172800.0)],
)
def test_an_age_is_a_number_and_a_unit(text: str, age: float | None) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 m", "-1m", "1.5h", "1w", "None", "1234567s", "1m\n"]
)
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is not an age") as caught:
        parse_age(text)
    assert caught.value.remedy


def test_a_network_is_an_address_or_a_range_of_them() -> None:
    assert str(parse_network("10.0.0.1")) == "10.0.0.1/32"
    assert str(parse_network("2001:db8::/32")) == "2001:db8::/32"
    with pytest.raises(SettingsError) as caught:
        parse_network("10.0.0.1/24")
    assert caught.value.remedy
