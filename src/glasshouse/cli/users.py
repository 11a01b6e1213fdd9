"""``glasshouse users``: the local accounts of a console."""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from glasshouse.cli.opened import opened
from glasshouse.cli.options import AsJson, ConfigFile, StateFolder
from glasshouse.model.errors import SettingsError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from glasshouse.storage.database import Database

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]


def add(
    name: Name,
    *,
    role: Annotated[str, typer.Option(metavar="ROLE", help="What the account may do.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    config: ConfigFile = None,
    state: StateFolder = None,
) -> None:
    """Add an account; its role is the membership of local:NAME.

    \b
    Examples:
      glasshouse users add ops --role operator
      glasshouse users add ci --role viewer --password-stdin < password.txt
    """  # noqa: D301 - click reads the \b
    from glasshouse.identity import passwords  # noqa: PLC0415 - it takes a while
    from glasshouse.storage import accounts  # noqa: PLC0415

    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name[:80]!r} cannot be the name of an account.",
            remedy="Use letters, digits, and . _ @ -; at most 64 of them.",
        )
    with opened(config, state) as (database, rules, _):
        if role not in rules.roles:
            raise SettingsError(
                f"There is no role {role[:80]!r}.",
                remedy=f"The roles are {', '.join(sorted(rules.roles))}.",
            )
        if f"local:{name}" in rules.members:
            raise SettingsError(
                f"The settings name local:{name} already.",
                remedy="Take it out of [members]: the account has its role from this command.",
            )
        password = _password(from_stdin=password_stdin)
        stored = passwords.hashed(password, secrets.token_bytes(passwords.SALT_BYTES))
        account = accounts.Account(name=name, password=stored, role=role, created_at=time.time())
        _recorded(database, "added", name, lambda db: accounts.add(db, account), role=role)
    typer.echo(f"Added {name} with the role {role}.")


def everybody(
    *, config: ConfigFile = None, state: StateFolder = None, as_json: AsJson = False
) -> None:
    """List the accounts, their roles and their second factors.

    \b
    Example:
      glasshouse users list --json
    """  # noqa: D301 - click reads the \b
    from glasshouse.storage import accounts, factors  # noqa: PLC0415 - it takes a while

    with opened(config, state, new=False) as (database, _, _):
        rows = [
            (account, database.call(factors.of, accounts.SOURCE + account.name))
            for account in database.call(accounts.everybody)
        ]
    if as_json:
        listed = [
            {
                "name": account.name,
                "role": account.role,
                "created_at": account.created_at,
                "totp": held.totp is not None,
                "passkeys": len(held.passkeys),
                "recovery_codes": held.recovery,
            }
            for account, held in rows
        ]
        typer.echo(msgspec.json.encode(listed))
        return
    for account, held in rows:
        parts = ["authenticator app"] if held.totp else []
        parts += [f"{len(held.passkeys)} passkeys"] if held.passkeys else []
        typer.echo(f"{account.name}  {account.role}  {', '.join(parts) or 'no second factor'}")
    if not rows:
        typer.echo("There are no accounts; add one with glasshouse users add NAME --role ROLE.")


def remove(name: Name, *, config: ConfigFile = None, state: StateFolder = None) -> None:
    """Remove an account; its sessions and tokens end at once.

    \b
    Example:
      glasshouse users remove ops
    """  # noqa: D301 - click reads the \b
    from glasshouse.storage import accounts  # noqa: PLC0415 - it takes a while

    with opened(config, state, new=False) as (database, _, _):
        _recorded(database, "removed", name, lambda db: accounts.remove(db, name))
    typer.echo(f"Removed {name}.")


def reset_factor(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An account, or a name like htpasswd:ops.")
    ],
    *,
    config: ConfigFile = None,
    state: StateFolder = None,
) -> None:
    """Take all second factors of a person away, so that others can be set up.

    Sessions end at once, and so do tokens that a second factor was exchanged for.

    \b
    Examples:
      glasshouse users reset-factor ops
      glasshouse users reset-factor oidc:jane
    """  # noqa: D301 - click reads the \b
    from glasshouse.storage import accounts, ends  # noqa: PLC0415 - it takes a while

    actor = name if ":" in name else accounts.SOURCE + name
    with opened(config, state, new=False) as (database, _, _):
        if ":" not in name and database.call(accounts.find, name) is None:
            raise SettingsError(
                f"There is no account {name[:80]!r}.", remedy="See glasshouse users list."
            )

        _recorded(database, "factors reset", actor, lambda db: ends.reset_factors(db, actor))
    typer.echo(f"{actor} has no second factor any more, and is signed out everywhere.")


def _recorded(
    database: Database, what: str, name: str, change: Callable[[sa.Connection], object], **more: str
) -> None:
    """Change something about an account and record it: both, or neither."""
    from glasshouse.app.shell import shell  # noqa: PLC0415 - it takes a while
    from glasshouse.ledger.record import Event, Record  # noqa: PLC0415
    from glasshouse.storage import ledger  # noqa: PLC0415

    account = name if ":" in name else f"local:{name}"
    detail = {"action": what, "account": account, **more}
    record = Record(event=Event.ACCOUNT, at=time.time(), who=shell(), detail=detail)

    def both(db: sa.Connection) -> None:
        change(db)
        ledger.append(db, record)

    database.call(both)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.read().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise SettingsError(
            "There is no terminal to ask for the password.", remedy="Give it with --password-stdin."
        )
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def group() -> typer.Typer:
    """Return ``users`` with its commands."""
    made = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Look after the local accounts."
    )
    made.command()(add)
    made.command("list")(everybody)
    made.command()(remove)
    made.command()(reset_factor)
    return made
