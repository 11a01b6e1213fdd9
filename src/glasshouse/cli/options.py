"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

UntilStdinCloses = Annotated[
    bool,
    typer.Option("--until-stdin-closes", hidden=True, help="End at the end of standard input."),
]
ConsoleListen = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST:PORT",
        help="Where the console answers; port 0 is any free one. Default 127.0.0.1:7421.",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "-c", "--config", metavar="FILE", help="Settings: glasshouse.toml.", show_default=False
    ),
]
StateFolder = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Where the console keeps accounts and sessions. Default: the state folder.",
        show_default=False,
    ),
]
EngineFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Data folder of an embedded work server; started if none runs."
    ),
]
ServerUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A real Faktory's command port: tcp://[:PASSWORD@]HOST:7419, or tcp+tls://.",
    ),
]
WebUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Its Web UI, http://HOST:7420: where its jobs are listed. With --server.",
    ),
]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Its Redis, for looking: unix:///PATH/redis.sock or redis://USER:PASSWORD@HOST.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
