"""Both kinds of the console's database."""

from __future__ import annotations

from tests.storage.conftest import database, postgres, url

__all__ = ["database", "postgres", "url"]
