"""What may be seen: queues, the audit log, the trash, hidden values."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model import name_patterns
from glasshouse.model.access import Actor, Context, Decision, Outcome, Why
from glasshouse.model.errors import DeniedError, SettingsError
from glasshouse.model.jobquery import ArgsTerm, JobQuery, parse_query
from glasshouse.model.operation import Operation, Target
from glasshouse.model.redaction import Redaction
from glasshouse.policy import reasons
from glasshouse.policy.redaction import parse_redaction
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import SOURCES, Rules, check, default_rules
from glasshouse.policy.searching import refuse_hidden
from glasshouse.policy.visibility import NOTHING, Visibility, visibility
from tests.policy.second import like

HERE, AWAY = ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("192.0.2.1")
ROLES = resolve({
    "mail": RoleTable(see=("queues:mail*", "audit"), servers=("main",), redact=("args.0",)),
    "pay": RoleTable(see=("queues:pay", "trash"), networks=("10.0.0.0/8",), redact=("custom",)),
    "open": RoleTable(see=("payload",), networks=("10.0.0.0/8",), factor_age="1m"),
})  # fmt: skip


def seen(
    *roles: str, server: str = "main", address: object = HERE, age: float | None = None
) -> Visibility:
    context = Context(address=address, factor_age=age)  # type: ignore[arg-type]
    return visibility(Actor(name="local:a", roles=roles), server, context, ROLES)


def test_who_has_no_role_sees_nothing() -> None:
    assert seen() == seen("gone") == NOTHING == Visibility()
    assert not NOTHING.everything
    assert not NOTHING.shows("mail")


def test_queues_are_seen_from_anywhere_on_the_servers_of_a_role() -> None:
    assert seen("mail", address=AWAY).queues == ("mail*",)
    assert seen("mail", server="other").queues == ()
    assert seen("pay", address=AWAY, server="other").queues == ("pay",)
    assert seen("mail").shows("mailers")
    assert not seen("mail").shows("pay")


def test_what_several_roles_show_and_what_they_hide_adds_up() -> None:
    both = seen("mail", "pay", "mail")
    assert both.queues == ("mail*", "pay")
    assert both.hidden == (Redaction("*", ("args", "0")), Redaction("*", ("custom",)))
    assert (both.audit, both.trash, both.payload) == (True, True, False)
    assert seen("mail", "pay", server="other").hidden == both.hidden


def test_audit_and_trash_are_seen_from_the_networks_of_the_role() -> None:
    assert seen("pay").trash
    assert not seen("pay", address=AWAY).trash
    assert not seen("pay", address=None).trash
    assert seen("mail", address=AWAY).audit
    assert not seen("mail", server="other").audit


@pytest.mark.parametrize(
    ("age", "may"), [(None, False), (0.0, True), (60.0, True), (60.1, False), (-1.0, False)]
)
def test_hidden_values_are_revealed_with_a_new_second_factor(
    age: float | None, *, may: bool
) -> None:
    assert seen("open", age=age).payload is may
    assert not seen("open", age=age, address=AWAY).payload


def test_everything_is_one_glob() -> None:
    assert seen("viewer").everything
    assert not seen("mail").everything


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("args", Redaction("*", ("args",))),
        ("args.0.token", Redaction("*", ("args", "0", "token"))),
        ("custom.**.secret", Redaction("*", ("custom", "**", "secret"))),
        ("SendEmail:args.1", Redaction("SendEmail", ("args", "1"))),
        ("Mail::Send:args.*", Redaction("Mail::Send", ("args", "*"))),
        ("*Mail*:custom", Redaction("*Mail*", ("custom",))),
        ('args."a.b\\"c".d', Redaction("*", ("args", 'a.b"c', "d"))),
        ("a:args:args.b", Redaction("a:args", ("args", "b"))),
    ],
)
def test_a_redaction_is_a_path_of_a_type(text: str, rule: Redaction) -> None:
    assert parse_redaction(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "queue",
        "jid",
        "args.",
        ".args",
        "args..x",
        "Args",
        ":args",
        "argsx",
        'args."x',
        "args." + "a." * 20 + "a",
    ],
)
def test_what_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_redaction(text)
    assert caught.value.remedy


HIDDEN = tuple(map(parse_redaction, ("args.**.token", "SendEmail:args.1", "args.0.*.pin")))


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("args.0.token:x", True),
        ("args.**.TOKEN:x", True),
        ("args.token.deeper:x", True),
        ("args.0.a.pin:1", True),
        ("args.0.*.pin:1", True),
        ("args.1:x type:SendEmail", True),
        ("args.1:x type:sendemail", True),
        ("args.1:x", False),
        ("args.1:x type:Other", False),
        ("args.0.tokens:x", False),
        ("args.0.pin:1", False),
        ("args.**:x", False),
        ("args.*:x", False),
        ("token args:token error:token", False),
    ],
)
def test_a_search_that_names_a_hidden_field_is_refused(words: str, *, refused: bool) -> None:
    wanted = parse_query(words, 0.0)
    assert wanted is not None
    if refused:
        with pytest.raises(DeniedError, match="hidden from your role") as caught:
            refuse_hidden(wanted, HIDDEN)
        assert caught.value.remedy
        assert caught.value.detail.startswith("args.")
    else:
        refuse_hidden(wanted, HIDDEN)


def test_whole_arguments_that_are_hidden_cannot_be_searched_at_a_path() -> None:
    with pytest.raises(DeniedError):
        refuse_hidden(JobQuery(at_path=(ArgsTerm(("0",), "x"),)), (Redaction("*", ("args", "**")),))


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_glob_is_what_a_regular_expression_makes_of_it(pattern: str, text: str) -> None:
    assert name_patterns.matches(pattern, text) is like(pattern, text)


def test_a_text_is_within_globs_when_it_is_one_of_them() -> None:
    assert name_patterns.within(("x", "a*"), "abc")
    assert not name_patterns.within(("x", "A*"), "abc")
    assert not name_patterns.within((), "abc")


def test_members_have_the_role_of_their_name_of_their_groups_and_of_strangers() -> None:
    rules = Rules(
        roles=resolve({}),
        members={"oidc:jane": "auditor", "oidc-group:sre": "operator"},
        anonymous="viewer",
    )
    assert rules.person("oidc:jane", ("oidc-group:sre",)).roles == ("auditor", "operator", "viewer")
    assert rules.person("local:jane").roles == ("viewer",)
    assert rules.person("local:ops", own="admin").roles == ("admin", "viewer")
    assert rules.person("local:ops", own="viewer").roles == ("viewer",)
    assert rules.person("oidc:jane").name == "oidc:jane"
    assert rules.person("oidc:jane", own="admin").roles == ("admin", "auditor", "viewer")
    assert rules.stranger() == Actor(roles=("viewer",))
    assert Rules(roles=resolve({})).stranger() == Actor()
    assert Rules(roles=resolve({})).person("local:x") == Actor(name="local:x")


@pytest.mark.parametrize(("closed", "asked"), [(False, False), (True, False), (False, True)])
def test_a_console_that_only_shows_allows_nothing(*, closed: bool, asked: bool) -> None:
    roles = resolve({"x": RoleTable(allow=("*",), factor_age="none")})
    rules = Rules(roles=roles, read_only=closed)
    made = rules.decide(
        Actor(name="local:a", roles=("x",)),
        Operation.JOB_RETRY,
        Target(server="main"),
        Context(read_only=asked),
    )
    assert made.why is (Why.READ_ONLY if closed or asked else Why.GRANTED)


def test_the_sources_of_names_are_these() -> None:
    sources = {"local", "htpasswd", "oidc", "oidc-group", "proxy", "proxy-group"}
    assert sources == SOURCES
    for source in sources:
        check(Rules(roles=resolve({}), members={f"{source}:a": "viewer"}))


def test_a_path_has_twenty_steps_at_most() -> None:
    assert len(parse_redaction("args" + ".a" * 19).path) == 20
    with pytest.raises(SettingsError, match="more than 20 steps"):
        parse_redaction("args" + ".a" * 20)


def test_a_long_path_is_cut_where_it_is_told() -> None:
    wanted = JobQuery(at_path=(ArgsTerm(("0", "x" * 200), "y"),))
    with pytest.raises(DeniedError) as caught:
        refuse_hidden(wanted, (Redaction("*", ("args",)),))
    told = ("args.0." + "x" * 200)[:80]
    assert caught.value.detail == f"{told} is hidden from your role, so it cannot be searched."


def test_without_settings_everybody_looks() -> None:
    rules = default_rules()
    assert rules.stranger().roles == ("viewer",)
    assert rules.visibility(rules.stranger(), "any", Context()).everything
    assert not rules.read_only


@pytest.mark.parametrize(
    ("members", "anonymous", "detail"),
    [
        ({"ops": "operator"}, None, "does not say who vouches"),
        ({"ldap:ops": "operator"}, None, "does not say who vouches"),
        ({"local:": "operator"}, None, "does not say who vouches"),
        ({"local:ops": "gone"}, None, "has the role 'gone'"),
        ({}, "gone", "anonymous is 'gone'"),
    ],
)
def test_members_without_a_source_or_a_role_are_refused(
    members: dict[str, str], anonymous: str | None, detail: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        check(Rules(roles=resolve({}), members=members, anonymous=anonymous))
    assert detail in caught.value.detail
    roles, sources = "admin, auditor, operator, viewer", "htpasswd, local, oidc, oidc-group"
    assert roles in caught.value.remedy or sources in caught.value.remedy
    good = Rules(roles=resolve({}), members={"local:ops": "operator"}, anonymous="viewer")
    assert check(good) is good


def test_every_rule_has_a_sentence() -> None:
    assert set(reasons.SENTENCES) == set(Why)
    facts = reasons.facts(
        Decision(
            outcome=Outcome.DENY,
            why=Why.OTHER_NETWORK,
            role="ops",
            networks=("a", "b"),
            factor_age=90.0,
        )
    )
    assert facts == {"role": "ops", "networks": "a, b", "age": "90s"}
    assert reasons.facts(Decision(outcome=Outcome.DENY, why=Why.NO_ROLE)) == {
        "role": "",
        "networks": "",
        "age": "",
    }
    said = {why: reasons.SENTENCES[why].format(**facts) for why in Why}
    assert said == {
        Why.GRANTED: "Role ops allows this.",
        Why.READ_ONLY: "This console is read-only.",
        Why.NO_ROLE: "You have no role.",
        Why.FORBIDDEN: "Role ops forbids this.",
        Why.SAME_PERSON: "Another person has to approve it.",
        Why.NOT_GRANTED: "Not allowed for role ops.",
        Why.OTHER_SERVER: "Role ops does not apply to this server.",
        Why.OTHER_QUEUE: "Role ops does not cover this queue.",
        Why.OTHER_NETWORK: "Only from these networks: a, b.",
        Why.NO_FACTOR: "Needs a second factor verified in the last 90s.",
        Why.OLD_FACTOR: "Needs a second factor verified in the last 90s.",
        Why.ONE_PERSON: "Needs approval by a second person.",
    }


def test_a_stranger_is_told_to_sign_in() -> None:
    denied = Decision(outcome=Outcome.DENY, why=Why.NOT_GRANTED, role="viewer")
    assert reasons.sentence(denied) == "Not allowed for role {role}."
    assert reasons.sentence(denied, signed_in=False) == "You are not signed in."
    closed = Decision(outcome=Outcome.DENY, why=Why.READ_ONLY)
    assert "read-only" in reasons.sentence(closed, signed_in=False)
    factor = Decision(outcome=Outcome.NEEDS_FACTOR, why=Why.NO_FACTOR)
    assert "second factor" in reasons.sentence(factor, signed_in=False)
    queue = Decision(outcome=Outcome.DENY, why=Why.OTHER_QUEUE)
    assert reasons.sentence(queue, every_queue=True) == "Role {role} does not cover every queue."
    assert reasons.sentence(queue) == "Role {role} does not cover this queue."
    off = Decision(outcome=Outcome.DENY, why=Why.FORBIDDEN, setting="flush")
    assert reasons.sentence(off) == "Flushing this server is turned off."
    assert reasons.sentence(off, signed_in=False) == "Flushing this server is turned off."
    scope = Decision(outcome=Outcome.DENY, why=Why.NOT_GRANTED, setting="token")
    assert reasons.sentence(scope, every_queue=True) == "This token does not allow it."
    assert reasons.sentence(denied, every_queue=True) == "Not allowed for role {role}."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (90, "90s"),
        (600, "10m"),
        (3600, "1h"),
        (5400, "90m"),
        (86400, "1d"),
        (90000, "25h"),
    ],
)
def test_an_age_is_written_as_settings_write_it(seconds: float, text: str) -> None:
    assert reasons.written_age(seconds) == text
