"""``glasshouse serve``: the console."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from glasshouse.app import console as app
from glasshouse.cli.options import ConsoleListen
from glasshouse.settings import CONSOLE, one_server, parse_listen


def serve(
    *,
    engine: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Data folder of an embedded work server; started if none runs."
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A real Faktory's command port: tcp://[:PASSWORD@]HOST:7419, or tcp+tls://.",
        ),
    ] = None,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Its Web UI, http://HOST:7420: where its jobs are listed. With --server.",
        ),
    ] = None,
    redis: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Its Redis, for looking: unix:///PATH/redis.sock or redis://USER:PASSWORD@HOST.",
        ),
    ] = None,
    listen: ConsoleListen = None,
) -> None:
    """Serve the console over an embedded work server or a real Faktory, for looking only.

    \b
    Examples:
      glasshouse serve --engine /var/lib/jobs
      glasshouse serve --engine /var/lib/jobs --listen 127.0.0.1:8080
      glasshouse serve --server tcp://faktory:7419 --web http://faktory:7420
      glasshouse serve --server tcp://127.0.0.1:7419 --redis unix:///var/lib/faktory/db/redis.sock
    """  # noqa: D301 - click reads the \b
    where = parse_listen(listen, CONSOLE, option="--listen")
    asyncio.run(app.console(one_server(where, engine, server, web, redis)))
