"""Options that several commands share."""

from __future__ import annotations

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
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
