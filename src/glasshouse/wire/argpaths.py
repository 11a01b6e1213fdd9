"""Values at a path in decoded JSON, without recursion and in bounded steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

MOST_STEPS = 500_000
_BETWEEN = 1000
"""Steps between two pauses."""
_INDEX = re.compile(r"[0-9]{1,9}")


class PathTooWideError(Exception):
    """A path leads to more places than are examined."""


def values(
    root: object, path: Sequence[str], pause: Callable[[], None] = lambda: None
) -> Iterator[object]:
    """Yield every value at ``path`` that is not a container, in no particular order.

    ``*`` is any one key or index, ``**`` any number of them; a step into an
    array is its index. ``pause`` is called every thousand steps.

    Raises:
        PathTooWideError: more than 500,000 steps would have to be taken.
    """
    todo: list[tuple[object, int]] = [(root, 0)]
    # Only for containers: several ``**`` lead to one place in many ways.
    seen: set[tuple[int, int]] = set()
    for number in range(1, MOST_STEPS + 1):
        if not todo:
            return
        if number % _BETWEEN == 0:
            pause()
        node, step = todo.pop()
        if isinstance(node, dict | list):
            if (id(node), step) in seen:
                continue
            seen.add((id(node), step))
        if step == len(path):
            if not isinstance(node, dict | list):
                yield node
        elif path[step] == "**":
            todo.append((node, step + 1))
            todo.extend((child, step) for child in _children(node, "*"))
        else:
            todo.extend((child, step + 1) for child in _children(node, path[step]))
    raise PathTooWideError


def _children(node: object, key: str) -> Sequence[object]:
    if isinstance(node, dict):
        return list(node.values()) if key == "*" else [node[key]] if key in node else []
    if isinstance(node, list):
        if key == "*":
            return node
        index = int(key) if _INDEX.fullmatch(key) else len(node)
        return node[index : index + 1]
    return ()
