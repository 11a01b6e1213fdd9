"""``glasshouse demo``, and the hidden command of its workload process."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from glasshouse.cli.loop import run
from glasshouse.cli.options import ConsoleListen, UntilStdinCloses
from glasshouse.settings import (
    CONSOLE,
    FAKTORY,
    DemoSettings,
    parse_address,
    parse_listen,
    require_password_beyond_loopback,
    state_folder,
)
from glasshouse.settings.console import hosts_in


def demo(
    *,
    listen: ConsoleListen = None,
    faktory: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where the work server answers; port 0 is any free one. Default 127.0.0.1:7419.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The demo's own folder. Default: demo in the state folder.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=1_000_000,
            help="Begin anew with so many jobs in queues. Default 400 (quiet: 80).",
            show_default=False,
        ),
    ] = None,
    quiet_workload: Annotated[
        bool,
        typer.Option("--quiet-workload", help="A fixed set of jobs; nothing moves by itself."),
    ] = False,
) -> None:
    """Run a work server, a shop that keeps it busy, and the console over it.

    \b
    Examples:
      glasshouse demo
      glasshouse demo --listen 127.0.0.1:8080 --faktory 127.0.0.1:0
      glasshouse demo --quiet-workload --data /tmp/shop
    """  # noqa: D301 - click reads the \b
    work = parse_listen(faktory, FAKTORY, option="--faktory")
    require_password_beyond_loopback(
        work.address,
        None,
        option="--faktory",
        remedy="The demo's work server has no password: listen on 127.0.0.1.",
    )
    settings = DemoSettings(
        data=(data or state_folder(os.environ) / "demo").absolute(),
        listen=parse_listen(listen, CONSOLE, option="--listen"),
        faktory=work,
        jobs=jobs,
        quiet=quiet_workload,
        hosts=hosts_in(os.environ),
    )
    # Of the console nothing is loaded by the commands that have none: it takes a while.
    from glasshouse.app import demo as app  # noqa: PLC0415

    run(app.demo(settings))


def workload(
    *,
    faktory: Annotated[str, typer.Option(metavar="HOST:PORT", help="The work server.")],
    jobs: Annotated[int, typer.Option(min=0, help="Jobs in queues at the start.")] = 0,
    seed: Annotated[bool, typer.Option("--seed", help="Fill an empty server first.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="The fixed set of jobs.")] = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Keep a work server busy as the demo's shop does.

    \b
    Example:
      glasshouse workload --faktory 127.0.0.1:7419 --seed --jobs 400
    """  # noqa: D301 - click reads the \b
    address = parse_address(faktory, option="--faktory")
    from glasshouse.app import workload as app  # noqa: PLC0415

    asyncio.run(
        app.workload(
            address, jobs=jobs, seed=seed, quiet=quiet, until_stdin_closes=until_stdin_closes
        )
    )
