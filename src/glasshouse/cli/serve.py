"""``glasshouse serve``: the console."""

from __future__ import annotations

import os

from glasshouse.cli.loop import run
from glasshouse.cli.options import (
    ConfigFile,
    ConsoleListen,
    EngineFolder,
    RedisUrl,
    ServerUrl,
    StateFolder,
    WebUrl,
)
from glasshouse.settings.console import ConsoleSettings
from glasshouse.settings.file import ServerOptions, settings_of


def serve(
    *,
    config: ConfigFile = None,
    engine: EngineFolder = None,
    server: ServerUrl = None,
    web: WebUrl = None,
    redis: RedisUrl = None,
    listen: ConsoleListen = None,
    state: StateFolder = None,
) -> None:
    """Serve the console over embedded work servers or real Faktories.

    Without a settings file everybody may look, and nobody can sign in.

    \b
    Examples:
      glasshouse serve --engine /var/lib/jobs
      glasshouse serve --engine /var/lib/jobs --listen 127.0.0.1:8080
      glasshouse serve --server tcp://faktory:7419 --web http://faktory:7420
      glasshouse serve --server tcp://127.0.0.1:7419 --redis unix:///var/lib/faktory/db/redis.sock
      glasshouse serve -c /etc/glasshouse.toml
    """  # noqa: D301 - click reads the \b
    # Loaded by who needs it: it takes a while.
    from glasshouse.app import console as app  # noqa: PLC0415

    named = ServerOptions(engine, server, web, redis)

    def read() -> ConsoleSettings:
        return settings_of(config, named, listen=listen, environ=os.environ, state=state)

    run(app.console(read(), None if config is None else read))
