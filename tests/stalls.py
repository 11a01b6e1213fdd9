"""A machine that stands still now and then: ``python -m tests.stalls PID [SEED]``.

Stops the processes below PID, all of them or some, for up to six seconds at a time, about
half of the time, until PID has ended. ``make test ARGS=--stalls`` runs the tests so: one
that fails then depends on how fast the machine is.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_SPANS = (0.2, 0.5, 1.0, 1.0, 2.0, 3.0, 6.0)
_BETWEEN = (0.5, 6.0)


def below(pid: int) -> list[int]:
    """Return a process and all that came from it, but for the one that asks (Linux)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                told = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                parent = int(told.rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def send(pids: Iterable[int], what: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def stall(pid: int, chance: random.Random) -> None:
    """Let processes below ``pid`` stand still now and then until it has ended."""
    while Path(f"/proc/{pid}").exists():
        time.sleep(chance.uniform(*_BETWEEN))
        there = below(pid)
        some = chance.sample(there, max(1, len(there) // 4))
        stopped = there if chance.random() < 0.5 else some
        try:
            send(stopped, signal.SIGSTOP)
            time.sleep(chance.choice(_SPANS))
        finally:
            send(stopped, signal.SIGCONT)


if __name__ == "__main__":
    whose, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    stall(whose, random.Random(seed))
