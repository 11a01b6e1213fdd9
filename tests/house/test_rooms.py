"""The pure rooms (ranks 0 and 1) do no I/O, read no clock and draw no random number."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/glasshouse"
PURE = ("model", "wire", "policy", "identity", "ledger", "classic")

# An allow-list: a module that is not here has to be argued for.
ALLOWED = {
    "__future__", "base64", "binascii", "bisect", "calendar", "collections", "dataclasses",
    "datetime", "enum", "fnmatch", "functools", "hashlib", "heapq", "hmac", "html", "ipaddress",
    "itertools", "json", "math", "operator", "re", "string", "struct", "typing", "unicodedata",
    "urllib.parse", "zlib", "msgspec", "glasshouse",
}  # fmt: skip
FORBIDDEN_CALLS = {"open", "input", "print", "exec", "eval", "__import__"}
FORBIDDEN_METHODS = {"now", "utcnow", "today"}


def violations(source: str) -> list[str]:
    """Return what in ``source`` is not pure."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                found.append(f"{node.lineno}: calls {node.func.id}")
            if isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_METHODS:
                found.append(f"{node.lineno}: calls .{node.func.attr}")
        for name in names:
            if name not in ALLOWED and name.split(".")[0] not in ALLOWED:
                found.append(f"imports {name}")
    return found


MODULES = sorted(path for room in PURE for path in (SOURCE / room).glob("**/*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_pure_room_does_no_io(path: Path) -> None:
    assert violations(path.read_text()) == []


def test_there_are_pure_rooms_to_look_at() -> None:
    assert {path.relative_to(SOURCE).parts[0] for path in MODULES} >= {"model", "wire"}


@pytest.mark.parametrize(
    "planted",
    ["import socket", "from time import time", "import os.path", "open('x')",
     "import datetime\ndatetime.datetime.now()", "from random import random", "import asyncio"],
)  # fmt: skip
def test_the_check_finds_a_planted_violation(planted: str) -> None:
    assert violations(planted)
