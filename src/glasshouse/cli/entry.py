"""The ``glasshouse`` command, and the one place where errors become exit codes.

Exit 0: done or stopped as asked. 1: it failed. 2: it was asked wrongly.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection
from typing import Annotated, NamedTuple

import typer

from glasshouse.app.announce import say, say_error
from glasshouse.model.errors import GlasshouseError, SettingsError

# Typer carries its own click under a private name; this is click's UsageError.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class _Command(NamedTuple):
    """Where a command is made, and its line in the list of all.

    ``name`` is that of the command in ``module``; with ``group`` it makes a group of commands.
    """

    module: str
    name: str
    help: str
    group: bool = False
    hidden: bool = False


COMMANDS = {
    "demo": _Command(
        "demo", "demo", "Run a work server, a shop that keeps it busy, and the console over it."
    ),
    "serve": _Command(
        "serve", "serve", "Serve the console over embedded work servers or real Faktories."
    ),
    "doctor": _Command(
        "doctor",
        "doctor",
        "Try everything that a console would need, say how it stands and what to do.",
    ),
    "engine": _Command(
        "engine",
        "group",
        "Run the embedded work server: Faktory's protocol, jobs kept safely in one folder.",
        group=True,
    ),
    "users": _Command("users", "group", "Look after the local accounts.", group=True),
    "policy": _Command("policy", "group", "Check and explain who may do what.", group=True),
    "audit": _Command("audit", "group", "Read, verify and sign the audit ledger.", group=True),
    "workload": _Command(
        "demo", "workload", "Keep a work server busy as the demo's shop does.", hidden=True
    ),
}


_SILENT = frozenset({"policy"})
"""Commands that log nothing, nor does anything that they call."""


def build(wanted: Collection[str] = tuple(COMMANDS)) -> typer.Typer:
    """Return the command line; of commands that are not ``wanted`` only names and helps.

    What a command needs is imported with it, and that takes longer than most of them.
    """
    line = typer.Typer(
        name="glasshouse",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    line.callback()(_root)
    for name, command in COMMANDS.items():
        if name in wanted:
            _add(line, name, command)
        else:
            line.command(name, hidden=command.hidden, help=command.help)(_nothing)
    return line


def _add(line: typer.Typer, name: str, command: _Command) -> None:
    group: Callable[..., typer.Typer] = getattr(
        importlib.import_module(f"glasshouse.cli.{command.module}"), command.name
    )
    if command.group:
        line.add_typer(group(), name=name)
    else:
        line.command(name, hidden=command.hidden)(group)


def _nothing() -> None:
    """Stand for a command that is not asked for."""


def main() -> None:
    """Run the command line and exit."""
    try:
        # Options before the command take no values.
        wanted = [word for word in sys.argv[1:] if not word.startswith("-")][:1]
        line = build(wanted)
        if set(wanted) - _SILENT:
            _configure_logs()
        code = line(prog_name="glasshouse", standalone_mode=False)
    except GlasshouseError as error:
        # A child that failed may have told it by itself.
        if not getattr(error, "told", False):
            say_error(error)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except _UsageError as error:
        sys.exit(_wrong_usage(error))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _configure_logs() -> None:
    from glasshouse.app.logs import configure_logs  # noqa: PLC0415 - it takes a while

    configure_logs()


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
    from glasshouse import __version__  # noqa: PLC0415 - it is looked up now

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
