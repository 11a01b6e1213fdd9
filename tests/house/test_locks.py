"""The locks: complete, hashed, free of addresses, and in agreement with each other."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from minijinja import Environment

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)")


def _blocks(name: str) -> list[str]:
    """Return one block a requirement: its pin and the hashes that follow."""
    text = (ROOT / "requirements" / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines).strip())


def _pins(name: str) -> dict[str, str]:
    found = [PIN.match(block) for block in _blocks(name)]
    assert all(found), f"{name} has a line that is no pin"
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize(("name", "least"), [("run.txt", 10), ("dev.txt", 10), ("fuzz.txt", 1)])
def test_every_requirement_is_pinned_with_hashes(name: str, least: int) -> None:
    blocks = _blocks(name)
    assert len(blocks) >= least
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in "\n".join(blocks)


def test_the_development_lock_holds_the_run_lock_unchanged() -> None:
    run, dev = _pins("run.txt"), _pins("dev.txt")
    assert run.items() <= dev.items()


def test_the_locks_hold_exactly_what_building_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    required = dict(line.split("==") for line in project["build-system"]["requires"])
    assert required.items() <= _pins("run.txt").items()


@pytest.mark.parametrize(("name", "needed"), [("minijinja", (2, 22)), ("joserfc", (1, 7))])
def test_older_versions_that_behave_otherwise_are_not_allowed(
    name: str, needed: tuple[int, ...]
) -> None:
    """MiniJinja wrote Python's True as true, joserfc refused tokens of more than 8,000 bytes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (bound,) = (line for line in project["dependencies"] if line.startswith(name))
    assert tuple(map(int, bound.removeprefix(f"{name}>=").split("."))) >= needed


def test_templates_write_values_as_python_does() -> None:
    assert Environment().render_str("{{ yes }} {{ none }}", yes=True, none=None) == "True None"


@pytest.mark.parametrize("folder", ["frontend", "tests/peers"])
def test_npm_locks_have_hashes_and_no_addresses(folder: str) -> None:
    lock: dict[str, Any] = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
    packages = {name: about for name, about in lock["packages"].items() if name}
    assert packages
    assert [name for name, about in packages.items() if "integrity" not in about] == []
    assert [name for name, about in packages.items() if "resolved" in about] == []
