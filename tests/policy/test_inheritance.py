"""Roles: the built-in ones as they are, what inheritance comes to, and what is refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest

from glasshouse.model.errors import SettingsError
from glasshouse.model.redaction import Redaction
from glasshouse.policy.roles import (
    BUILT_IN,
    IPNetwork,
    Role,
    RoleTable,
    parse_age,
    parse_network,
    resolve,
)
from tests.policy import tables

HIDDEN = (
    Redaction(jobtype="*", path=("args", "**", "token")),
    Redaction(jobtype="*", path=("args", "**", "password")),
    Redaction(jobtype="*", path=("custom", "**", "secret")),
    Redaction(jobtype="SendEmail", path=("args", "1")),
)
NETWORKS = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128", "10.20.0.0/16")))


def refused(act: Callable[[], object]) -> SettingsError:
    """Return the error that ``act`` ends with; it has a remedy."""
    with pytest.raises(SettingsError) as caught:
        act()
    assert caught.value.remedy
    return caught.value


def one(**values: tuple[str, ...] | str) -> Role:
    """Return the role ``it``, of which ``values`` are written."""
    return resolve({"it": table(**values)})["it"]


def table(**values: tuple[str, ...] | str) -> RoleTable:
    return RoleTable(**values)  # type: ignore[arg-type]  # which value has which type is no matter


@pytest.mark.parametrize("name", tables.BUILT_IN)
@pytest.mark.parametrize("value", RoleTable.__struct_fields__)
def test_a_built_in_role_has_the_values_that_are_written_out_here(name: str, value: str) -> None:
    assert getattr(BUILT_IN[name], value) == getattr(tables.BUILT_IN[name], value)


def test_four_roles_are_built_in() -> None:
    assert list(BUILT_IN) == list(resolve({})) == ["viewer", "auditor", "operator", "admin"]


def test_the_built_in_roles_come_to_what_they_say() -> None:
    roles = resolve({})
    assert roles["viewer"] == Role(name="viewer", shows=("*",), redact=HIDDEN)
    assert roles["auditor"] == Role(
        name="auditor", shows=("*",), visibilities=frozenset({"audit", "trash"}), redact=HIDDEN
    )
    admin = roles["admin"]
    assert (admin.networks, admin.factor_age) == (NETWORKS, 600)
    assert (admin.servers, admin.queues, admin.redact) == (("*",), ("*",), HIDDEN)
    assert (admin.deny, admin.approve) == ((), ("*",))
    assert admin.reason == ("job.delete", "job.kill")
    assert admin.visibilities == {"audit", "trash", "payload"}


def test_a_role_of_which_nothing_is_written_may_nothing_anywhere() -> None:
    assert one() == Role(name="it")
    assert Role(name="it") == Role(
        name="it",
        allow=(),
        deny=(),
        reason=(),
        second_person=(),
        approve=(),
        queues=("*",),
        servers=("*",),
        networks=None,
        factor_age=None,
        shows=(),
        visibilities=frozenset(),
        redact=(),
    )


@pytest.mark.parametrize("value", ["allow", "deny", "reason", "second_person", "approve"])
def test_operations_add_up_along_what_is_inherited(value: str) -> None:
    roles = resolve(
        {
            "third": table(inherits="second", **{value: ("job.kill",)}),
            "second": table(inherits="first", **{value: ()}),
            "first": table(**{value: ("job.*", "set.clear")}),
        }
    )
    assert set(getattr(roles["first"], value)) == {"job.*", "set.clear"}
    assert set(getattr(roles["second"], value)) == {"job.*", "set.clear"}
    assert set(getattr(roles["third"], value)) == {"job.*", "set.clear", "job.kill"}


def test_what_may_be_seen_adds_up_along_what_is_inherited() -> None:
    roles = resolve(
        {
            "first": RoleTable(see=("queues:mail*", "audit")),
            "second": RoleTable(inherits="first", see=("payload", "queues:orders", "queues:")),
        }
    )
    assert set(roles["second"].shows) == {"mail*", "orders", ""}
    assert roles["second"].visibilities == {"audit", "payload"}
    assert roles["first"].visibilities == {"audit"}


def test_what_is_hidden_adds_up_along_what_is_inherited() -> None:
    hidden = one(inherits="viewer", redact=("Pay:args.0",)).redact
    assert set(hidden) == {*HIDDEN, Redaction(jobtype="Pay", path=("args", "0"))}


NEAREST: dict[str, tuple[tuple[str, ...] | str, object, tuple[str, ...] | str, object]] = {
    "servers": (("a", "b*"), ("a", "b*"), ("c",), ("c",)),
    "queues": (("a", "b*"), ("a", "b*"), ("c",), ("c",)),
    "networks": (
        ("10.0.0.0/8",),
        (ipaddress.ip_network("10.0.0.0/8"),),
        ("::1",),
        (ipaddress.ip_network("::1/128"),),
    ),
    "factor_age": ("90s", 90.0, "none", None),
}


@pytest.mark.parametrize("value", NEAREST)
def test_a_limit_is_the_nearest_one(value: str) -> None:
    far, parsed_far, near, parsed_near = NEAREST[value]
    roles = resolve(
        {
            "first": table(allow=("*",), **{value: far}),
            "second": RoleTable(inherits="first"),
            "third": table(inherits="second", **{value: near}),
            "fourth": RoleTable(inherits="third"),
        }
    )
    found = [getattr(roles[name], value) for name in ("first", "second", "third", "fourth")]
    assert found == [parsed_far, parsed_far, parsed_near, parsed_near]


@pytest.mark.parametrize("value", ["servers", "queues", "networks"])
def test_an_empty_list_is_a_limit_and_is_inherited(value: str) -> None:
    roles = resolve(
        {
            "first": table(**{value: ("10.0.0.1",)}),
            "second": table(inherits="first", **{value: ()}),
            "third": RoleTable(inherits="second"),
        }
    )
    assert getattr(roles["second"], value) == ()
    assert getattr(roles["third"], value) == ()


def test_ten_minutes_are_the_factor_age_of_a_role_that_may_do_anything() -> None:
    assert one().factor_age is None
    assert one(allow=()).factor_age is None
    assert one(see=("payload", "audit")).factor_age is None
    assert one(deny=("*",), reason=("*",), second_person=("*",)).factor_age is None
    assert one(allow=("job.push",)).factor_age == 600
    assert one(approve=("job.push",)).factor_age == 600
    assert one(inherits="viewer", allow=("job.push",)).factor_age == 600


def test_ten_minutes_hold_for_what_is_allowed_by_inheritance() -> None:
    roles = resolve({"does": RoleTable(allow=("*",)), "heir": RoleTable(inherits="does", allow=())})
    assert roles["heir"].factor_age == 600


def test_a_table_of_a_built_in_name_changes_what_it_writes_and_leaves_the_rest() -> None:
    roles = resolve({"operator": RoleTable(allow=("job.push",), networks=(), reason=())})
    operator = roles["operator"]
    assert operator.allow == ("job.push",)
    assert operator.networks == ()
    assert operator.reason == ()
    assert operator.factor_age == 600
    assert operator.shows == ("*",)
    assert operator.visibilities == {"audit", "trash"}


def test_who_inherits_from_a_changed_built_in_role_inherits_the_change() -> None:
    roles = resolve({"viewer": RoleTable(redact=()), "operator": RoleTable(factor_age="8h")})
    assert roles["admin"].factor_age == 8 * 3600
    assert roles["admin"].redact == ()
    assert set(roles["admin"].allow) >= {"*", "job.retry"}


def test_a_built_in_role_may_be_told_to_inherit_from_another() -> None:
    roles = resolve({"admin": RoleTable(inherits="auditor")})
    assert roles["admin"].networks is None
    assert roles["admin"].allow == ("*",)


def test_new_roles_stand_after_the_built_in_ones_and_know_their_names() -> None:
    roles = resolve({"zoe": RoleTable(), "amy": RoleTable()})
    assert list(roles)[-2:] == ["zoe", "amy"]
    assert [role.name for role in roles.values()] == list(roles)


@pytest.mark.parametrize("name", ["a", "0", "night-shift_2", "a" * 63])
def test_good_names_of_roles(name: str) -> None:
    assert name in resolve({name: RoleTable()})


@pytest.mark.parametrize(
    "name", ["", "Night", "night shift", "-night", "_night", "nächte", "a" * 64, "night\n", "a.b"]
)
def test_bad_names_of_roles_are_refused(name: str) -> None:
    error = refused(lambda: resolve({name: RoleTable()}))
    assert repr(name)[:20] in error.detail


def test_who_inherits_from_nobody_known_is_refused_and_told_the_roles() -> None:
    error = refused(lambda: one(inherits="boss"))
    assert error.detail == "Role 'it' inherits from 'boss', which is no role."
    assert "admin, auditor, it, operator, viewer" in error.remedy


@pytest.mark.parametrize(
    "written",
    [
        {"a": RoleTable(inherits="a")},
        {"a": RoleTable(inherits="b"), "b": RoleTable(inherits="a")},
        {"a": RoleTable(inherits="b"), "b": RoleTable(inherits="c"), "c": RoleTable(inherits="b")},
        {"viewer": RoleTable(inherits="admin")},
    ],
)
def test_a_circle_is_refused(written: dict[str, RoleTable]) -> None:
    assert "inherits from itself" in refused(lambda: resolve(written)).detail


@pytest.mark.parametrize("value", ["allow", "deny", "reason", "second_person", "approve"])
@pytest.mark.parametrize("pattern", ["job.kil", "zob.*", "", "Job.*", "job", "job.?ill"])
def test_a_pattern_that_is_no_operation_is_refused_and_told_the_operations(
    value: str, pattern: str
) -> None:
    error = refused(lambda: one(**{value: ("*", "job.kill", pattern)}))
    assert f"{value} names {pattern!r}" in error.detail
    assert "'it'" in error.detail
    assert "server.flush" in error.remedy


def test_a_wrong_value_is_found_in_a_role_that_others_inherit_from() -> None:
    written = {"base": RoleTable(factor_age="soon"), "heir": RoleTable(inherits="base")}
    assert "'base'" in refused(lambda: resolve(written)).detail


@pytest.mark.parametrize("entry", ["Audit", "queue:mail", "queues", "", "*", "jobs", "secrets"])
def test_what_is_nothing_to_be_seen_is_refused(entry: str) -> None:
    error = refused(lambda: one(see=("audit", entry)))
    assert f"see names {entry!r}" in error.detail
    assert "payload" in error.remedy


def test_a_bad_network_age_or_redaction_is_refused_with_the_name_of_its_role() -> None:
    for error in (
        refused(lambda: one(networks=("10.0.0.0/8", "10.0.0.1/8"))),
        refused(lambda: one(factor_age="10")),
        refused(lambda: one(redact=("",))),
    ):
        assert error.detail.startswith("Role 'it': ")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("none", None),
        ("0s", 0.0),
        ("90s", 90.0),
        ("10m", 600.0),
        ("8h", 28_800.0),
        ("1d", 86_400.0),
        ("007m", 420.0),
        ("999999s", 999_999.0),
    ],
)
def test_an_age_is_read(text: str, seconds: float | None) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "10 m", " 10m", "10m ", "10m\n", "-1m", "+1m", "1.5h", "10M", "None", "never",
     "1w", "1h30m", "10m10m", "１m", "1000000s"],
)  # fmt: skip
def test_what_is_no_age_is_refused(text: str) -> None:
    error = refused(lambda: parse_age(text))
    assert repr(text) in error.detail
    assert '"none"' in error.remedy


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.20.0.0/16", ipaddress.ip_network("10.20.0.0/16")),
        ("10.20.3.4", ipaddress.ip_network("10.20.3.4/32")),
        ("0.0.0.0/0", ipaddress.ip_network("0.0.0.0/0")),
        ("2001:db8::/32", ipaddress.ip_network("2001:db8::/32")),
        ("2001:DB8::7", ipaddress.ip_network("2001:db8::7/128")),
        ("::1", ipaddress.ip_network("::1/128")),
    ],
)
def test_a_network_is_read_and_an_address_is_a_network_of_one(
    text: str, network: IPNetwork
) -> None:
    assert parse_network(text) == network


@pytest.mark.parametrize(
    "text",
    ["", "10", "10.0.0.1/8", "2001:db8::1/32", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8",
     "10.0.0.0/-1", " 10.0.0.0/8", "10.0.0.0/8\n", "256.0.0.0/8", "localhost", "10.0.0.0/8/8",
     "010.0.0.0/8", "*", "10.*", "[::1]", "::1::"],
)  # fmt: skip
def test_what_is_no_network_is_refused(text: str) -> None:
    error = refused(lambda: parse_network(text))
    assert repr(text) in error.detail
    assert "10.20.0.0/16" in error.remedy
