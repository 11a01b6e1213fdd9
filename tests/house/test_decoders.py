"""Types that are decoded are made known to msgspec when modules are imported, by one thread.

msgspec builds what it knows of a Struct when it is decoded for the first time; a second
thread that does the same at that moment finds it half made.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/glasshouse"
# Settings are read before there is a second thread; answers of a Faktory are read on the loop.
ALONE = {"settings/file.py", "upstream/faktory_port.py"}
MODULES = [p for p in sorted(SOURCE.glob("**/*.py")) if str(p.relative_to(SOURCE)) not in ALONE]


def first_decodes(tree: ast.AST) -> list[int]:
    """Return the lines that decode a type by its name, whenever they are reached."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "decode"
        and any(word.arg == "type" and isinstance(word.value, ast.Name) for word in node.keywords)
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_type_is_made_known_by_whichever_thread_comes_first(path: Path) -> None:
    assert first_decodes(ast.parse(path.read_text("utf-8"))) == []


def test_one_that_would_be_is_found() -> None:
    assert first_decodes(ast.parse("x = msgspec.json.decode(text, type=Order)")) == [1]
