"""What holds for every test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import steady

# How long making an example takes says how busy the machine is, and nothing of a test.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_STALLS = pytest.StashKey["subprocess.Popen[bytes]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stalls", type=int, nargs="?", const=0, metavar="SEED",
        help="let processes of the tests stand still now and then (Linux)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    seed: int | None = config.getoption("--stalls")
    if seed is not None and not hasattr(config, "workerinput"):  # once for all workers
        command = [sys.executable, "-m", "tests.stalls", str(os.getpid()), str(seed)]
        config.stash[_STALLS] = subprocess.Popen(command, stderr=subprocess.DEVNULL)


def pytest_unconfigure(config: pytest.Config) -> None:
    stalls = config.stash.get(_STALLS, None)
    if stalls is not None:
        stalls.send_signal(signal.SIGINT)  # whoever is stopped goes on
        stalls.wait()


@pytest.fixture(autouse=True, scope="session")
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the state of commands that are started out of the home of who runs the tests."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(autouse=True, scope="session")
def bounds_are_wide() -> Iterator[None]:
    """Make the product's own bounds of time so wide that no busy machine reaches them."""
    with steady.wide_bounds():
        yield
