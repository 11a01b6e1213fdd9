"""The size and shape of modules: small, opened by what they are for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/glasshouse"
MODULES = sorted(SOURCE.glob("**/*.py"))
SCRIPTS = sorted((ROOT / "frontend/src").glob("**/*.ts"))
MOST_LINES = 400
MOST_FUNCTION_LINES = 50
LONG = {
    "cli/demo.py:demo": "its parameters are the table of the command's options",
    "cli/engine.py:engine": "likewise",
    "cli/policy.py:explain": "likewise",
    "storage/migrations/versions/v001_people.py:upgrade": "the tables of a version, one by one",
    "storage/migrations/versions/v003_desk.py:upgrade": "likewise",
    "cli/verify.py:verify": "its parameters are the table of the command's options",
    "engine/info.py:info": "one literal in the shape of Faktory's answer",
}


def long_functions(tree: ast.AST) -> list[str]:
    """Return the names of the functions that are longer than a function should be."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with what it is for"
    assert len(text.splitlines()) <= MOST_LINES
    assert path.stem not in {"utils", "util", "helpers", "misc"}, "name it by its purpose"
    name = path.relative_to(SOURCE)
    assert [long for long in long_functions(tree) if f"{name}:{long}" not in LONG] == []


def test_every_listed_long_function_is_there_and_still_long() -> None:
    for entry in LONG:
        name, function = entry.split(":")
        assert function in long_functions(ast.parse((SOURCE / name).read_text("utf-8")))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_module_of_the_front_end_is_small_too(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(("//", "/*")), "a module opens with what it is for"
    assert len(text.splitlines()) <= MOST_LINES


def test_there_are_modules_to_look_at() -> None:
    assert MODULES
    assert SCRIPTS
