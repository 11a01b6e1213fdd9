"""Both kinds of database: a file of SQLite, and one of a PostgreSQL that all tests here share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa

from glasshouse.storage import database as opening
from glasshouse.storage.database import Database, sqlite_url

from .postgres import Postgres, needs_postgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database in which nothing is yet."""
    return _new(request, request.param, tmp_path)


@pytest.fixture
def another_url(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of one more, of the same kind."""
    return _new(request, url.partition(":")[0], tmp_path / "another")


def _new(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return sqlite_url(folder)
    server: Postgres = request.getfixturevalue("postgres")
    return server.another()


@contextlib.contextmanager
def at_version(url: str, version: str) -> Iterator[sa.Connection]:
    """Yield a connection to a new database as it was at a version; what is done there is kept."""
    engine = opening.engine_of(opening.address_of(url))
    with engine.begin() as connection:
        config = alembic.config.Config()
        config.set_main_option("script_location", "glasshouse.storage:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, version)
        yield connection
    engine.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()
