"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", action="store_true", help="run the long fuzz runs")
    parser.addoption("--fuzz-seconds", default="45", help="seconds for each fuzz target")
