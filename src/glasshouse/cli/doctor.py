"""``glasshouse doctor``: is everything as it should be?"""

from __future__ import annotations

import asyncio
import os

import msgspec
import typer

from glasshouse.cli.options import (
    AsJson,
    ConfigFile,
    ConsoleListen,
    EngineFolder,
    RedisUrl,
    ServerUrl,
    StateFolder,
    WebUrl,
)
from glasshouse.settings.file import ServerOptions, settings_of


def doctor(
    *,
    config: ConfigFile = None,
    engine: EngineFolder = None,
    server: ServerUrl = None,
    web: WebUrl = None,
    redis: RedisUrl = None,
    listen: ConsoleListen = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Try everything that a console would need, say how it stands and what to do.

    Checks the settings, who may read and write files, the state folder, the address, and
    of each server its ports, passwords, version, clock and pages. Changes nothing, and makes
    nothing. With --json each check is an object on a line of its own. Exit 0: nothing is
    wrong. 1: something is.

    \b
    Examples:
      glasshouse doctor -c /etc/glasshouse.toml
      glasshouse doctor -c /etc/glasshouse.toml --state /var/lib/glasshouse
      glasshouse doctor --server tcp://faktory:7419 --web http://faktory:7420
    """  # noqa: D301 - click reads the \b
    # Loaded by who needs it: it takes a while.
    from glasshouse.app import doctor as app  # noqa: PLC0415

    settings = settings_of(
        config,
        ServerOptions(engine, server, web, redis),
        listen=listen,
        environ=os.environ,
        state=state,
    )
    if state is not None:
        # Who names a folder wants to know of it, also where a console would keep nothing.
        keeping = msgspec.structs.replace(settings.keeping, state=state, wanted=True)
        settings = msgspec.structs.replace(settings, keeping=keeping)
    if not asyncio.run(app.doctor(settings, config, as_json=as_json)):
        raise typer.Exit(1)
