"""``glasshouse engine``: the embedded work server alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from glasshouse.app import engine as app
from glasshouse.cli import upkeep
from glasshouse.cli.loop import run
from glasshouse.cli.options import UntilStdinCloses
from glasshouse.model.errors import SettingsError
from glasshouse.settings import (
    FAKTORY,
    EngineSettings,
    Listen,
    parse_listen,
    read_password,
    require_password_beyond_loopback,
    state_folder,
    tls_files,
)


def engine(
    context: typer.Context,
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where Faktory clients reach it; port 0 is any free one. Default 127.0.0.1:7419.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where jobs are kept. Default: engine in the state folder.",
            show_default=False,
        ),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            help="What clients must know. Other users see it in the process list; without it "
            "and without a file, FAKTORY_PASSWORD counts."
        ),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that holds the password.")
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Speak TLS: the certificate and its chain (PEM)."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate's private key (PEM).")
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Start on a damaged journal, with what is readable; the damaged files are kept.",
        ),
    ] = False,
    or_free_port: Annotated[bool, typer.Option("--or-free-port", hidden=True)] = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run the embedded work server: Faktory's protocol, jobs kept safely in one folder.

    \b
    Examples:
      glasshouse engine
      glasshouse engine --data /var/lib/jobs --listen 127.0.0.1:7500
      glasshouse engine --listen 0.0.0.0:7419 --password-file /etc/glasshouse/password
      glasshouse engine --tls-cert /etc/glasshouse/cert.pem --tls-key /etc/glasshouse/key.pem
      glasshouse engine check /var/lib/jobs
      glasshouse engine backup /var/lib/jobs /backup/jobs.db
      glasshouse engine salvage /var/lib/jobs /backup/salvaged.db
    """  # noqa: D301 - click reads the \b
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    secret = read_password(password, password_file, os.environ)
    where = parse_listen(listen, FAKTORY, option="--listen")
    require_password_beyond_loopback(
        where.address,
        secret,
        option="--listen",
        remedy="Add --password-file FILE, or listen on 127.0.0.1.",
    )
    settings = EngineSettings(
        data=(data or state_folder(os.environ) / "engine").absolute(),
        listen=Listen(where.address, asked=where.asked and not or_free_port),
        password=secret,
        tls=tls_files(tls_cert, tls_key),
        accept_loss=accept_loss,
    )
    run(app.engine(settings, until_stdin_closes=until_stdin_closes))


def _refuse_options(context: typer.Context) -> None:
    """Raise ``SettingsError`` if the server's options were given to another command."""
    given = [name for name, value in context.params.items() if value not in {None, False}]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise SettingsError(
            f"{option} is for running the engine, not for `engine {context.invoked_subcommand}`.",
            remedy="Remove it.",
        )


def group() -> typer.Typer:
    """Return ``engine``: alone it runs the server, with a word behind it looks after one."""
    made = typer.Typer(rich_markup_mode=None)
    made.callback(invoke_without_command=True)(engine)
    made.command()(upkeep.check)
    made.command()(upkeep.backup)
    made.command()(upkeep.salvage)
    return made
