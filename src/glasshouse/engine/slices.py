"""Long work on the event loop, a few milliseconds at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

_SLICE = 0.005
# The number of steps between two checks of the clock, where steps are small.
_STEPS = 50


def in_slices(
    loop: asyncio.AbstractEventLoop,
    work: Iterator[object],
    slice_done: Callable[[], None],
    all_done: Callable[[], None],
    *,
    steps: int = _STEPS,
) -> bool:
    """Step through ``work``; True when one slice was enough.

    Otherwise the loop continues with it: ``slice_done`` is called after each
    slice, ``all_done`` at the end. The clock is checked after every ``steps`` steps.
    """

    def go_on() -> None:
        if step(work, steps):
            all_done()
        else:
            loop.call_soon(go_on)
        slice_done()

    if step(work, steps):
        return True
    loop.call_soon(go_on)
    return False


def step(work: Iterator[object], steps: int = _STEPS) -> bool:
    """Step through ``work`` for a few milliseconds; True when it has ended."""
    until = time.perf_counter() + _SLICE
    while True:
        for _ in range(steps):
            if next(work, work) is work:
                return True
        if time.perf_counter() >= until:
            return False
