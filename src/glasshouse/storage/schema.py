"""The tables of a database, created or brought up to date.

A new database gets the current tables, an existing one is migrated, and one that is up to
date, as on most starts, is left alone: Alembic is slow to load and is loaded only to migrate.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import sqlalchemy as sa

from glasshouse.storage.tables import LEDGER_HEAD, METADATA

if TYPE_CHECKING:
    import alembic.config

NEWEST = "009"
"""The version of ``tables``: the newest of ``migrations``."""
_ID_BYTES = 32
# As Alembic creates it: the migrations continue from it.
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class UnknownVersionError(Exception):
    """The tables have an unknown version: a newer Glasshouse created them."""


def bring_up_to_date(connection: sa.Connection) -> None:
    """Create the tables, or migrate them.

    Raises:
        UnknownVersionError: a newer Glasshouse created them.
    """
    there = set(sa.inspect(connection).get_table_names())
    if there.isdisjoint({*METADATA.tables, _VERSION.name}):
        _make(connection)
    elif _VERSION.name not in there or _versions(connection) != {NEWEST}:
        _migrate(connection)


def migrations() -> alembic.config.Config:
    """Return the configuration of the table versions."""
    import alembic.config  # noqa: PLC0415 - see above

    config = alembic.config.Config()
    config.set_main_option("script_location", "glasshouse.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _versions(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(_VERSION.c.version_num)).scalars())


def _make(connection: sa.Connection) -> None:
    METADATA.create_all(connection, checkfirst=False)
    ledger_id = secrets.token_bytes(_ID_BYTES)
    head = {"id": ledger_id, "seq": 0, "digest": ledger_id}
    connection.execute(sa.insert(LEDGER_HEAD).values(head))
    _VERSION.create(connection)
    connection.execute(sa.insert(_VERSION).values(version_num=NEWEST))


def _migrate(connection: sa.Connection) -> None:
    import alembic.command  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415

    config = migrations()
    config.attributes["connection"] = connection
    try:
        alembic.command.upgrade(config, "head")
    except CommandError as error:
        raise UnknownVersionError(str(error)) from error
