"""The pure rooms (ranks 0 and 1) do no I/O, read no clock and draw no random number."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/glasshouse"
PURE = ("model", "wire", "policy", "identity", "ledger", "faktory_ui")

# An allow-list: a module that is not here has to be argued for.  `glasshouse` itself is
# left to the import contract, which lets these rooms import only `model`.
ALLOWED = {
    "__future__", "array", "base64", "binascii", "bisect", "calendar", "collections", "dataclasses",
    "datetime", "enum", "fnmatch", "functools", "hashlib", "heapq", "hmac", "html", "ipaddress",
    "itertools", "json", "math", "operator", "re", "string", "struct", "textwrap", "typing",
    "unicodedata", "urllib.parse", "zlib", "msgspec", "selectolax", "glasshouse",
    # Of `wire`: finds texts in a text.
    "ahocorasick_rs",
    # Of `identity`: sums alone. What these could draw at random is given to them instead.
    "argon2", "bcrypt", "passlib", "pyotp", "webauthn",
    # Of `ledger`: Ed25519 alone, from a key that is given.
    "cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519",
}  # fmt: skip
FORBIDDEN_NAMES = {"open", "input", "print", "exec", "eval", "breakpoint", "__import__"}
CLOCKS = {"now", "utcnow", "today"}
CLOCK_TYPES = {"datetime", "date"}


def violations(source: str) -> list[str]:
    """Return what in ``source`` is not pure."""
    return [
        f"line {line}: {what}"
        for node in ast.walk(ast.parse(source))
        for line, what in _impure(node)
    ]


def _impure(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Import(names=names):
            yield from ((node.lineno, f"imports {n.name}") for n in names if not _allowed(n.name))
        case ast.ImportFrom(module=str(module)) if not _allowed(module):
            yield node.lineno, f"imports {module}"
        case ast.Name(id=name) if name in FORBIDDEN_NAMES:
            yield node.lineno, f"uses {name}"
        case ast.Call(func=ast.Attribute(attr=clock)) if clock in CLOCKS:
            yield node.lineno, f"calls .{clock}()"
        case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=clock) if (
            owner in CLOCK_TYPES and clock in CLOCKS
        ):
            yield node.lineno, f"passes on {owner}.{clock}"


def _allowed(module: str) -> bool:
    return module in ALLOWED or module.partition(".")[0] in ALLOWED


MODULES = sorted(path for room in PURE for path in (SOURCE / room).glob("**/*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_pure_room_does_no_io(path: Path) -> None:
    assert violations(path.read_text("utf-8")) == []


def test_there_are_pure_rooms_to_look_at() -> None:
    assert {path.relative_to(SOURCE).parts[0] for path in MODULES} >= {"model", "wire"}


@pytest.mark.parametrize(
    "planted",
    [
        "import socket",
        "import os.path",
        "import asyncio as a",
        "from time import time",
        "from random import random",
        "def late():\n    import pathlib",
        "from urllib.request import urlopen",
        "open('x')",
        "reader = open",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime as d\nd.now()",
        "from datetime import date\nfactory = date.today",
        "import datetime\nfactory = datetime.datetime.utcnow",
    ],
)
def test_the_check_finds_a_planted_violation(planted: str) -> None:
    assert violations(planted)


@pytest.mark.parametrize(
    "innocent",
    [
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)",
        "def age(self, now: float):\n    return now - self.now",
        "from urllib.parse import quote",
        "from collections.abc import Mapping",
    ],
)
def test_the_check_lets_pure_code_pass(innocent: str) -> None:
    assert violations(innocent) == []
