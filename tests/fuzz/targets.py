"""What is fuzzed: one check an attacked part; each raises ``AssertionError`` when it is wrong.

A check takes any bytes at all. How atheris drives them stands in ``run.py``, how they are
kept alive in ``make test`` in ``test_targets.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import damaged_journal, lines, matching, texts


class Target(NamedTuple):
    """A check, and inputs to begin with."""

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


TARGETS = {
    "connection": Target(lines.check_connection, lines.CONVERSATIONS),
    "commands": Target(lines.check_command, lines.COMMANDS),
    "json": Target(texts.check_json, texts.SEEDS),
    "globs": Target(matching.check_glob, matching.SEEDS),
    "journal": Target(damaged_journal.check_journal, damaged_journal.SEEDS),
}
