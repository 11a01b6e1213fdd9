"""``glasshouse engine check``, ``backup`` and ``salvage``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glasshouse.app import upkeep as app
from glasshouse.cli.options import AsJson

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The engine's data folder.")]


def check(folder: Folder, *, as_json: AsJson = False) -> None:
    """Say whether everything in an engine's data folder is sound. Changes nothing.

    Looks at every page and every job, at the counters, the free space and the
    rights on the files. An engine may run on the folder. Exit 0: all is well.
    1: something is wrong, and it says what and what to do.

    \b
    Examples:
      glasshouse engine check /var/lib/jobs
      glasshouse engine check --json /var/lib/jobs
    """  # noqa: D301 - click reads the \b
    if not app.check_folder(folder, as_json=as_json):
        raise typer.Exit(1)


def backup(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy an engine's jobs into one file, running or not.

    The file holds everything that the engine keeps, as it is at one moment. It
    appears when it is whole, checked and on the disk. To restore it, put it as
    engine.db into an empty folder.

    \b
    Examples:
      glasshouse engine backup /var/lib/jobs /backup/jobs.db
      glasshouse engine backup /var/lib/jobs /backup/jobs.db --force
    """  # noqa: D301 - click reads the \b
    app.back_up(folder, file, force=force, as_json=as_json)


def salvage(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a backup of what is readable where the journal is damaged.

    The folder stays as it is. Says which records of the journal could not be read:
    jobs that only those brought are missing from the copy, and jobs that only those
    took away are there still and run again. Exit 1 when something was lost.

    \b
    Examples:
      glasshouse engine salvage /var/lib/jobs /backup/salvaged.db
      glasshouse engine salvage --json /var/lib/jobs /backup/salvaged.db
    """  # noqa: D301 - click reads the \b
    if not app.salvage(folder, file, force=force, as_json=as_json):
        raise typer.Exit(1)
