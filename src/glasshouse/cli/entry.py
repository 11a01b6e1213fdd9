"""The ``glasshouse`` command, and the one place where errors become exit codes.

Exit 0: done or stopped as asked. 1: it failed. 2: it was asked wrongly.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from glasshouse import __version__
from glasshouse.app.announce import configure_logs, say, say_error
from glasshouse.app.child import ChildError
from glasshouse.cli import audit, policy, users
from glasshouse.cli.demo import demo, workload
from glasshouse.cli.doctor import doctor
from glasshouse.cli.engine import engine
from glasshouse.cli.serve import serve
from glasshouse.cli.upkeep import backup, check, salvage
from glasshouse.cli.verify import verify
from glasshouse.model.errors import GlasshouseError, SettingsError

# Typer carries its own click under a private name; this is click's UsageError.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def build() -> typer.Typer:
    """Return the command line with all its commands."""
    line = typer.Typer(
        name="glasshouse",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    line.callback()(_root)
    line.command()(demo)
    line.add_typer(_engine(), name="engine")
    line.command()(serve)
    line.command()(doctor)
    line.add_typer(_users(), name="users")
    line.add_typer(_policy(), name="policy")
    line.add_typer(_audit(), name="audit")
    line.command(hidden=True)(workload)
    return line


def _engine() -> typer.Typer:
    """Return ``engine``: alone it runs the server, with a word behind it looks after one."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True)(engine)
    group.command()(check)
    group.command()(backup)
    group.command()(salvage)
    return group


def _users() -> typer.Typer:
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Look after the local accounts."
    )
    group.command()(users.add)
    group.command("list")(users.everybody)
    group.command()(users.remove)
    group.command()(users.reset_factor)
    return group


def _policy() -> typer.Typer:
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Check and explain who may do what."
    )
    group.command()(policy.check)
    group.command()(policy.explain)
    return group


def _audit() -> typer.Typer:
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Read, verify and sign the audit ledger."
    )
    group.command("list")(audit.latest)
    group.command()(verify)
    group.command()(audit.export)
    group.command()(audit.checkpoint)
    group.command()(audit.archive)
    return group


def main() -> None:
    """Run the command line and exit."""
    configure_logs()
    try:
        code = build()(prog_name="glasshouse", standalone_mode=False)
    except ChildError as error:
        if not error.told:
            say_error(error)
        sys.exit(1)
    except GlasshouseError as error:
        say_error(error)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except _UsageError as error:
        sys.exit(_wrong_usage(error))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _wrong_usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    message = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    path = getattr(context, "command_path", "glasshouse")
    if context is not None and not message:
        say(context.get_help())
    else:
        say(f"glasshouse: {message.rstrip('.')}. See '{path} --help'.")
    return 2


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if not wanted:
        return
    typer.echo(f"glasshouse {__version__}")
    raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it, exit."),
    ] = False,
) -> None:
    """Glasshouse: a dashboard for Faktory that shows everything and lets nobody break it.

    \b
    Examples:
      glasshouse demo
      glasshouse engine --data /var/lib/jobs
      glasshouse serve --engine /var/lib/jobs
    """  # noqa: D301 - click reads the \b
