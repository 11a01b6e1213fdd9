"""``glasshouse serve``: the console."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from glasshouse.app import console as app
from glasshouse.cli.options import ConsoleListen
from glasshouse.model.errors import SettingsError
from glasshouse.settings import CONSOLE, ConsoleSettings, parse_listen


def serve(
    *,
    engine: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Data folder of an embedded work server; started if none runs."
        ),
    ] = None,
    listen: ConsoleListen = None,
) -> None:
    """Serve the console over an embedded work server, for looking only.

    \b
    Examples:
      glasshouse serve --engine /var/lib/jobs
      glasshouse serve --engine /var/lib/jobs --listen 127.0.0.1:8080
    """  # noqa: D301 - click reads the \b
    if engine is None:
        raise SettingsError(
            "This version serves the embedded work server only, and none was named.",
            remedy="Name its data folder: glasshouse serve --engine DIR.",
        )
    where = parse_listen(listen, CONSOLE, option="--listen")
    asyncio.run(app.console(ConsoleSettings(engine=engine.absolute(), listen=where)))
