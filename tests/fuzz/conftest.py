"""``--fuzz`` starts the long runs, for which atheris must be there: ``make fuzz``."""

from __future__ import annotations

import pytest

from .targets import TARGETS


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz", action="store_true", help="run the fuzzers of tests/fuzz")
    group.addoption(
        "--fuzz-seconds", type=int, default=180, help="how long all of them take together"
    )


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> int:
    """How long one target is to be fuzzed."""
    if not request.config.getoption("--fuzz", default=False):
        pytest.skip("takes minutes: make fuzz")
    total: int = request.config.getoption("--fuzz-seconds")
    return max(1, total // len(TARGETS))
