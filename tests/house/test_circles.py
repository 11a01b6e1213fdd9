"""No circle among modules: what a module is made of can be read without coming back to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"


def imports(source: str, modules: frozenset[str]) -> Iterator[str]:
    """Which of ``modules`` a source imports, for its types alone or not, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if (name := whole if whole in modules else node.module) in modules:
                    yield name


def graph(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return what each module imports of the others."""
    modules = frozenset(sources)
    return {name: {*imports(text, modules)} - {name} for name, text in sources.items()}


def _sources() -> dict[str, str]:
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = path.read_text("utf-8")
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    sources = _sources()
    assert len(sources) > 100
    [*TopologicalSorter(graph(sources)).static_order()]


def test_a_planted_circle_is_found() -> None:
    planted = {
        "house.a": "from house import b",
        "house.b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.a import A",
    }
    with pytest.raises(CycleError):
        [*TopologicalSorter(graph(planted)).static_order()]
