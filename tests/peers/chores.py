"""What the worker programs of these tests do for a living: ``python PROGRAM URL WID FOLDER``."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def note(folder: str, text: str) -> None:
    """Leave a line for the test to read."""
    with Path(folder, "done").open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def break_down(_folder: str, *_args: Any) -> None:
    """Fail."""
    raise ValueError("broken on purpose")


def hold(folder: str, text: str) -> None:
    """Keep at it until the test says that it may end."""
    Path(folder, "held").touch()
    while not Path(folder, "release").exists():
        time.sleep(0.01)
    note(folder, text)


def chores(folder: str) -> dict[str, Callable[..., None]]:
    """Return what each jobtype does; functions that another process can be sent."""
    return {
        "Note": functools.partial(note, folder),
        "Break": functools.partial(break_down, folder),
        "Hold": functools.partial(hold, folder),
    }
