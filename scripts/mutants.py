"""Mutation testing of rooms in which a small mistake would let somebody in.

Each mutant is one small change in one module: a comparison turned, a condition negated, a
number or word changed, an entry of a table dropped or moved. The tests of the room must
fail for each of them. Tables are changed as well as code, which is why this is a tool of
our own: mutmut changes what is within functions only.

What survives must stand in ``ARGUED`` with the reason why it changes nothing that anybody
could see. Exit 1 if anything else survived, or if something listed there did not.

    python scripts/mutants.py [--room policy] [--only decide.py] [--jobs 2]
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
# The tests of each room, those first that take the least time.
ROOMS = {
    "policy": (
        *(
            "tests/policy/test_roles.py",
            "tests/policy/test_visibility.py",
            "tests/policy/test_decide.py",
        ),
        "tests/policy",
    ),
    "ledger": ("tests/ledger", "tests/storage/test_archive.py"),
}
# Modules of lower rooms on which a room's decisions rest.
BESIDE = {"policy": ("model/name_patterns.py",)}
SECONDS = 180.0

# What is written before and after, and why nobody could tell the difference.
_KINDS = "(ValueError, TypeError, RecursionError)"
ARGUED: dict[tuple[str, str, str], str] = {
    ("verify.py", _KINDS, "(TypeError, ValueError, RecursionError)"): "they are caught alike",
    ("verify.py", _KINDS, "(ValueError, RecursionError, TypeError)"): "they are caught alike",
    (
        "verify.py",
        "isinstance(told, dict) and canonical(told) == body",
        "canonical(told) == body",
    ): "a list is canonical of nothing: the condition is for the type checker",
}

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_NAMES = {"any": "all", "all": "any", "max": "min", "min": "max"}


class Mutant(NamedTuple):
    """One changed module: where, and what was written before and after."""

    module: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, wherever its line goes."""
        return self.module, self.before, self.after


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield each mutant of a module."""
    tree = ast.parse(source)
    for path, node in _places(tree):
        for after in changes(node):
            changed = copy.deepcopy(tree)
            _replace(changed, path, after)
            yield Mutant(
                module,
                getattr(node, "lineno", 0),
                ast.unparse(node),
                ast.unparse(after),
                ast.unparse(ast.fix_missing_locations(changed)),
            )


Path_ = tuple[tuple[str, int | None], ...]


def _places(tree: ast.AST, path: Path_ = ()) -> Iterator[tuple[Path_, ast.AST]]:
    """Yield every node that decides something, with the way to it."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns", "decorator_list", "bases", "keywords"} and not (
            name == "keywords" and isinstance(tree, ast.Call)
        ):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _says_only(child):
                continue
            here = (*path, (name, index if isinstance(value, list) else None))
            yield here, child
            yield from _places(child, here)


