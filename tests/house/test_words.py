"""No file of the project names a package registry or a path of somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written so that no pattern matches itself.
REGISTRY = r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|jfrog|crates)\.(?:org|com|io)\b"
MACHINE = r"(?<![\w.])/(?:root|work|Users)/|file:/{2,3}\w|(?<![\w.])/opt/(?:wheels|pypi)"
UNWANTED = re.compile(f"{REGISTRY}|{MACHINE}")


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        return []
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def unwanted(text: str) -> list[str]:
    """Return each unwanted word with its line."""
    return [
        f"line {number}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := UNWANTED.search(line))
    ]


def test_no_tracked_file_names_a_registry_or_a_machine() -> None:
    files = _tracked()
    if not files:
        pytest.skip("not a git checkout")
    found = {
        str(path.relative_to(ROOT)): words
        for path in files
        if (words := unwanted(path.read_text("utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "planted",
    [
        "--index-url https://{}.org/simple".format("pypi"),
        '"resolved": "https://registry.{}.org/x.tgz"'.format("npmjs"),
        "see /{}/main/src".format("work"),
        "--find-links {}///wheels".format("file:"),
    ],
)
def test_the_check_finds_what_is_planted(planted: str) -> None:
    assert unwanted(planted)
