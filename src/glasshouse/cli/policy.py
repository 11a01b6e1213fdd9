"""``glasshouse policy``: whether the rules have a meaning, and what one decision comes to."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from glasshouse.cli.options import AsJson, ConfigFile
from glasshouse.model.access import Actor, Context, Decision, IPAddress, Outcome
from glasshouse.model.errors import SettingsError
from glasshouse.model.operation import SERVER_WIDE, Operation, Target
from glasshouse.policy import reasons
from glasshouse.policy.roles import Role, parse_age
from glasshouse.policy.rules import FLUSH_IS_OFF, Rules, default_rules
from glasshouse.settings import SERVER

EXITS = {
    Outcome.ALLOW: 0,
    Outcome.DENY: 3,
    Outcome.NEEDS_FACTOR: 4,
    Outcome.NEEDS_SECOND_PERSON: 5,
}
_WORDS = {
    Outcome.ALLOW: "allowed",
    Outcome.DENY: "denied",
    Outcome.NEEDS_FACTOR: "needs a second factor",
    Outcome.NEEDS_SECOND_PERSON: "needs a second person",
}


def check(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check the roles and members of the settings, and print what each role comes to.

    \b
    Examples:
      glasshouse policy check -c /etc/glasshouse.toml
      glasshouse policy check --json
    """  # noqa: D301 - click reads the \b
    rules, _ = _rules(config)
    if as_json:
        summary = {
            "roles": {name: _told(role) for name, role in rules.roles.items()},
            "members": dict(rules.members),
            "anonymous": rules.anonymous,
            "read_only": rules.read_only,
        }
        typer.echo(msgspec.json.encode(summary))
        return
    for role in rules.roles.values():
        typer.echo(f"{role.name}:")
        for name, value in _told(role).items():
            typer.echo(f"  {name}: {_written(value)}")
    for member, name in rules.members.items():
        typer.echo(f"{member} is {name}")
    typer.echo(f"Who is not signed in is {rules.anonymous or 'nobody'}.")


def explain(
    *,
    role: Annotated[str, typer.Option(metavar="ROLE", help="Who asks.")],
    address: Annotated[str, typer.Option("--from", metavar="IP", help="From where.")],
    operation: Annotated[str, typer.Option(metavar="NAME", help="What for: job.retry, …")],
    config: ConfigFile = None,
    queue: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="In which queue; without it, in every queue."),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What can be done on this server; without it, what the roles come to.",
        ),
    ] = None,
    factor_age: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="How long ago the second factor was shown: 90s, 5m, 2h."),
    ] = None,
    approved: Annotated[
        bool, typer.Option("--approved", help="A second person has approved it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Explain one decision: what it is, and the rule that made it.

    Exit 0: allowed. 3: denied. 4: needs a second factor. 5: needs a second person.
    2: there is no such role or operation.

    \b
    Examples:
      glasshouse policy explain --role operator --from 127.0.0.1 --operation job.retry
      glasshouse policy explain --role admin --from 10.20.0.7 --operation queue.clear \\
        --queue mailers --factor-age 5m
    """  # noqa: D301 - click reads the \b
    rules, servers = _rules(config)
    if role not in rules.roles:
        raise SettingsError(
            f"There is no role {role[:80]!r}.",
            remedy=f"The roles are {', '.join(sorted(rules.roles))}.",
        )
    wanted, where = _operation(operation), _server(server, servers)
    if wanted in SERVER_WIDE:
        # No queue stands for it: who may do it covers every one.
        queue = None
    question = (
        Actor(name="local:somebody", roles=(role,)),
        wanted,
        Target(server=where, queue=queue),
        Context(
            address=_address(address),
            factor_age=None if factor_age is None else parse_age(factor_age),
            approved=approved,
        ),
    )
    beyond = rules.beyond(wanted, where)
    # Of a server that is named it is said what can be done there, else what the roles come to.
    decision = rules.by_role(*question) if server is None else rules.decide(*question)
    _print(decision, queue, where, beyond, as_json=as_json)
    raise typer.Exit(EXITS[decision.outcome])


def _print(
    decision: Decision, queue: str | None, server: str, beyond: Decision | None, *, as_json: bool
) -> None:
    """Say what it comes to, and why nobody can do it on ``server``, if that is so."""
    sentence = reasons.sentence(decision, every_queue=queue is None).format(
        **reasons.facts(decision)
    )
    rule = f"roles.{decision.role}.{decision.setting}" if decision.role else decision.why.value
    if as_json:
        answer = {
            "outcome": decision.outcome,
            "why": decision.why,
            "role": decision.role,
            "rule": rule,
            "detail": sentence,
            "reason_needed": decision.needs_reason,
        }
        if beyond is not None:
            answer["switched_off" if beyond == FLUSH_IS_OFF else "only_watched"] = True
        typer.echo(msgspec.json.encode(answer))
        return
    also = " A reason must be given." if decision.needs_reason else ""
    typer.echo(f"{_WORDS[decision.outcome]}: {sentence} ({rule}){also}")
    if beyond == FLUSH_IS_OFF:
        typer.echo(f"It is switched off on {server}: nobody can do it there before flush = true.")
    elif beyond is not None:
        typer.echo(f"Nobody can do it on {server}: operations work on the embedded server.")


def _rules(config: Path | None) -> tuple[Rules, tuple[str, ...]]:
    if config is None:
        return default_rules(), (SERVER,)
    # Loaded by who needs it: it takes a while.
    from glasshouse.settings.file import read_settings  # noqa: PLC0415

    settings = read_settings(config, environ=os.environ)
    return settings.access.rules, tuple(server.name for server in settings.servers)


def _server(given: str | None, servers: tuple[str, ...]) -> str:
    if given is not None and given not in servers:
        raise SettingsError(
            f"There is no server {given[:80]!r}.", remedy=f"The servers are {', '.join(servers)}."
        )
    return servers[0] if given is None else given


def _operation(text: str) -> Operation:
    try:
        return Operation(text)
    except ValueError:
        raise SettingsError(
            f"There is no operation {text[:80]!r}.",
            remedy=f"The operations are {', '.join(Operation)}.",
        ) from None


def _address(text: str) -> IPAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise SettingsError(
            f"--from {text[:80]!r} is no address.", remedy="Write one like 10.20.0.7 or ::1."
        ) from None


def _told(role: Role) -> dict[str, object]:
    age = role.factor_age
    return {
        "allow": role.allow,
        "deny": role.deny,
        "servers": role.servers,
        "queues": role.queues,
        "networks": "anywhere" if role.networks is None else tuple(map(str, role.networks)),
        "factor_age": "none" if age is None else reasons.written_age(age),
        "second_person": role.second_person,
        "approve": role.approve,
        "reason": role.reason,
        "see": (*(f"queues:{glob}" for glob in role.shows), *sorted(role.visibilities)),
        "redact": tuple(
            f"{'' if rule.jobtype == '*' else rule.jobtype + ':'}{'.'.join(rule.path)}"
            for rule in role.redact
        ),
    }


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value)


def group() -> typer.Typer:
    """Return ``policy`` with its commands."""
    made = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Check and explain who may do what."
    )
    made.command()(check)
    made.command()(explain)
    return made