def _says_only(node: ast.AST) -> bool:
    """Return whether a node is for people or for types: docstrings, messages, imports."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.JoinedStr):
        return True
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
        # The name of a type.
        return isinstance(node.value.op, ast.BitOr)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"TypeVar", "cast"}
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node could be by a small mistake."""
    for kind, change in _CHANGES.items():
        if isinstance(node, kind):
            yield from change(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        made = copy.deepcopy(node)
        made.ops[index] = _COMPARED[type(operator)]()
        yield made


def _bool(node: ast.BoolOp) -> Iterator[ast.AST]:
    made = copy.deepcopy(node)
    made.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield made
    yield from copy.deepcopy(node.values)


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield copy.deepcopy(node.operand)


def _sum(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _SUMS:
        made = copy.deepcopy(node)
        made.op = _SUMS[type(node.op)]()
        yield made


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(value + "x")
        if value:
            yield ast.Constant("")


def _condition(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    made = copy.deepcopy(node)
    made.test = ast.UnaryOp(ast.Not(), copy.deepcopy(node.test))
    yield made


def _entries(node: ast.Tuple | ast.List | ast.Set) -> Iterator[ast.AST]:
    if isinstance(getattr(node, "ctx", ast.Load()), ast.Store):
        return
    for index in range(len(node.elts)):
        made = copy.deepcopy(node)
        del made.elts[index]
        if made.elts or not isinstance(node, ast.Set):
            yield made
    if isinstance(node, ast.Set):
        # It has no order.
        return
    for index in range(len(node.elts) - 1):
        made = copy.deepcopy(node)
        made.elts[index], made.elts[index + 1] = made.elts[index + 1], made.elts[index]
        yield made


def _table(node: ast.Dict) -> Iterator[ast.AST]:
    for index in range(len(node.keys)):
        made = copy.deepcopy(node)
        del made.keys[index], made.values[index]
        yield made


def _name(node: ast.Name) -> Iterator[ast.AST]:
    if node.id in _NAMES:
        yield ast.Name(_NAMES[node.id], node.ctx)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    """A keyword left out counts only where the call then still is one: a default decides."""
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            made = copy.deepcopy(node)
            del made.keywords[index]
            yield made


_CHANGES: dict[type[ast.AST], Callable[..., Iterator[ast.AST]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.UnaryOp: _unary,
    ast.BinOp: _sum,
    ast.Constant: _constant,
    ast.If: _condition,
    ast.IfExp: _condition,
    ast.While: _condition,
    ast.Tuple: _entries,
    ast.List: _entries,
    ast.Set: _entries,
    ast.Dict: _table,
    ast.Name: _name,
    ast.Call: _call,
}


def _replace(tree: ast.AST, path: Path_, new: ast.AST) -> None:
    node: ast.AST = tree
    for name, index in path[:-1]:
        value = getattr(node, name)
        node = value if index is None else value[index]
    name, index = path[-1]
    if index is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[index] = new


class Bench:
    """A copy of the package in which one module at a time is another."""

    def __init__(self, room: str, tests: tuple[str, ...], folder: Path) -> None:
        """Copy the package to ``folder``."""
        self._tests = tests
        self._folder = folder
        shutil.copytree(
            ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("dist", "__pycache__")
        )
        self._room = folder / "src/glasshouse" / room

    def survives(self, mutant: Mutant) -> bool:
        """Return whether the tests of the room pass although the module is changed."""
        path = self._room / mutant.module
        kept = path.read_text("utf-8")
        path.write_text(mutant.source, "utf-8")
        try:
            return self.passes()
        finally:
            path.write_text(kept, "utf-8")

    def passes(self) -> bool:
        """Return whether the tests of the room pass."""
        env = os.environ | {
            "PYTHONPATH": str(self._folder / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GLASSHOUSE_MUTANT": "1",
        }
        command = [
            *(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"),
            *("-p", "no:xdist", "--hypothesis-seed=1", *self._tests),
        ]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=env, capture_output=True, check=False, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def survivors(found: list[Mutant], room: str, jobs: int, folder: Path) -> list[Mutant]:
    """Return the mutants that no test notices."""
    benches = [Bench(room, ROOMS[room], folder / str(number)) for number in range(jobs)]
    if not benches[0].passes():
        sys.exit("the tests fail although nothing is changed")

    def part(number: int) -> list[Mutant]:
        left = []
        for count, mutant in enumerate(found[number::jobs], start=1):
            if count % 50 == 0:
                print(f"{count * jobs} of {len(found)}", file=sys.stderr, flush=True)
            if benches[number].survives(mutant):
                left.append(mutant)
                argued = "argued" if mutant.key in ARGUED else "SURVIVED"
                where = f"{mutant.module}:{mutant.line}"
                print(f"{argued} {where}: {mutant.before!r} -> {mutant.after!r}", flush=True)
        return left

    with ThreadPoolExecutor(jobs) as pool:
        return [mutant for left in pool.map(part, range(jobs)) for mutant in left]


def main() -> None:
    """Run the mutants of one room or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--room", choices=sorted(ROOMS))
    parser.add_argument("--only", help="one module of the room")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    bad = False
    for room in [asked.room] if asked.room else ROOMS:
        source = ROOT / "src/glasshouse" / room
        paths = sorted(path for path in source.glob("*.py") if path.name != "__init__.py")
        paths += [source.parent / name for name in BESIDE.get(room, ())]
        found = [
            mutant
            for path in paths
            if asked.only in (None, path.name)
            for mutant in mutants(os.path.relpath(path, source), path.read_text("utf-8"))
        ]
        with tempfile.TemporaryDirectory() as folder:
            left = survivors(found, room, asked.jobs, Path(folder))
        new = [mutant for mutant in left if mutant.key not in ARGUED]
        dead = set() if asked.only else set(ARGUED) - {mutant.key for mutant in left}
        print(f"{room}: {len(found)} mutants, {len(left)} survived, {len(left) - len(new)} argued")
        for key in dead:
            print(f"argued for, and did not survive: {key}")
        bad |= bool(new or dead)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
