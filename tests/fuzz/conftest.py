"""The long fuzz runs: only with ``--fuzz``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--fuzz"):
        return
    skip = pytest.mark.skip(reason="long: make fuzz")
    for item in items:
        if "seconds" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> int:
    """How long one target is fuzzed."""
    return int(request.config.getoption("--fuzz-seconds"))
