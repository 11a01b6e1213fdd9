"""Commands are run as programs that need not read everything anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .command import forking


@pytest.fixture(autouse=True, scope="session")
def commands() -> Iterator[None]:
    with forking():
        yield
