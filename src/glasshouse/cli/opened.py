"""What commands about a console's state work with: its database, its rules, its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glasshouse.model.errors import SettingsError

if TYPE_CHECKING:
    from glasshouse.policy.rules import Rules
    from glasshouse.storage.database import Database


@contextmanager
def opened(
    config: Path | None, state: Path | None, *, new: bool = True
) -> Iterator[tuple[Database, Rules, Path]]:
    """Yield the database, the rules and the state folder of the console that options name.

    Raises:
        SettingsError: the settings are wrong, or there is no place for the state; or there is
            no database in the state folder, and ``new`` forbids to make one.
        StoreError: the database cannot be used.
    """
    from glasshouse.app.people import open_database, state_of  # noqa: PLC0415 - it takes a while
    from glasshouse.policy.rules import default_rules  # noqa: PLC0415
    from glasshouse.settings.console import ConsoleState  # noqa: PLC0415
    from glasshouse.settings.file import read_settings  # noqa: PLC0415
    from glasshouse.storage.database import database_file  # noqa: PLC0415

    keeping, rules = ConsoleState(state=state), default_rules()
    if config is not None:
        settings = read_settings(config, environ=os.environ, state=state)
        keeping, rules = settings.keeping, settings.access.rules
    if not new and keeping.database is None and not database_file(state_of(keeping)).exists():
        raise SettingsError(
            f"There is no console's database in {state_of(keeping)}.",
            remedy="Name the console's folder with --state, or its settings with -c.",
        )
    database = open_database(keeping)
    try:
        yield database, rules, state_of(keeping)
    finally:
        database.close()
