"""What a record is about, for viewers who see only some servers and queues.

A record names its ``server``, and its ``queue`` or ``queues`` (JSON). One that names a server
and no queue may be about all queues, as an operation that names none may touch them all. One
that names no server is about the console and its people.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_MOST_NAMES, _MOST_TEXT = 50, 1500


class Subject(NamedTuple):
    """A server and those of its queues that a record is about; ``None``: it may be about all."""

    server: str
    queues: tuple[str, ...] | None

    @property
    def key(self) -> str:
        """Its unique key, 32 characters."""
        few = self.queues if self.queues and len(self.queues) <= _MOST_NAMES else None
        return _key(self.server, few)


@functools.lru_cache(maxsize=1024)
def _key(server: str, queues: tuple[str, ...] | None) -> str:
    return hashlib.sha256(f"{server}\n{written(queues)}".encode()).hexdigest()[:32]


def subject_of(detail: Mapping[str, object]) -> Subject | None:
    """Return what a record with this detail is about; ``None``: the console. Never raises."""
    server, queue = detail.get("server"), detail.get("queue")
    if not isinstance(server, str):
        return None
    queues = read(detail.get("queues"))
    if queues is None and "queues" not in detail and isinstance(queue, str) and _is_whole(queue):
        queues = (queue,)
    return Subject(server, queues)


def named(queues: Sequence[str] | None) -> dict[str, str]:
    """Return how a record names the queues that it is about; empty if they are too many."""
    if queues is not None and len(queues) == 1 and _is_whole(queues[0]):
        return {"queue": queues[0]}
    text = written(queues)
    return {"queues": text} if text else {}


def written(queues: Sequence[str] | None) -> str:
    """Return names as a record stores them, in ASCII; empty for all queues or too many."""
    if not queues or len(queues) > _MOST_NAMES:
        return ""
    text = json.dumps(list(queues), separators=(",", ":"))
    return text if len(text) <= _MOST_TEXT else ""


def read(text: object) -> tuple[str, ...] | None:
    """Return names from ``written``; ``None`` for anything else. Never raises."""
    if not isinstance(text, str) or not text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        return None
    return tuple(value)


def _is_whole(name: str) -> bool:
    """Return whether a record stores a name unchanged."""
    if len(name) > _MOST_TEXT:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
