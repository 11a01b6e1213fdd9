"""Following the paths of redaction rules into a value, all at once.

A ``State`` is what is left of each path that still leads somewhere.
"""

from __future__ import annotations

import functools
import re

from glasshouse.model.name_patterns import alike

State = frozenset[tuple[str, ...]]
MANY = "**"
_PLAIN = re.compile(r"[a-z_-]{2,}")


def after(state: State, key: str) -> State:
    """Return what is left after the step ``key`` into an object or array."""
    return _kept(state, key) if len(key) <= _LONGEST_KEPT else _after(state, key)


@functools.lru_cache(maxsize=1024)
def accepts(state: State) -> bool:
    """Return whether a path ends here: the value is hidden with everything in it."""
    return any(all(step == MANY for step in path) for path in state)


def may_occur(paths: State, payload: bytes) -> State:
    """Return those of ``paths`` that may lead to something in ``payload``.

    Cheap, even for megabytes: uncertain paths are included.
    """
    sure, unsure = _plain_keys(paths)
    if not sure or _is_spelt(payload):
        return paths
    folded = payload.lower()
    candidates = [path for path, key in sure if key in folded]
    return unsure.union(candidates) if candidates else unsure


@functools.lru_cache(maxsize=1024)
def _plain_keys(paths: State) -> tuple[tuple[tuple[tuple[str, ...], bytes], ...], State]:
    """Return paths with their plain keys, and those that have none."""
    keys = {path: plain_key(path) for path in paths}
    sure = tuple((path, key.encode()) for path, key in keys.items() if key is not None)
    return sure, frozenset(path for path, key in keys.items() if key is None)


def plain_key(path: tuple[str, ...]) -> str | None:
    """Return the key, casefolded, that occurs in every payload in which ``path`` leads somewhere.

    It may be spelled with escapes there, or with ``FOLDED_TO_ASCII``. ``None`` when there is no
    such key.
    """
    last = path[-1].casefold() if len(path) > 1 else ""
    return last if _PLAIN.fullmatch(last) else None


def _is_spelt(payload: bytes) -> bool:
    """Return whether letters may be written in ``payload`` as something other than themselves."""
    # One byte is found many times faster than two, and most payloads contain none of them.
    if b"\\" in payload and b"\\u" in payload and _SPELT.search(payload):
        return True
    if payload.isascii():
        return False
    return any(other[:1] in payload and other in payload for other in FOLDED_TO_ASCII)


FOLDED_TO_ASCII = (
    *(b"\xc3\x9f", b"\xc4\xb0", b"\xc5\x89", b"\xc5\xbf", b"\xc7\xb0"),
    *(b"\xe1\xba", b"\xe2\x84\xaa", b"\xef\xac"),
)
"""Characters that fold to ASCII letters, or the beginnings of their UTF-8."""
# Escapes of every character that may spell a plain key; a test ensures that none is missing.
_SPELT = re.compile(
    rb"\\u(?:00(?:2d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]|df)|0130|0149|01f0|017f"
    rb"|1e9[6-9ae]|212a|fb0[0-6])",
    re.IGNORECASE,
)
_LONGEST_KEPT = 64


@functools.lru_cache(maxsize=4096)
def _kept(state: State, key: str) -> State:
    return _after(state, key)


def _after(state: State, key: str) -> State:
    left: set[tuple[str, ...]] = set()
    todo = list(state)
    while todo:
        path = todo.pop()
        if not path:
            continue
        if path[0] == MANY:
            left.add(path)
            todo.append(path[1:])
        elif alike(path[0], key):
            left.add(path[1:])
    return frozenset(left)
