"""Both kinds of the console's database."""

from __future__ import annotations

from tests.storage.conftest import postgres, url

__all__ = ["postgres", "url"]
